//! `similar`: a near-verbatim paraphrase, words and clauses in any order.
//!
//! Not a judge of meaning: "your package is on its way" is not similar to "your order has shipped".
//! Every fact of the expected text must be heard, in its place among facts of its sort; another fact of the same sort, a lost or
//! added negation or doubt ("might", "almost"), or an opposite fails. Facts of other sorts may be added.

use super::align::{Class, Pair, Side};
use super::bag::pair_up;
use super::compat::same_sort;
use super::heard_as;
use super::judgement::Judgement;
use super::leniency::{Doubt, Ear, Leniency};
use super::lexicon::{is_negation, is_qualifier, opposed};
use super::likeness::likeness;
use super::roles::{exchanged, replaced};
use super::says;
use crate::facts::normalise_pair;

/// Least score.
pub(super) const THRESHOLD: f64 = 0.6;
/// What the part of the expected words that were heard weighs, against the part of the heard words
/// that were expected.
const RECALL_SHARE: f64 = 0.65;
/// The same for an expected text of at most [`SHORT`] words of meaning, which a long reply has by chance.
const SHORT_RECALL_SHARE: f64 = 0.4;
const SHORT: usize = 2;

pub(super) fn judge(expected: &str, heard: &str, leniency: &Leniency<'_>) -> Judgement {
    let (expected, mut heard) = normalise_pair(expected, heard);
    heard_as::apply(&mut heard, &expected, leniency.heard_as);
    if expected.tokens().is_empty() || heard.tokens().is_empty() {
        return Judgement::of_nothing(&expected, &heard);
    }
    if !matches!(leniency.ear, Ear::Strict) {
        let verbatim = says::compare(&expected, &heard, Ear::Text);
        if verbatim.met {
            return verbatim;
        }
    }
    let (mut expected, mut heard) = (Side::new(&expected), Side::new(&heard));
    if !expected.has_meaning() {
        expected.promote_fillers(|_| true);
        heard.promote_fillers(|_| true);
    }
    let mut pairs = pair_up(&expected, &heard);
    let names = match lost_names(&expected, &heard, &mut pairs, leniency.ear) {
        Ok(open) => open,
        Err(reason) => return Judgement::new(false, score(&expected, &heard, &pairs), reason),
    };
    let score = score(&expected, &heard, &pairs);
    if let Some(reason) = fault(&expected, &heard, &pairs) {
        return Judgement::new(false, score, reason);
    }
    let kept = keeps_the_meaning(&expected, &pairs);
    let met = kept && score >= THRESHOLD;
    let reason = if met {
        format!("similarity {score:.2}")
    } else if !kept {
        "half of the expected words or fewer were heard".to_owned()
    } else {
        format!("too few words in common: similarity {score:.2} is below {THRESHOLD:.2}")
    };
    if met && !names.is_empty() {
        let reason = format!("`{}` was expected but not heard", names[0].expected);
        return Judgement { doubts: names, ..Judgement::new(false, score, reason) };
    }
    Judgement::new(met, score, reason)
}

/// Every name must be heard. What stands in its place may be it, misheard, if the audio allows it; such names are added to `pairs`.
/// Returns what the audio is to be asked, or the fault.
fn lost_names(expected: &Side, heard: &Side, pairs: &mut Vec<Pair>, ear: Ear<'_>) -> Result<Vec<Doubt>, String> {
    let mut open = Vec::new();
    let name = |i: &usize| expected.classes[*i] == Class::Name && expected.text.word(*i).is_some();
    let lost: Vec<usize> = (0..expected.classes.len()).filter(name).filter(|i| !pairs.iter().any(|p| p.expected == *i)).collect();
    for i in lost {
        let free = (0..heard.classes.len()).filter(|j| heard.classes[*j].is_meaning() && !pairs.iter().any(|p| p.heard == *j));
        let alike = |j: &usize| likeness(expected.token(i), heard.token(*j));
        let Some(j) = free.max_by(|a, b| alike(a).total_cmp(&alike(b))) else {
            return Err(format!("{} was expected but not heard", expected.quote(i)));
        };
        let instead = format!("heard {} where {} was expected", heard.quote(j), expected.quote(i));
        let Ear::Audio(answer) = ear else { return Err(instead) };
        let doubt = Doubt { heard: heard.bytes(&[j]), expected: expected.words(&[i]).to_owned() };
        match answer(&doubt) {
            Some(fit) if !fit.allows() => return Err(format!("{instead}; {}", fit.in_words(&doubt.expected, heard.words(&[j])))),
            Some(_) => {}
            None => open.push(doubt),
        }
        pairs.push(Pair { expected: i, heard: j, fit: 0.9 });
    }
    Ok(open)
}

fn score(expected: &Side, heard: &Side, pairs: &[Pair]) -> f64 {
    let found: f64 = pairs.iter().map(|p| expected.weight(p.expected) * p.fit).sum();
    let wanted: f64 = pairs.iter().map(|p| heard.weight(p.heard) * p.fit).sum();
    let recall = found / expected.total().max(f64::MIN_POSITIVE);
    let precision = wanted / heard.total().max(f64::MIN_POSITIVE);
    let meaning = expected.classes.iter().filter(|c| c.carries()).count();
    let share = if meaning <= SHORT { SHORT_RECALL_SHARE } else { RECALL_SHARE };
    // The sum of nothing is minus zero, which would be shown as such.
    (share * recall + (1.0 - share) * precision).clamp(0.0, 1.0) + 0.0
}

/// More than half of what the expected text says, small words aside, was heard.
fn keeps_the_meaning(expected: &Side, pairs: &[Pair]) -> bool {
    let carries = |i: &usize| expected.classes[*i].carries();
    let total: f64 = (0..expected.classes.len()).filter(carries).map(|i| expected.weight(i)).sum();
    let heard: f64 = pairs.iter().filter(|p| carries(&p.expected)).map(|p| expected.weight(p.expected)).sum();
    heard > total / 2.0 || total == 0.0
}

fn fault(expected: &Side, heard: &Side, pairs: &[Pair]) -> Option<String> {
    let lost: Vec<usize> = (0..expected.classes.len()).filter(|i| !pairs.iter().any(|p| p.expected == *i)).collect();
    let added: Vec<usize> = (0..heard.classes.len()).filter(|j| !pairs.iter().any(|p| p.heard == *j)).collect();
    let instead = |i: usize, j: usize| format!("heard {} where {} was expected", heard.quote(j), expected.quote(i));
    let qualifies = |side: &Side, i: usize| side.text.word(i).is_some_and(is_qualifier);
    if let Some(&i) = lost.iter().find(|i| expected.classes[**i] == Class::Fact || qualifies(expected, **i)) {
        let other = added.iter().find(|j| same_sort(expected.text, i, heard.text, **j) && expected.classes[i] == Class::Fact);
        return Some(match other {
            Some(&j) => instead(i, j),
            None => format!("{} was expected but not heard", expected.quote(i)),
        });
    }
    if let Some(&j) = added.iter().find(|j| contradicts(expected, heard, **j) || qualifies(heard, **j)) {
        return Some(format!("heard {}, which was not expected", heard.quote(j)));
    }
    let opposite =
        lost.iter().flat_map(|i| added.iter().map(move |j| (*i, *j))).find(|(i, j)| opposed(expected.token(*i), heard.token(*j)));
    if let Some((i, j)) = opposite {
        return Some(instead(i, j));
    }
    if let Some((i, j)) = replaced(expected, heard, pairs) {
        return Some(instead(i, j));
    }
    exchanged(expected, heard, pairs).map(|j| format!("{} was heard in another place", heard.quote(j)))
}

/// An added fact: a negation always, any other when the expected text has one of its sort.
fn contradicts(expected: &Side, heard: &Side, j: usize) -> bool {
    if heard.classes[j] != Class::Fact {
        return false;
    }
    heard.text.word(j).is_some_and(is_negation)
        || (0..expected.classes.len()).any(|i| expected.classes[i] == Class::Fact && same_sort(expected.text, i, heard.text, j))
}
