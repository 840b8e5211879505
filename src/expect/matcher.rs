//! What a reply is held against.

use super::judgement::Judgement;
use super::leniency::{Doubt, Leniency};
use super::pattern::Pattern;
use super::{contains, pattern, says, similar_to};
use crate::facts::normalise_pair;

/// An expectation of what is said.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// The whole reply. Forgives fillers, names and small words misheard; never another fact.
    Says(String),
    /// Every phrase somewhere in the reply, whole words.
    Contains(Vec<String>),
    /// A regular expression, on the text as heard and on it with facts as figures.
    Matches(Pattern),
    /// The whole reply, equal after normalisation.
    Exact(String),
    /// A near-verbatim paraphrase, words in any order, more facts allowed.
    Similar(String),
    /// Every one of these.
    All(Vec<Matcher>),
    /// At least one of these.
    Any(Vec<Matcher>),
}

impl Matcher {
    /// Judges what was heard.
    pub fn judge(&self, heard: &str, leniency: &Leniency<'_>) -> Judgement {
        match self {
            Matcher::Says(text) => says::judge(text, heard, leniency),
            Matcher::Contains(phrases) => contains::judge(phrases, heard, leniency),
            Matcher::Matches(pattern) => pattern::judge(pattern, heard),
            Matcher::Exact(text) => exact(text, heard),
            Matcher::Similar(text) => similar_to::judge(text, heard, leniency),
            Matcher::All(matchers) => all(matchers, heard, leniency),
            Matcher::Any(matchers) => any(matchers, heard, leniency),
        }
    }

    /// One line for reports: `contains "appointment" and "which day"`.
    pub fn describe(&self) -> String {
        match self {
            Matcher::Says(text) => format!("says {text:?}"),
            Matcher::Contains(phrases) => {
                let quoted: Vec<String> = phrases.iter().map(|p| format!("{p:?}")).collect();
                format!("contains {}", quoted.join(" and "))
            }
            Matcher::Matches(pattern) => format!("matches /{}/", pattern.as_str()),
            Matcher::Exact(text) => format!("says exactly {text:?}"),
            Matcher::Similar(text) => format!("says something like {text:?}"),
            Matcher::All(matchers) => format!("all of: {}", list(matchers)),
            Matcher::Any(matchers) => format!("any of: {}", list(matchers)),
        }
    }
}

fn list(matchers: &[Matcher]) -> String {
    matchers.iter().map(Matcher::describe).collect::<Vec<_>>().join("; ")
}

fn exact(text: &str, heard: &str) -> Judgement {
    let (expected, heard) = normalise_pair(text, heard);
    let met = expected.same(&heard);
    Judgement::without_score(met, if met { "equal" } else { "the wording differs" })
}

/// Met when every one is; none at all is met. The score is the lowest.
fn all(matchers: &[Matcher], heard: &str, leniency: &Leniency<'_>) -> Judgement {
    let judged: Vec<Judgement> = matchers.iter().map(|m| m.judge(heard, leniency)).collect();
    let failed: Vec<&str> = judged.iter().filter(|j| !j.met).map(|j| j.reason.as_str()).collect();
    Judgement {
        met: failed.is_empty(),
        score: judged.iter().filter_map(|j| j.score).min_by(f64::total_cmp),
        reason: if failed.is_empty() { "all are met".to_owned() } else { failed.join("; ") },
        doubts: open_doubts(&judged),
    }
}

/// The doubts of those that are not met, unless one of them fails whatever the audio says.
fn open_doubts(judged: &[Judgement]) -> Vec<Doubt> {
    let open: Vec<&Judgement> = judged.iter().filter(|judgement| !judgement.met).collect();
    if open.iter().any(|judgement| judgement.doubts.is_empty()) {
        return Vec::new();
    }
    open.into_iter().flat_map(|judgement| judgement.doubts.clone()).collect()
}

/// Met when one is; none at all is not met. The score is the highest.
fn any(matchers: &[Matcher], heard: &str, leniency: &Leniency<'_>) -> Judgement {
    let judged: Vec<Judgement> = matchers.iter().map(|m| m.judge(heard, leniency)).collect();
    let best = judged.iter().filter_map(|j| j.score).max_by(f64::total_cmp);
    if let Some(met) = judged.iter().find(|j| j.met) {
        return Judgement { score: met.score.or(best), ..met.clone() };
    }
    let reasons: Vec<&str> = judged.iter().map(|j| j.reason.as_str()).collect();
    let reason = if reasons.is_empty() { "there is nothing to choose from".to_owned() } else { reasons.join("; ") };
    let doubts = judged.into_iter().flat_map(|judgement| judgement.doubts).collect();
    Judgement { met: false, score: best, reason, doubts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> Matcher {
        Matcher::Says(text.to_owned())
    }

    #[test]
    fn describes_itself_on_one_line() {
        let matcher = Matcher::Any(vec![
            says("Thanks for calling"),
            Matcher::Contains(vec!["appointment".into(), "which day".into()]),
            Matcher::Matches(Pattern::new(r"\d+").unwrap()),
        ]);
        assert_eq!(matcher.describe(), r#"any of: says "Thanks for calling"; contains "appointment" and "which day"; matches /\d+/"#);
    }

    #[test]
    fn all_and_any_combine() {
        let (yes, no) = (says("Goodbye"), says("Good morning to you"));
        assert!(Matcher::All(vec![yes.clone(), yes.clone()]).judge("Good-bye.", &Leniency::default()).met);
        assert!(!Matcher::All(vec![yes.clone(), no.clone()]).judge("Good-bye.", &Leniency::default()).met);
        assert!(Matcher::Any(vec![no.clone(), yes]).judge("Good-bye.", &Leniency::default()).met);
        let failed = Matcher::Any(vec![no]).judge("Good-bye.", &Leniency::default());
        assert_eq!((failed.met, failed.reason.as_str()), (false, "`morning` was expected but not heard"));
        assert!(Matcher::All(vec![]).judge("", &Leniency::default()).met && !Matcher::Any(vec![]).judge("", &Leniency::default()).met);
    }

    #[test]
    fn exact_forgives_writing_only() {
        let exact = Matcher::Exact("Tuesday at 3 PM.".into());
        assert!(exact.judge("tuesday at three p.m.", &Leniency::default()).met);
        assert!(!exact.judge("um tuesday at three p.m.", &Leniency::default()).met);
        assert!(!exact.judge("tuesday at three", &Leniency::default()).met);
    }
}
