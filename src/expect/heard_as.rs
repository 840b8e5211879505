//! Names that a bot's voice pronounces so that a recogniser hears something else.

use super::leniency::HeardAs;
use super::lexicon::lemma;
use crate::facts::{Normalised, Token, normalise};

/// Reads the wordings of every name in `names` that `expected` has as that name.
pub(super) fn apply(heard: &mut Normalised, expected: &Normalised, names: Option<&HeardAs>) {
    for (name, wordings) in names.into_iter().flatten() {
        let name = normalise(name);
        if find(expected.tokens(), name.tokens()).is_none() {
            continue;
        }
        for wording in wordings {
            let wording = normalise(wording);
            let mut from = 0;
            while let Some(at) = find(&heard.tokens()[from..], wording.tokens()).map(|at| from + at) {
                let end = at + wording.tokens().len();
                let span = heard.tokens()[at].span.start..heard.tokens()[end - 1].span.end;
                let read = name.tokens().iter().map(|t| Token { span: span.clone(), ..t.clone() });
                heard.replace(at..end, read.collect());
                from = at + name.tokens().len();
            }
        }
    }
}

fn find(tokens: &[Token], wanted: &[Token]) -> Option<usize> {
    let same = |window: &[Token]| window.iter().zip(wanted).all(|(a, b)| a.same(b) || lemma(&a.text) == lemma(&b.text));
    if wanted.is_empty() { None } else { tokens.windows(wanted.len()).position(same) }
}

#[cfg(test)]
mod tests {
    use super::super::{HeardAs, Leniency, Matcher};

    #[test]
    fn a_name_may_be_heard_as_what_the_scenario_says() {
        let names = HeardAs::from([("Xiomara".to_owned(), vec!["Zumar".to_owned(), "the Amara".to_owned()])]);
        let leniency = Leniency { heard_as: Some(&names), ..Leniency::default() };
        let says = Matcher::Says("You are booked with Xiomara on Tuesday.".to_owned());
        assert!(says.judge("You are booked with Zumar on Tuesday.", &leniency).met);
        assert!(says.judge("you are booked with the amara on tuesday", &leniency).met);
        assert!(!says.judge("You are booked with Maria on Tuesday.", &leniency).met);
        assert!(!says.judge("You are booked with Zumar on Tuesday.", &Leniency::default()).met);
        let other = Matcher::Says("You are booked with Zumar.".to_owned());
        assert!(other.judge("You are booked with Zumar.", &leniency).met);
        assert!(Matcher::Contains(vec!["Xiomara".to_owned()]).judge("It is the Amara here.", &leniency).met);
    }
}
