//! British and other spellings to the American one.
//!
//! Both sides of a comparison pass through here, so a rule may turn a word into one that does not exist, but must not make two
//! different words equal.

/// Whole words that no rule below covers.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    ("grey", "gray"), ("cheque", "check"), ("cheques", "checks"), ("programme", "program"), ("programmes", "programs"),
    ("licence", "license"), ("licences", "licenses"), ("defence", "defense"), ("offence", "offense"), ("pretence", "pretense"),
    ("practise", "practice"), ("jewellery", "jewelry"), ("jeweller", "jeweler"), ("tyre", "tire"), ("tyres", "tires"),
    ("aluminium", "aluminum"), ("catalogue", "catalog"), ("dialogue", "dialog"), ("analogue", "analog"), ("judgement", "judgment"),
    ("acknowledgement", "acknowledgment"), ("ageing", "aging"), ("kerb", "curb"), ("cosy", "cozy"), ("pyjamas", "pajamas"),
    ("moustache", "mustache"), ("draught", "draft"), ("whilst", "while"), ("amongst", "among"), ("towards", "toward"),
    ("afterwards", "afterward"), ("learnt", "learned"), ("burnt", "burned"), ("dreamt", "dreamed"), ("spelt", "spelled"),
    ("enrol", "enroll"), ("enrolment", "enrollment"), ("instalment", "installment"), ("instalments", "installments"),
    ("fulfil", "fulfill"), ("fulfils", "fulfills"), ("skilful", "skillful"), ("doughnut", "donut"), ("yoghurt", "yogurt"),
    ("sceptical", "skeptical"), ("plough", "plow"), ("mould", "mold"), ("storey", "story"), ("artefact", "artifact"),
    ("enquiry", "inquiry"), ("enquiries", "inquiries"), ("enquire", "inquire"), ("mum", "mom"), ("maths", "math"),
    ("analyse", "analyze"), ("analysed", "analyzed"), ("paralysed", "paralyzed"), ("sulphur", "sulfur"), ("haulier", "hauler"),
    ("speciality", "specialty"), ("per-cent", "percent"), ("manoeuvre", "maneuver"), ("diarrhoea", "diarrhea"),
    ("neighbourhood", "neighborhood"), ("colourful", "colorful"), ("favourable", "favorable"), ("honourable", "honorable"),
];

/// Stems whose last l is doubled before an ending in Britain only.
#[rustfmt::skip]
const DOUBLED: &[&str] = &[
    "travel", "cancel", "label", "model", "counsel", "signal", "total", "level", "fuel", "dial", "equal", "channel", "marvel", "tunnel",
    "shovel", "parcel", "panel", "initial", "pedal", "rival", "fulfil", "enrol", "instal", "program",
];

/// Beginnings with "ae" or "oe" in Britain.
#[rustfmt::skip]
const CLASSICAL: &[(&str, &str)] = &[
    ("paed", "ped"), ("anaesth", "anesth"), ("haem", "hem"), ("oestr", "estr"), ("oedem", "edem"), ("leukaem", "leukem"), ("anaem", "anem"),
    ("gynaec", "gynec"), ("orthopaed", "orthoped"), ("encyclopaed", "encycloped"), ("foet", "fet"), ("caesar", "cesar"), ("manoeuv", "maneuv"),
];

/// `word`, lower case, as it is spelled in America.
pub(super) fn american(word: &str) -> String {
    if let Some((_, to)) = WORDS.iter().find(|(from, _)| *from == word) {
        return (*to).to_owned();
    }
    if !word.is_ascii() || word.len() < 5 {
        return word.to_owned();
    }
    let word = classical(word);
    let word = undoubled(&word);
    endings(&word)
}

fn classical(word: &str) -> String {
    match CLASSICAL.iter().find(|(from, _)| word.starts_with(from)) {
        Some((from, to)) => word.replacen(from, to, 1),
        None => word.to_owned(),
    }
}

fn undoubled(word: &str) -> String {
    for stem in DOUBLED {
        let last = &stem[stem.len() - 1..];
        if let Some(ending) = word.strip_prefix(stem).and_then(|rest| rest.strip_prefix(last))
            && matches!(ending, "ed" | "ing" | "er" | "ers" | "ation" | "ations" | "or" | "ors" | "ment" | "ments")
        {
            return format!("{stem}{ending}");
        }
    }
    word.to_owned()
}

/// -our, -ise, -isation, -tre, -bre.
fn endings(word: &str) -> String {
    const FORMS: &[(&str, &str)] = &[
        ("isations", "izations"),
        ("isation", "ization"),
        ("ising", "izing"),
        ("ised", "ized"),
        ("ises", "izes"),
        ("iser", "izer"),
        ("ise", "ize"),
        ("ourite", "orite"),
        ("ourites", "orites"),
        ("oured", "ored"),
        ("ouring", "oring"),
        ("ours", "ors"),
        ("our", "or"),
        ("tre", "ter"),
        ("tres", "ters"),
        ("bre", "ber"),
        ("bres", "bers"),
    ];
    // "hours" and "yours" lose nothing by this, "four" would be "for" and "prise" "prize".
    let kept = matches!(
        word,
        "hours" | "yours" | "tours" | "pours" | "fours" | "flour" | "flours" | "prise" | "raise" | "raised" | "raises" | "raising"
    );
    let form = FORMS.iter().filter(|(from, _)| word.len() > from.len() + 1).find(|(from, _)| word.ends_with(from));
    match form.filter(|_| !kept) {
        Some((from, to)) => format!("{}{to}", &word[..word.len() - from.len()]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::american;

    #[test]
    fn british_words_become_american() {
        for (british, other) in [
            ("colour", "color"),
            ("organised", "organized"),
            ("apologise", "apologize"),
            ("centre", "center"),
            ("theatre", "theater"),
            ("cancelled", "canceled"),
            ("travelling", "traveling"),
            ("paediatric", "pediatric"),
            ("favourite", "favorite"),
            ("programme", "program"),
            ("jewellery", "jewelry"),
            ("neighbours", "neighbors"),
            ("litres", "liters"),
            ("cancellation", "cancelation"),
        ] {
            assert_eq!(american(british), american(other), "{british}");
        }
    }

    #[test]
    fn different_words_stay_different() {
        for (a, b) in
            [("four", "for"), ("filled", "filed"), ("prise", "prize"), ("hours", "hors"), ("called", "caled"), ("license", "licens")]
        {
            assert_ne!(american(a), american(b), "{a} {b}");
        }
    }
}
