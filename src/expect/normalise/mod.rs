//! Text to canonical tokens: case, punctuation, contractions, numbers, money, times, dates, codes.
//!
//! ```text
//! text --scan--> lexemes --expand, mend--> lexemes --rules, left to right--> tokens
//! ```
//! At every place the first rule that fits wins: address, date, money, time, percentage, ordinal,
//! run of figures and letters, word.
//!
//! Ambiguities, and what is done about them:
//! - "three thirty" is a clock time whose half of the day is unknown (`time:03:30?`), as is "3:30". It is
//!   not `time:15:30`, but matchers hold the two compatible. 13:00 and later, and 0:xx, are known.
//! - Figures read one by one or in groups are one number: "forty eight twenty nine" is `num:4829`.
//! - A run of letters and figures is a code: "B seven K four" is `code:b7k4`. Two or more letters at
//!   either end stand for themselves, so that "UA 2317", "UA2317" and "U A two three one seven" agree.
//! - "oh" and "o" among figures are zero.
//! - "a" and "I" begin or end a code only when glued to it, or (for "A") when written as a capital.
//! - Full stops that stand inside a fact ("B. Seven. K. Four.") are taken out first; see [`pauses`].
//! - "3/14" is month, day; "14/3" day, month.
//! - "one" is the number 1, also where it is a pronoun; matchers treat "the earliest one" with care.

mod address;
mod clock;
mod date;
mod found;
mod lexeme;
mod money;
mod number;
mod ordinal;
mod pauses;
mod render;
mod rules;
mod run;
mod token;
mod units;
mod words;

#[cfg(test)]
mod pause_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod table_tests;

pub(super) use render::Style;
pub use rules::normalise;
pub(super) use rules::normalise_heard;
pub use token::{Kind, Normalised};
