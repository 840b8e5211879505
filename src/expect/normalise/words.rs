//! Words: contractions, spellings, and pairs written together or apart.

use super::found::Found;
use super::lexeme::{Lexeme, Shape, is_mark, span, word};
use super::token::{Kind, Token};

#[rustfmt::skip]
const CONTRACTIONS: &[(&str, &str)] = &[
    ("won't", "will not"), ("wont", "will not"), ("can't", "can not"), ("cant", "can not"),
    ("cannot", "can not"), ("shan't", "shall not"), ("ain't", "is not"), ("let's", "let us"),
    ("dont", "do not"), ("doesnt", "does not"), ("didnt", "did not"), ("isnt", "is not"),
    ("wasnt", "was not"), ("arent", "are not"), ("couldnt", "could not"), ("wouldnt", "would not"),
    ("shouldnt", "should not"), ("havent", "have not"), ("hasnt", "has not"), ("im", "i am"),
    ("ive", "i have"), ("youre", "you are"), ("youve", "you have"), ("theyre", "they are"),
    ("thats", "that is"), ("whats", "what is"), ("gonna", "going to"), ("wanna", "want to"),
    ("gotta", "got to"), ("y'all", "you all"), ("ma'am", "madam"),
];

const SUFFIXES: &[(&str, &str)] = &[("n't", "not"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'m", "am"), ("'d", "would")];

/// Words whose "'s" means "is"; after any other it is a possessive.
const TAKES_IS: &[&str] = &[
    "it",
    "that",
    "what",
    "where",
    "who",
    "how",
    "there",
    "here",
    "he",
    "she",
    "when",
    "why",
    "this",
    "everything",
    "something",
    "nothing",
    "everyone",
    "someone",
];

#[rustfmt::skip]
const SPELLINGS: &[(&str, &str)] = &[
    ("okay", "ok"), ("dr", "doctor"), ("mr", "mister"), ("mrs", "misses"), ("ave", "avenue"),
    ("apt", "apartment"), ("rd", "road"), ("blvd", "boulevard"), ("dept", "department"),
    ("vs", "versus"), ("cancelled", "canceled"), ("cancelling", "canceling"),
    ("travelled", "traveled"), ("travelling", "traveling"),
    ("traveller", "traveler"), ("labelled", "labeled"), ("colour", "color"), ("centre", "center"),
    ("cheque", "check"), ("favourite", "favorite"), ("favour", "favor"), ("honour", "honor"),
    ("neighbour", "neighbor"), ("behaviour", "behavior"), ("grey", "gray"), ("programme", "program"),
    ("licence", "license"), ("organise", "organize"), ("organised", "organized"),
    ("apologise", "apologize"), ("authorise", "authorize"), ("authorised", "authorized"),
    ("unauthorised", "unauthorized"), ("recognise", "recognize"), ("realise", "realize"),
    ("customise", "customize"), ("finalise", "finalize"), ("finalised", "finalized"),
    ("metre", "meter"), ("litre", "liter"), ("catalogue", "catalog"), ("enquiry", "inquiry"),
    ("fulfil", "fulfill"), ("mon", "monday"), ("tues", "tuesday"), ("wed", "wednesday"),
    ("thurs", "thursday"), ("thur", "thursday"), ("fri", "friday"), ("umm", "um"),
    ("uhm", "um"), ("uhh", "uh"),
];

/// Two words that are also written as one.
#[rustfmt::skip]
const PAIRS: &[(&str, &str, &str)] = &[
    ("good", "bye", "goodbye"), ("all", "right", "alright"), ("pick", "up", "pickup"),
    ("o", "k", "ok"), ("bye", "bye", "bye"), ("e", "mail", "email"), ("check", "in", "checkin"),
    ("check", "out", "checkout"), ("set", "up", "setup"), ("log", "in", "login"),
    ("sign", "in", "signin"), ("sign", "up", "signup"), ("drop", "off", "dropoff"),
    ("follow", "up", "followup"), ("voice", "mail", "voicemail"), ("web", "site", "website"),
    ("hang", "up", "hangup"), ("back", "up", "backup"), ("on", "line", "online"),
    ("any", "one", "anyone"), ("every", "one", "everyone"), ("some", "one", "someone"),
    ("any", "thing", "anything"), ("over", "night", "overnight"), ("week", "end", "weekend"),
    ("week", "day", "weekday"), ("mid", "day", "midday"), ("mid", "night", "midnight"),
    ("time", "slot", "timeslot"), ("o'", "clock", "o'clock"),
];

/// Replaces every contraction by its words; all of them keep the place of the contraction.
pub(super) fn expand(lex: Vec<Lexeme>) -> Vec<Lexeme> {
    let mut out = Vec::with_capacity(lex.len());
    for lexeme in lex {
        if lexeme.shape != Shape::Word {
            out.push(lexeme);
            continue;
        }
        for (n, part) in parts(&lexeme.text).into_iter().enumerate() {
            let glued = lexeme.glued && n == 0;
            out.push(Lexeme { text: part, glued, ..lexeme.clone() });
        }
    }
    out
}

fn parts(text: &str) -> Vec<String> {
    if let Some((_, long)) = CONTRACTIONS.iter().find(|(short, _)| *short == text) {
        return long.split(' ').map(str::to_owned).collect();
    }
    if !text.contains('\'') || text == "o'clock" {
        return vec![text.to_owned()];
    }
    for (suffix, word) in SUFFIXES {
        if let Some(base) = text.strip_suffix(suffix).filter(|b| !b.is_empty()) {
            return vec![base.replace('\'', ""), (*word).to_owned()];
        }
    }
    match text.strip_suffix("'s") {
        Some(base) if TAKES_IS.contains(&base) => vec![base.to_owned(), "is".to_owned()],
        _ => vec![text.replace('\'', "")],
    }
}

/// A word, or a pair that is also written as one; `&`, `+` and a lone `#` or `*` are words too.
pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    if let Some(text) = mark_word(lex, i) {
        return Some((vec![Token::new(Kind::Word, text, span(lex, i, i + 1))], i + 1));
    }
    let first = word(lex, i)?;
    let second_at = if is_mark(lex, i + 1, '-') { i + 2 } else { i + 1 };
    let joined =
        word(lex, second_at).and_then(|second| PAIRS.iter().find(|(a, b, _)| *a == first && *b == second).map(|(_, _, joined)| *joined));
    let (text, next) = match joined {
        Some(joined) => (joined, second_at + 1),
        None => (spelling(first), i + 1),
    };
    Some((vec![Token::new(Kind::Word, text, span(lex, i, next))], next))
}

fn spelling(word: &str) -> &str {
    SPELLINGS.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to)
}

fn mark_word(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    let Shape::Mark(mark) = lex.get(i)?.shape else {
        return None;
    };
    let before_figures = lex.get(i + 1).is_some_and(|l| l.glued && l.shape == Shape::Digits);
    match mark {
        '&' => Some("and"),
        '+' if !before_figures => Some("plus"),
        '#' if !before_figures => Some("pound"),
        '*' => Some("star"),
        '@' => Some("at"),
        _ => None,
    }
}
