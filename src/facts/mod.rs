//! Text to typed facts: words, numbers, money, times, dates, codes, addresses, however they were written or said.
//!
//! ```text
//! text --scan--> lexemes --expand, mend--> lexemes --rules, left to right--> tokens --join--> tokens
//! ```
//! At every place the first rule that fits wins: address, sign, date, money, time, quantity, percentage, decade, ordinal, range,
//! run of figures and letters, word. [`normalise_pair`] reads two texts with regard to one another.
//!
//! Ambiguities, and what is done about them:
//! - "three thirty" is a clock time whose half of the day is unknown (`time:03:30?`), as is "3:30". It is
//!   not `time:15:30`, but matchers hold the two compatible. 13:00 and later, and 0:xx, are known.
//! - Figures read one by one or in groups are one number: "forty eight twenty nine" is `num:4829`.
//! - Two numbers with a mark between are taken apart: "5-7" is 5 to 7, "120/80" 120 over 80, "3:1" 3 to 1.
//! - "3/4" is a fraction and may be a date; "9/27" is a date. A [`Token`] keeps what else it may stand for.
//! - A run of letters and figures is a code: "B seven K four" is `code:b7k4`. Two or more letters at
//!   either end stand for themselves, so that "UA 2317", "UA2317" and "U A two three one seven" agree.
//! - "oh" and "o" among figures are zero.
//! - "a" and "I" begin or end a code only when glued to it, or (for "A") when written as a capital.
//! - Full stops that stand inside a fact ("B. Seven. K. Four.") are taken out first; see [`pauses`].
//! - "3/14" is month, day; "14/3" day, month.
//! - "one" is the number 1, also where it is a pronoun; matchers treat "the earliest one" with care.
//! - "five pounds" is an amount, also where it is a weight.

mod address;
mod cardinal;
mod clean;
mod clock;
mod date;
mod decade;
mod found;
mod fraction;
mod joined;
mod lexeme;
mod money;
mod number;
mod ordinal;
mod pair;
mod pauses;
mod quantity;
mod ratio;
mod render;
mod rules;
mod run;
mod sign;
mod spelled;
mod spelling;
mod token;
mod units;
mod words;

#[cfg(test)]
mod pause_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod table_tests;

pub use pair::normalise_pair;
pub use render::Style;
pub use rules::normalise;
pub use token::{Kind, Normalised, Token};
pub use units::unit_name;
