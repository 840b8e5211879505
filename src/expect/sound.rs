//! Words that sound the same, whatever their spelling: what no recogniser can tell apart.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Words and names of one sound each line, for which the rules of spelling below are not enough.
#[rustfmt::skip]
const SAME_SOUND: &[&str] = &[
    "their there", "your youre", "to too", "here hear", "write right rite", "weather whether", "buy by bye", "new knew",
    "see sea", "meet meat", "week weak", "wait weight", "mail male", "sent cent scent", "fair fare", "plane plain",
    "principal principle", "where wear", "hour our", "allowed aloud", "brake break", "cell sell", "complement compliment", "hole whole",
    "made maid", "pair pear", "peace piece", "sale sail", "son sun", "steal steel", "way weigh", "wood would", "passed past",
    "higher hire", "site sight cite", "patients patience", "presence presents", "through threw", "board bored", "billed build", "tax tacks",
    "check cheque", "its it's", "whose whos", "flour flower", "role roll", "serial cereal", "route root", "ad add", "aisle isle",
    "read red", "read reed", "lead led", "bare bear", "berry bury", "bell belle", "blew blue", "ceiling sealing", "chord cord", "coarse course",
    "dear deer", "due dew", "die dye", "dual duel", "feat feet", "find fined", "fir fur", "flew flu", "gait gate", "grown groan",
    "guessed guest", "hair hare", "heal heel", "heard herd", "him hymn", "idle idol", "in inn", "key quay", "lessen lesson", "loan lone",
    "main mane", "manner manor", "medal meddle", "miner minor", "missed mist", "mourning morning", "packed pact", "pain pane", "pause paws",
    "peak peek", "plum plumb", "pole poll", "poor pour", "pray prey", "profit prophet", "rain reign rein", "raise rays", "rap wrap",
    "ring wring", "road rode rowed", "scene seen", "seam seem", "sew so", "side sighed", "sole soul", "some sum", "stair stare", "stake steak",
    "stationary stationery", "suite sweet", "team teem", "thrown throne", "thyme time", "toe tow", "vain vein", "wade weighed", "warn worn",
    "witch which", "wrote rote", "aloud allowed", "ascent assent", "bolder boulder", "cereal serial", "council counsel", "discreet discrete",
    "stephens stevens", "stephenson stevenson", "sean shawn shaun", "geoff jeff", "geoffrey jeffrey jeffery", "catherine katherine kathryn catharine katharine", "steven stephen",
    "philip phillip", "jon john", "sara sarah", "lee leigh", "brian bryan bryon", "mohammed muhammad mohamed mohammad muhammed",
    "lewis louis", "allan alan allen", "thompson thomson", "schmidt schmitt", "meyer myer meier maier mayer", "nicholas nicolas",
    "zoe zoey", "rachel rachael", "michael micheal", "debra deborah", "theresa teresa", "megan meghan", "hayley haley hailey",
    "stewart stuart", "mackenzie mckenzie", "graham graeme", "terry terri", "tracy tracey", "stacy stacey", "kelly kelley",
    "elisabeth elizabeth", "isabel isabelle", "mathew matthew", "reid reed", "neal neil neill", "oneal oneil oneill", "shelly shelley",
    "kristin kristen", "andersen anderson", "hansen hanson", "petersen peterson", "larsen larson", "olsen olson", "nielsen nielson",
    "rodgers rogers", "pearce pierce", "macdonald mcdonald", "kathy cathy", "chris kris", "erica erika", "mia mya", "leah lea",
    "jaime jamie", "maria mariah", "ana anna hannah", "dorothy dorothea",
];

/// How a word sounds, as far as its spelling says.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    /// The lines of [`SAME_SOUND`] that it stands in.
    lines: Vec<usize>,
    /// Empty for a word too short to tell.
    phones: String,
}

impl Sound {
    pub fn of(word: &str) -> Self {
        static LINES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
            let mut lines: HashMap<&str, Vec<usize>> = HashMap::new();
            for (n, line) in SAME_SOUND.iter().enumerate() {
                line.split(' ').for_each(|word| lines.entry(word).or_default().push(n));
            }
            lines
        });
        Self { lines: LINES.get(word).cloned().unwrap_or_default(), phones: if word.len() >= 3 { phones(word) } else { String::new() } }
    }

    /// Two words of equal sound.
    pub fn same(&self, other: &Self) -> bool {
        self.lines.iter().any(|line| other.lines.contains(line)) || (!self.phones.is_empty() && self.phones == other.phones)
    }
}

/// Beginnings of a word that are pronounced unlike the same letters elsewhere.
const INITIAL: &[(&str, &str)] =
    &[("kn", "N"), ("gn", "N"), ("wr", "R"), ("ps", "S"), ("pn", "N"), ("wh", "W"), ("x", "Z"), ("mc", "MK"), ("mac", "MK"), ("rh", "R")];

/// Letters and the sound they make, the longest first. Capitals are consonants, small letters vowels, long and short ones apart.
#[rustfmt::skip]
const LETTERS: &[(&str, &str)] = &[
    ("eigh", "A"), ("augh", "W"), ("tion", "XN"), ("sion", "XN"), ("cian", "XN"), ("tch", "C"), ("sch", "X"), ("chr", "KR"), ("igh", "Y"),
    ("dge", "J"), ("ght", "T"), ("sh", "X"), ("ch", "C"), ("ph", "F"), ("ck", "K"), ("th", "0"), ("dt", "T"), ("tz", "S"), ("gh", ""),
    ("qu", "KW"), ("ce", "Se"), ("ci", "Si"), ("cy", "Si"), ("ge", "Je"), ("gi", "Ji"), ("gy", "Ji"),
    ("ee", "E"), ("ea", "E"), ("ei", "E"), ("ie", "E"), ("ey", "E"), ("ai", "A"), ("ay", "A"), ("oa", "O"), ("oe", "O"),
    ("oo", "U"), ("ou", "U"), ("ew", "U"), ("ue", "U"), ("au", "W"), ("aw", "W"), ("er", "rR"), ("ir", "rR"), ("ur", "rR"), ("yr", "rR"),
    ("c", "K"), ("q", "K"), ("x", "KS"), ("y", "i"),
];

/// What the spelling says about the sound of a word, coarsely. Only ASCII letters have one; other characters stand for themselves.
fn phones(word: &str) -> String {
    let (mut out, mut rest) = (String::new(), word);
    if let Some((letters, sound)) = INITIAL.iter().find(|(letters, _)| rest.starts_with(letters)) {
        out.push_str(sound);
        rest = &rest[letters.len()..];
    }
    while let Some(first) = rest.chars().next() {
        if let Some((sound, used)) = long_vowel(rest) {
            out.push(sound);
            rest = &rest[used..];
            continue;
        }
        // A final "e" after a consonant is silent, and a final "y" long.
        if rest == "e" && !out.is_empty() {
            break;
        }
        // "Danielle" is not "Daniel", nor "Marie" "Mary".
        if rest == "lle" || (word == "marie" && rest == "ie") {
            out.push_str("éL");
            break;
        }
        if matches!(rest, "y" | "i" | "ey" | "ie") && out.len() > 1 {
            out.push('E');
            break;
        }
        if rest == "z" {
            push(&mut out, "S");
            break;
        }
        match LETTERS.iter().find(|(letters, _)| rest.starts_with(letters)) {
            Some((letters, sound)) => {
                push(&mut out, sound);
                rest = &rest[letters.len()..];
            }
            None => {
                if first != 'h' || is_sounded(rest, &out) {
                    push(&mut out, &first.to_uppercase().to_string().replace(['A', 'E', 'I', 'O', 'U'], &first.to_string()));
                }
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// A doubled consonant is one.
fn push(out: &mut String, sound: &str) {
    for c in sound.chars() {
        if !(c.is_uppercase() && out.ends_with(c)) {
            out.push(c);
        }
    }
}

/// "h" is heard before a vowel, at the beginning or after another vowel.
fn is_sounded(rest: &str, out: &str) -> bool {
    let vowel = |c: char| "aeiouy".contains(c);
    rest[1..].starts_with(vowel) && out.chars().next_back().is_none_or(|c| c.is_lowercase() || "AEOUY".contains(c))
}

/// A vowel, one consonant and a final "e": "mail" and "male" sound the same.
fn long_vowel(rest: &str) -> Option<(char, usize)> {
    let mut chars = rest.chars();
    let (vowel, consonant) = (chars.next()?, chars.next()?);
    let ending = chars.as_str();
    let long = matches!(ending, "e" | "ed" | "es" | "ez") && consonant.is_ascii_alphabetic() && !"aeiouywxr".contains(consonant);
    let sound = match vowel {
        'a' => 'A',
        'e' => 'E',
        'i' => 'Y',
        'o' => 'O',
        'u' => 'U',
        _ => return None,
    };
    long.then_some((sound, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_sound(a: &str, b: &str) -> bool {
        Sound::of(a).same(&Sound::of(b))
    }

    #[test]
    fn words_of_one_sound() {
        for (a, b) in [
            ("schwarz", "schwartz"),
            ("catherine", "katherine"),
            ("sean", "shawn"),
            ("geoff", "jeff"),
            ("acme", "ackme"),
            ("oneill", "oneal"),
            ("sofia", "sophia"),
            ("eric", "erik"),
            ("mark", "marc"),
            ("smith", "smyth"),
            ("mail", "male"),
            ("site", "sight"),
            ("clark", "clarke"),
            ("amoxicillin", "amoxicilin"),
            ("their", "there"),
            ("reed", "read"),
            ("gonzales", "gonzalez"),
            ("vicky", "vickie"),
            ("zyrtec", "zertec"),
            ("jackson", "jaxon"),
            ("lucas", "lukas"),
        ] {
            assert!(same_sound(a, b), "{a} {} {b} {}", phones(a), phones(b));
        }
    }

    #[test]
    fn words_of_different_sound() {
        for (a, b) in [
            ("austin", "boston"),
            ("prednisone", "prednisolone"),
            ("dental", "rental"),
            ("main", "maple"),
            ("smith", "jones"),
            ("berlin", "dublin"),
            ("debited", "credited"),
            ("charged", "changed"),
            ("renewed", "removed"),
            ("dallas", "dulles"),
            ("close", "closed"),
            ("filled", "filed"),
            ("mario", "maria"),
            ("austria", "australia"),
            ("newark", "york"),
            ("hydroxyzine", "hydralazine"),
            ("list", "least"),
            ("ship", "sheep"),
            ("live", "leave"),
            ("daniel", "danielle"),
            ("mary", "marie"),
            ("price", "prize"),
            ("not", "note"),
            ("karen", "corin"),
            ("lose", "loose"),
        ] {
            assert!(!same_sound(a, b), "{a} {} {b} {}", phones(a), phones(b));
        }
    }
}
