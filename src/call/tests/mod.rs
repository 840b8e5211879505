//! Whole calls in virtual time.

mod barge_in;
mod call_log;
mod ear;
mod endings;
mod lags;
mod properties;
mod silence;
mod simulation;
mod timeline;
mod transfers;
mod turns;
