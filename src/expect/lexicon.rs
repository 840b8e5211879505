//! Words that matter in judging: negations, moments, opposites, fillers, small words.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::facts::unit_name;

/// A word that turns a statement round. Contractions are expanded before this is asked.
pub(super) fn is_negation(word: &str) -> bool {
    #[rustfmt::skip]
    const ELSEWHERE: &[&str] = &["nicht", "kein", "keine", "keinen", "nein", "nie", "pas", "jamais", "nao", "nunca", "नहीं", "不", "没"];
    if ELSEWHERE.contains(&word) {
        return true;
    }
    matches!(
        word,
        "not"
            | "no"
            | "never"
            | "nobody"
            | "none"
            | "nothing"
            | "neither"
            | "nor"
            | "without"
            | "nope"
            | "nah"
            | "nowhere"
            | "hardly"
            | "barely"
            | "scarcely"
            | "rarely"
            | "seldom"
            | "unless"
            | "except"
    )
}

/// A word that makes a statement less, or less sure; lost or added it changes what is said.
pub(super) fn is_qualifier(word: &str) -> bool {
    #[rustfmt::skip]
    const QUALIFIERS: &[&str] = &[
        "might", "may", "must", "should", "only", "almost", "nearly", "partly", "partially", "temporarily", "maybe", "perhaps", "possibly",
        "probably", "less", "fail", "failed", "unable", "half", "some", "think", "hope", "each", "ago", "kidding", "joke", "joking", "mistake",
        "mistaken", "mistakenly", "wrong", "wrongly", "incorrectly",
    ];
    QUALIFIERS.contains(&word)
}

/// A person of the dialogue.
pub(super) fn is_person(word: &str) -> bool {
    matches!(word, "i" | "you" | "we" | "he" | "she" | "they" | "me" | "us" | "him" | "her" | "them")
}

/// Words that `similar` takes for one another.
pub(super) fn synonyms(a: &str, b: &str) -> bool {
    #[rustfmt::skip]
    const SYNONYMS: &[&str] = &[
        "like want wish prefer", "help assist", "speak talk", "hold wait", "issue problem", "start begin", "starts begins", "end finish",
        "buy purchase", "need require", "get receive", "got received", "shipped dispatched sent", "booked reserved scheduled", "call phone ring",
        "give tell provide", "assist help", "fix repair", "choose select pick", "moment minute second", "correct right", "large big",
        "quick fast", "also too", "order purchase", "connect transfer put", "set arranged",
    ];
    SYNONYMS.iter().any(|line| {
        let has = |word: &str| line.split(' ').any(|w| w == word);
        has(a) && has(b)
    })
}

const MOMENTS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tomorrow",
    "tonight",
    "yesterday",
    "morning",
    "afternoon",
    "evening",
    "weekday",
    "weekend",
];

/// A weekday or a part of the day or week, in the singular.
pub(super) fn moment(word: &str) -> Option<&'static str> {
    let singular = word.strip_suffix('s').unwrap_or(word);
    MOMENTS.iter().copied().find(|m| *m == word || *m == singular)
}

/// Sounds and courtesies that carry nothing wherever they stand; a recogniser drops and invents them.
pub(super) fn is_filler(word: &str) -> bool {
    #[rustfmt::skip]
    const FILLERS: &[&str] = &[
        "um", "uh", "er", "erm", "hmm", "mm", "ah", "please", "ok", "alright", "thank", "thanks", "hi", "hello", "hey", "kindly", "sir", "madam",
    ];
    FILLERS.contains(&word)
}

/// Words that carry nothing at the beginning of a sentence: "Sure, ...", "Well, ...".
pub(super) fn opens(word: &str) -> bool {
    #[rustfmt::skip]
    const OPENERS: &[&str] = &[
        "oh", "well", "great", "sure", "certainly", "absolutely", "right", "perfect", "excellent", "wonderful", "actually", "so", "now",
    ];
    OPENERS.contains(&word)
}

/// Articles: recognisers drop and exchange them.
pub(super) fn is_article(word: &str) -> bool {
    matches!(word, "a" | "an" | "the")
}

const SMALL_WORDS: &[&str] = &[
    "a", "an", "the", "is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "has", "have", "had", "will", "would", "can",
    "could", "shall", "should", "may", "might", "must", "of", "to", "for", "in", "on", "at", "by", "with", "from", "and", "or", "but",
    "if", "that", "this", "these", "those", "it", "its", "i", "you", "we", "they", "he", "she", "me", "my", "your", "our", "us", "them",
    "as", "there", "here", "so", "just", "now", "then", "what", "which", "up", "out", "off", "into", "than",
];

/// A word of grammar rather than of meaning.
pub(super) fn is_small(word: &str) -> bool {
    SMALL_WORDS.contains(&word)
}

/// The word under which others of the same sense are compared.
pub(super) fn lemma(word: &str) -> &str {
    match word {
        "yeah" | "yep" | "yup" | "yes" => "yes",
        "nope" | "nah" => "no",
        "hi" | "hey" => "hello",
        "bye" => "goodbye",
        "thank" => "thanks",
        "uh" | "er" | "erm" | "hmm" | "mm" | "ah" => "um",
        "an" => "a",
        "what" => "which",
        _ => moment(word).or_else(|| unit_name(word)).unwrap_or(word),
    }
}

/// Lines of words that exclude one another; forms of one sense are separated by spaces, senses by `|`.
const OPPOSITES: &[&str] = &[
    "cancel cancels canceled canceling cancellation | confirm confirms confirmed confirming | book books \
     booked booking reserve reserved | reschedule reschedules rescheduled rescheduling postponed",
    "open opens opened opening | close closes closed closing",
    "accept accepts accepted approve approved approves | decline declines declined reject rejected deny \
     denied refuse refused",
    "before prior | after following",
    "increase increases increased raise raised rise | decrease decreases decreased reduce reduced lower lowered",
    "on | off",
    "up | down",
    "in | out",
    "inbound | outbound",
    "inside | outside",
    "enable enables enabled | disable disables disabled",
    "available | busy full",
    "arrive arrives arrived arrival arriving | depart departs departed departure leave leaves leaving",
    "left | right",
    "more | less fewer",
    "high higher highest | low lower lowest",
    "early earlier earliest | late later latest",
    "success successful successfully succeeded | fail fails failed failure",
    "credit | debit",
    "checking | savings saving",
    "deposit deposited deposits | withdraw withdrawal withdrawn withdrew",
    "buy bought purchase purchased | sell sold",
    "received receive | refunded refund | charged charge | sent send | returned return",
    "shipped ships | delivered | delayed | returned | lost",
    "valid | expired expires",
    "activated active activate | blocked locked block suspended",
    "add added adds | remove removed removes delete deleted",
    "start starts started begin begins | stop stops stopped end ends ended finish finished",
    "include includes included including | exclude excludes excluded excluding",
    "minimum least | maximum most",
    "single | double | twin | triple",
    "north | south | east | west",
    "adult adults | child children",
    "all every everything | some any",
    "same | different",
    "correct right true | wrong false",
    "second seconds | minute minutes | hour hours | day days | week weeks | month months | year years | night nights",
    "hourly | daily | weekly | monthly | yearly annually annual",
    "mile miles | kilometer kilometers km",
    "celsius | fahrenheit",
    "next | last previous",
    "first | last",
    "always | sometimes | rarely",
    "email | text sms | phone call | mail",
    "your | my",
    "pass passed | fail failed",
    "online | offline",
    "free | paid",
];

const NEGATING_PREFIXES: &[&str] = &["un", "in", "im", "ir", "il", "dis", "non", "mis", "de", "re"];

/// The words exclude one another: "cancelled" and "confirmed", "available" and "unavailable".
pub(super) fn opposed(a: &str, b: &str) -> bool {
    a != b && (negated_by_prefix(a, b) || negated_by_prefix(b, a) || excluded(a, b))
}

/// Line and sense of every word of [`OPPOSITES`].
static SENSES: LazyLock<HashMap<&str, Vec<(usize, usize)>>> = LazyLock::new(|| {
    let mut senses: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for (line, words) in OPPOSITES.iter().enumerate() {
        for (sense, forms) in words.split('|').enumerate() {
            forms.split_whitespace().for_each(|word| senses.entry(word).or_default().push((line, sense)));
        }
    }
    senses
});

/// Different senses of one line, and the same sense of none.
fn excluded(a: &str, b: &str) -> bool {
    let (Some(a), Some(b)) = (SENSES.get(a), SENSES.get(b)) else {
        return false;
    };
    let differ = a.iter().any(|(line, sense)| b.iter().any(|(l, s)| line == l && sense != s));
    differ && !a.iter().any(|place| b.contains(place))
}

fn negated_by_prefix(long: &str, short: &str) -> bool {
    let prefixed = NEGATING_PREFIXES.iter().any(|p| long.strip_prefix(p) == Some(short) && short.len() >= 4);
    let stem = |w: &str, suffix| w.strip_suffix(suffix).map(str::to_owned);
    let less = stem(long, "less").is_some_and(|s| s == short || stem(short, "ful").is_some_and(|f| f == s));
    prefixed || less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposites_exclude_one_another_both_ways() {
        for (a, b) in [
            ("canceled", "confirmed"),
            ("open", "closed"),
            ("available", "unavailable"),
            ("able", "unable"),
            ("connected", "disconnected"),
            ("minutes", "hours"),
            ("scheduled", "rescheduled"),
            ("helpful", "helpless"),
        ] {
            assert!(opposed(a, b) && opposed(b, a), "{a} {b}");
        }
    }

    #[test]
    fn forms_of_one_sense_do_not() {
        for (a, b) in [("canceled", "cancellation"), ("open", "opens"), ("approved", "accepted"), ("day", "table")] {
            assert!(!opposed(a, b), "{a} {b}");
        }
    }

    #[test]
    fn plural_moments_are_moments() {
        assert_eq!(moment("tuesdays"), Some("tuesday"));
        assert_eq!(moment("table"), None);
    }
}
