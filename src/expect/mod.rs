//! Judging what a bot said: matchers, word diff and word error rate.
//!
//! Pure: text in, verdict out. No I/O, no clock, no panic on any input.
//!
//! Everything rests on [`crate::facts`], which turns two ways of writing the same thing ("3 PM", "three
//! p.m.", "15:00") into the same tokens. A [`Matcher`] then judges a transcript. The fuzzy ones forgive
//! what a recogniser gets wrong, never a different *fact*: a number, amount, code, date,
//! time, weekday, or a lost or added "not". Whether a word was misheard the audio decides; see [`Leniency`].

mod address;
mod align;
mod bag;
mod compat;
mod contains;
mod diff;
mod error_rate;
mod gap;
mod heard_as;
mod judgement;
mod leniency;
mod lexicon;
mod likeness;
mod matcher;
mod pattern;
mod roles;
mod says;
mod similar_to;
mod sound;

#[cfg(test)]
mod recogniser_tests;
#[cfg(test)]
mod says_tests;

pub use address::same_address;
pub use diff::{render_diff, word_diff};
pub use error_rate::word_error_rate;
pub use judgement::Judgement;
pub use leniency::{Doubt, Ear, Fit, HeardAs, Leniency};
pub use matcher::Matcher;
pub use pattern::{Pattern, PatternError, capture};
