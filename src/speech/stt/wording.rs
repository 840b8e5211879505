//! What to score in order to compare an expected wording with the one that was heard.

use super::tokenizer::Tokenizer;
use crate::expect::{Doubt, Fit};

/// A heard text and the texts that differ from it in the doubtful words only, as tokens.
#[derive(Debug, PartialEq)]
pub(super) struct Wordings {
    pub heard: Vec<u32>,
    /// The expected words in the ways that a recogniser may write them.
    pub expected: Vec<Vec<u32>>,
}

impl Wordings {
    /// `tokens` are those that the recogniser wrote, and the doubt's range lies in their text. `None` where the range is empty or
    /// not in the text.
    pub fn new(tokenizer: &Tokenizer, tokens: &[u32], doubt: &Doubt) -> Option<Self> {
        let text = tokenizer.decode(tokens);
        let place = Place::find(&text, doubt)?;
        // Rarely the recogniser cuts a word in another way than its own vocabulary does.
        let written = Self::around(tokenizer, tokens, &place);
        written.or_else(|| Self::around(tokenizer, &tokenizer.encode(&text), &place))
    }

    /// The tokens before and after the words stay as they are; `None` where no token begins or ends there.
    fn around(tokenizer: &Tokenizer, tokens: &[u32], place: &Place) -> Option<Self> {
        let ends = tokenizer.ends(tokens)?;
        // The first word has a space before it, which the text has not.
        let from = if place.start == 0 { 0 } else { ends.iter().position(|end| *end == place.start)? + 1 };
        let to = ends.iter().position(|end| *end == place.end + 1)? + 1;
        let (before, after) = (tokens.get(..from)?, tokens.get(to..)?);
        let spelled = place.spellings.iter().map(|words| [before, &tokenizer.encode(words), after].concat());
        Some(Self { heard: tokens.to_vec(), expected: spelled.collect() })
    }
}

/// The doubtful words in their text, with what is written to them without a space.
struct Place {
    /// Bytes of the text.
    start: usize,
    end: usize,
    spellings: Vec<String>,
}

impl Place {
    fn find(text: &str, doubt: &Doubt) -> Option<Self> {
        let is_mark = |c: char| !c.is_alphanumeric();
        let words = text.get(doubt.heard.clone())?;
        let first = doubt.heard.start + (words.len() - words.trim_start_matches(is_mark).len());
        let last = first + words.trim_matches(is_mark).len();
        if first == last {
            return None;
        }
        let start = text.get(..first)?.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let end = text.get(last..)?.find(char::is_whitespace).map_or(text.len(), |at| last + at);
        let (before, after) = (text.get(start..first)?, text.get(last..end)?);
        let sentence = text.get(..start)?.trim_end();
        let begins = sentence.is_empty() || sentence.ends_with(['.', '!', '?']);
        let mut spellings: Vec<String> = spellings(&doubt.expected).into();
        if begins {
            spellings = spellings.iter().map(|words| capital(words)).collect();
        }
        spellings.sort();
        spellings.dedup();
        spellings = spellings.iter().map(|words| format!("{before}{words}{after}")).collect();
        Some(Self { start, end, spellings })
    }
}

/// As written, in lower case, and with capitals; without the marks around each word.
fn spellings(expected: &str) -> [String; 3] {
    let bare: Vec<&str> =
        expected.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty()).collect();
    let capitals: Vec<String> = bare.iter().map(|word| capital(word)).collect();
    let written = bare.join(" ");
    let lower = written.to_lowercase();
    [written, lower, capitals.join(" ")]
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A doubt about several words as doubts about one each, where there are as many heard as expected: in a long stretch a wrong word
/// hides behind misheard ones.
pub(super) fn word_by_word(text: &str, doubt: &Doubt) -> Vec<Doubt> {
    let whole = || vec![doubt.clone()];
    let Some(heard) = text.get(doubt.heard.clone()) else { return whole() };
    let (was, wanted): (Vec<&str>, Vec<&str>) = (heard.split_whitespace().collect(), doubt.expected.split_whitespace().collect());
    if was.len() != wanted.len() || was.len() < 2 {
        return whole();
    }
    let mut from = doubt.heard.start;
    let mut doubts = Vec::new();
    for (was, wanted) in was.iter().zip(&wanted) {
        let Some(start) = text.get(from..).and_then(|rest| rest.find(was)).map(|at| from + at) else { return whole() };
        from = start + was.len();
        if bare(was) != bare(wanted) {
            doubts.push(Doubt { heard: start..from, expected: (*wanted).to_owned() });
        }
    }
    if doubts.is_empty() { whole() } else { doubts }
}

fn bare(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The tokens of a wording, and the log-probability of each and of the end token.
pub(super) type Scored<'a> = (&'a [u32], &'a [f64]);

/// How well the audio fits the best of the expected wordings.
pub(super) fn fit(heard: Scored<'_>, expected: &[Scored<'_>]) -> Option<Fit> {
    let sum = |scored: &Scored<'_>| scored.1.iter().sum::<f64>();
    let best = expected.iter().max_by(|a, b| sum(a).total_cmp(&sum(b)))?;
    let start = heard.0.iter().zip(best.0).take_while(|(a, b)| a == b).count();
    let rest = |tokens: &[u32]| tokens.len() - start;
    let tails = heard.0.iter().rev().zip(best.0.iter().rev());
    let same = tails.take_while(|(a, b)| a == b).count().min(rest(heard.0)).min(rest(best.0));
    // Rare names cost more tokens, and each of them something: only the mean can be compared.
    let differing = rest(heard.0).max(rest(best.0)) - same;
    let advantage = (sum(best) - sum(&heard)) / differing.max(1) as f64;
    // The token after the words counts: it says whether they are complete.
    let span = heard.1.get(start..=heard.0.len() - same)?;
    let confidence = (span.iter().sum::<f64>() / span.len() as f64).exp();
    let known = advantage.is_finite() && confidence.is_finite();
    known.then_some(Fit { advantage, confidence })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt(text: &str, words: &str, expected: &str) -> Doubt {
        let start = text.find(words).unwrap();
        Doubt { heard: start..start + words.len(), expected: expected.to_owned() }
    }

    fn place(text: &str, words: &str, expected: &str) -> Option<(String, Vec<String>)> {
        Place::find(text, &doubt(text, words, expected)).map(|place| (text[place.start..place.end].to_owned(), place.spellings))
    }

    #[test]
    fn the_marks_of_what_was_heard_stay() {
        let found = |words: &str, spellings: &[&str]| Some((words.to_owned(), spellings.iter().map(|s| (*s).to_owned()).collect()));
        assert_eq!(place("I live in Austin, sir.", "Austin", "Boston"), found("Austin,", &["Boston,", "boston,"]));
        assert_eq!(place("I live in Austin, sir.", "Austin,", "\"Boston.\""), found("Austin,", &["Boston,", "boston,"]));
        assert_eq!(place("The op-in called.", "The op-in", "Siobhan"), found("The op-in", &["Siobhan"]));
        assert_eq!(place("Hi. austin-based firms", "austin", "new york"), found("austin-based", &["New York-based", "New york-based"]));
        assert_eq!(place("So ...", "...", "Boston"), None);
        assert_eq!(Place::find("Hi", &Doubt { heard: 1..9, expected: "Ho".to_owned() }).map(|place| place.start), None);
    }

    #[test]
    fn as_many_words_are_asked_about_one_by_one() {
        let split = |text: &str, heard: &str, expected: &str| -> Vec<String> {
            let doubts = word_by_word(text, &doubt(text, heard, expected));
            doubts.iter().map(|doubt| format!("{}/{}", &text[doubt.heard.clone()], doubt.expected)).collect()
        };
        let text = "The order is for Priyanka sub-remanian.";
        assert_eq!(split(text, "Priyanka sub-remanian.", "Bianca Subramanian."), ["Priyanka/Bianca", "sub-remanian./Subramanian."]);
        assert_eq!(split(text, "for Priyanka", "for Bianca"), ["Priyanka/Bianca"]);
        assert_eq!(split(text, "for Priyanka", "Bianca"), ["for Priyanka/Bianca"]);
        assert_eq!(split(text, "is for", "is for"), ["is for/is for"]);
    }

    #[test]
    fn a_fit_counts_the_tokens_that_differ() {
        let heard = ([7, 8, 9], [-0.1, -2.0, -0.2, -0.1]);
        let worse = ([7, 5, 5, 9], [-0.1, -4.0, -5.0, -0.4, -0.1]);
        let better = ([7, 6, 6, 9], [-0.1, -3.0, -1.0, -0.2, -0.1]);
        let found = fit((&heard.0, &heard.1), &[(&worse.0, &worse.1), (&better.0, &better.1)]).unwrap();
        assert!((found.advantage - (-4.4 - -2.4) / 2.0).abs() < 1e-9, "{found:?}");
        assert!((found.confidence - (-1.1f64).exp()).abs() < 1e-9, "{found:?}");
        assert_eq!(fit((&heard.0, &heard.1), &[]), None);
        // A word too many: nothing of the heard wording differs but where it goes on.
        let longer = fit((&heard.0, &heard.1), &[(&[7, 8, 8, 9], &[-0.1, -2.0, -1.0, -0.2, -0.1])]).unwrap();
        assert!((longer.advantage - -1.0).abs() < 1e-9, "{longer:?}");
    }
}
