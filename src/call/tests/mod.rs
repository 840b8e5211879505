//! Whole calls in virtual time.

mod barge_in;
mod endings;
mod lags;
mod properties;
mod purity;
mod silence;
mod simulation;
mod story;
mod timeline;
mod transfers;
mod turns;
