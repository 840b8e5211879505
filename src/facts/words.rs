//! Words: contractions, abbreviations, and pairs written together or apart.

use super::found::Found;
use super::lexeme::{Lexeme, Shape, digits, is_mark, is_word, span, word};
use super::ordinal::ordinal;
use super::spelling::american;
use super::token::{Kind, Token};
use super::units::unit_name;

#[rustfmt::skip]
const CONTRACTIONS: &[(&str, &str)] = &[
    ("won't", "will not"), ("wont", "will not"), ("can't", "can not"), ("cant", "can not"),
    ("cannot", "can not"), ("shan't", "shall not"), ("ain't", "is not"), ("let's", "let us"), ("lets", "let us"),
    ("dont", "do not"), ("doesnt", "does not"), ("didnt", "did not"), ("isnt", "is not"),
    ("wasnt", "was not"), ("arent", "are not"), ("couldnt", "could not"), ("wouldnt", "would not"),
    ("shouldnt", "should not"), ("havent", "have not"), ("hasnt", "has not"), ("im", "i am"),
    ("ive", "i have"), ("youre", "you are"), ("youve", "you have"), ("theyre", "they are"),
    ("thats", "that is"), ("whats", "what is"), ("gonna", "going to"), ("wanna", "want to"),
    ("gotta", "got to"), ("y'all", "you all"), ("ma'am", "madam"), ("lemme", "let me"), ("gimme", "give me"), ("thankyou", "thank you"), ("kinda", "kind of"),
    ("cause", "because"), ("'cause", "because"), ("'til", "until"), ("til", "until"), ("till", "until"), ("o'er", "over"),
];

const SUFFIXES: &[(&str, &str)] = &[("n't", "not"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'m", "am"), ("'d", "would")];

/// Words whose "'s" means "is" or "has"; after any other it may be a possessive.
#[rustfmt::skip]
const TAKES_IS: &[&str] = &[
    "it", "that", "what", "where", "who", "how", "there", "here", "he", "she", "when", "why", "this", "everything", "something",
    "nothing", "everyone", "someone",
];

#[rustfmt::skip]
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("okay", "ok"), ("mr", "mister"), ("mrs", "misses"), ("missus", "misses"), ("ms", "miss"), ("prof", "professor"), ("jr", "junior"),
    ("sr", "senior"), ("ave", "avenue"), ("apt", "apartment"), ("rd", "road"), ("blvd", "boulevard"), ("ln", "lane"), ("ct", "court"), ("pl", "place"), ("ter", "terrace"), ("cir", "circle"), ("mt", "mount"), ("hwy", "highway"),
    ("pkwy", "parkway"), ("ste", "suite"), ("sq", "square"), ("dept", "department"), ("ext", "extension"), ("inc", "incorporated"),
    ("corp", "corporation"), ("ltd", "limited"), ("approx", "approximately"), ("vs", "versus"), ("etc", "etcetera"), ("tel", "telephone"), ("umm", "um"), ("uhm", "um"), ("uhh", "uh"), ("hmmm", "hmm"),
    ("thru", "through"), ("nite", "night"), ("tonite", "tonight"),
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

const DIRECTIONS: &[(&str, &str)] = &[("n", "north"), ("s", "south"), ("e", "east"), ("w", "west")];

/// Replaces every contraction by its words; all of them keep the place of the contraction.
pub(super) fn expand(lex: Vec<Lexeme>) -> Vec<Lexeme> {
    let mut out = Vec::with_capacity(lex.len());
    for lexeme in lex {
        if lexeme.shape != Shape::Word {
            out.push(lexeme);
            continue;
        }
        for (n, (part, alt)) in parts(&lexeme.text).into_iter().enumerate() {
            let glued = lexeme.glued && n == 0;
            out.push(Lexeme { text: part, alt, glued, ..lexeme.clone() });
        }
    }
    out
}

fn parts(text: &str) -> Vec<(String, Option<&'static str>)> {
    let plain = |text: &str| vec![(text.to_owned(), None)];
    if let Some((_, long)) = CONTRACTIONS.iter().find(|(short, _)| *short == text) {
        return long.split(' ').map(|part| (part.to_owned(), None)).collect();
    }
    if !text.contains('\'') || text == "o'clock" {
        return plain(text);
    }
    for (suffix, word) in SUFFIXES {
        if let Some(base) = text.strip_suffix(suffix).filter(|b| !b.is_empty()) {
            let alt = (*word == "would").then_some("had");
            return vec![(base.replace('\'', ""), None), ((*word).to_owned(), alt)];
        }
    }
    match text.strip_suffix("'s") {
        Some(base) if TAKES_IS.contains(&base) => vec![(base.to_owned(), None), ("is".to_owned(), Some("has"))],
        _ => plain(&text.replace('\'', "")),
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
    if let Some(joined) = joined {
        return Some((vec![Token::new(Kind::Word, joined, span(lex, i, second_at + 1))], second_at + 1));
    }
    let mut token = Token::new(Kind::Word, spelling(lex, i), span(lex, i, i + 1));
    token.alts.extend(lex[i].alt.map(|alt| (Kind::Word, alt.to_owned())));
    token.alts.extend(roman(lex, i));
    let mut tokens = vec![token];
    // "Monday-Friday"
    let weekday = |at| is_weekday(&spelling(lex, at));
    let dash = is_mark(lex, i + 1, '-') || is_mark(lex, i + 1, '\u{2013}');
    if dash && weekday(i) && word(lex, i + 2).is_some() && weekday(i + 2) {
        tokens.push(Token::new(Kind::Word, "to", span(lex, i + 1, i + 2)));
    }
    if let Some(rest) = zone(&lex[i].raw) {
        tokens = rest.split(' ').map(|word| Token::new(Kind::Word, word, span(lex, i, i + 1))).collect();
    }
    Some((tokens, i + 1))
}

/// Weekdays and their abbreviations.
#[rustfmt::skip]
const WEEKDAYS: &[(&str, &str)] = &[
    ("mon", "monday"), ("tue", "tuesday"), ("tues", "tuesday"), ("wed", "wednesday"), ("thu", "thursday"), ("thur", "thursday"),
    ("thurs", "thursday"), ("fri", "friday"), ("sat", "saturday"), ("sun", "sunday"),
];

/// A weekday under its full name.
pub(super) fn is_weekday(word: &str) -> bool {
    WEEKDAYS.iter().any(|(_, full)| *full == word)
}

/// The weekday that a word names or may abbreviate.
pub(super) fn weekday(word: &str) -> Option<&'static str> {
    WEEKDAYS.iter().find(|(short, full)| *short == word || *full == word).map(|(_, full)| *full)
}

fn spelling(lex: &[Lexeme], i: usize) -> String {
    let Some(text) = word(lex, i) else { return String::new() };
    let short = match text {
        "st" => Some(if begins_name(lex, i) { "saint" } else { "street" }),
        "dr" => Some(if ends_street(lex, i) { "drive" } else { "doctor" }),
        "sat" | "sun" => weekday(text).filter(|_| is_short_weekday(lex, i)),
        "n" | "s" | "e" | "w" if is_direction(lex, i) => DIRECTIONS.iter().find(|(from, _)| *from == text).map(|(_, to)| *to),
        _ => weekday(text).or_else(|| ABBREVIATIONS.iter().find(|(from, _)| *from == text).map(|(_, to)| *to)).or_else(|| state(lex, i)),
    };
    short.map_or_else(|| american(text), str::to_owned)
}

fn next_word(lex: &[Lexeme], i: usize) -> Option<&Lexeme> {
    let stop = usize::from(is_mark(lex, i + 1, '.') && lex[i + 1].glued);
    lex.get(i + 1 + stop)
}

fn is_capital(lexeme: Option<&Lexeme>) -> bool {
    lexeme.is_some_and(|l| l.shape == Shape::Word && l.capital)
}

/// "St. Mary's", and not "Main St.".
fn begins_name(lex: &[Lexeme], i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|b| lex.get(b));
    let street = is_capital(before) || before.is_some_and(|l| matches!(l.text.as_str(), "st" | "nd" | "rd" | "th"));
    !street && is_capital(next_word(lex, i))
}

/// "Oak Dr.", and not "Dr. Lee".
fn ends_street(lex: &[Lexeme], i: usize) -> bool {
    is_capital(i.checked_sub(1).and_then(|b| lex.get(b))) && !is_capital(next_word(lex, i))
}

fn is_short_weekday(lex: &[Lexeme], i: usize) -> bool {
    const BEFORE: &[&str] = &["on", "this", "next", "last", "every", "and", "to", "through", "by", "until", "or", "from", "for"];
    let before =
        i > 0 && (is_word(lex, i - 1, BEFORE) || is_mark(lex, i - 1, '-') || is_mark(lex, i - 1, '\u{2013}') || is_mark(lex, i - 1, '&'));
    let after = lex.get(i + 1).is_some_and(|l| matches!(l.shape, Shape::Digits | Shape::Mark('-' | '\u{2013}' | ',' | '&')));
    lex[i].capital && (before || after)
}

/// "N 5th Street": a capital before a name or an ordinal.
pub(super) fn is_direction(lex: &[Lexeme], i: usize) -> bool {
    const BEFORE: &[&str] = &["on", "at", "to", "along", "from", "near", "onto"];
    let Some(letter) = lex.get(i).filter(|l| l.raw.len() == 1 && l.capital && !l.glued) else { return false };
    let placed = i > 0 && (digits(lex, i - 1).is_some() || is_word(lex, i - 1, BEFORE));
    let stop = usize::from(is_mark(lex, i + 1, '.') && lex[i + 1].glued);
    let at = i + 1 + stop;
    let named = lex.get(at).is_some_and(|l| l.shape == Shape::Word && l.capital && l.text.len() > 2 && !l.glued);
    DIRECTIONS.iter().any(|(from, _)| *from == letter.text) && placed && (named || ordinal(lex, at).is_some())
}

/// "Austin, TX": a state after a comma, when nothing but a figure or the end of the sentence follows.
fn state(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    #[rustfmt::skip]
    const STATES: &[(&str, &str)] = &[
        ("AL", "alabama"), ("AK", "alaska"), ("AZ", "arizona"), ("AR", "arkansas"), ("CA", "california"), ("CO", "colorado"),
        ("CT", "connecticut"), ("DE", "delaware"), ("FL", "florida"), ("GA", "georgia"), ("IA", "iowa"), ("IL", "illinois"),
        ("KS", "kansas"), ("KY", "kentucky"), ("LA", "louisiana"), ("MA", "massachusetts"), ("MD", "maryland"), ("MI", "michigan"),
        ("MN", "minnesota"), ("MO", "missouri"), ("MT", "montana"), ("NE", "nebraska"), ("NV", "nevada"),
        ("OR", "oregon"), ("PA", "pennsylvania"), ("TN", "tennessee"), ("TX", "texas"), ("UT", "utah"), ("VA", "virginia"),
        ("VT", "vermont"), ("WA", "washington"), ("WI", "wisconsin"), ("WY", "wyoming"), ("OH", "ohio"), ("IN", "indiana"),
    ];
    let after = lex.get(i + 1).is_none_or(|l| matches!(l.shape, Shape::Digits | Shape::Mark('.' | ',' | '?' | '!')));
    let comma = i > 1 && is_mark(lex, i - 1, ',') && is_capital(lex.get(i - 2));
    STATES.iter().find(|(short, _)| *short == lex[i].raw).map(|(_, name)| *name).filter(|_| comma && after)
}

/// A time zone by its letters, in the words that are said for it.
fn zone(raw: &str) -> Option<&'static str> {
    Some(match raw {
        "ET" => "eastern",
        "EST" => "eastern standard",
        "EDT" => "eastern daylight",
        "CT" => "central",
        "CST" => "central standard",
        "CDT" => "central daylight",
        "MST" => "mountain standard",
        "MDT" => "mountain daylight",
        "PT" => "pacific",
        "PST" => "pacific standard",
        "PDT" => "pacific daylight",
        _ => return None,
    })
}

/// "VIII" may be 8 or the eighth.
fn roman(lex: &[Lexeme], i: usize) -> Vec<(Kind, String)> {
    // "I" is a person and "V" a letter, unless something is counted so.
    const COUNTED: &[&str] =
        &["war", "part", "type", "phase", "class", "level", "chapter", "act", "volume", "stage", "grade", "section", "bowl"];
    let counted = i > 0 && is_word(lex, i - 1, COUNTED);
    let value = (lex[i].raw.len() >= 2 || counted).then(|| roman_value(&lex[i].raw)).flatten();
    value.map(|n| vec![(Kind::Number, n.to_string()), (Kind::Ordinal, n.to_string())]).unwrap_or_default()
}

/// 1 to 89 in Roman numerals, in capitals and in their one correct form.
pub(super) fn roman_value(raw: &str) -> Option<u32> {
    const TENS: [&str; 9] = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX"];
    const UNITS: [&str; 10] = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    let tens = (0_u32..).zip(TENS);
    tens.flat_map(|(t, ten)| (0_u32..).zip(UNITS).map(move |(u, unit)| (t * 10 + u, format!("{ten}{unit}"))))
        .find(|(value, text)| *value > 0 && text == raw)
        .map(|(value, _)| value)
}

fn mark_word(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    let Shape::Mark(mark) = lex.get(i)?.shape else {
        return None;
    };
    let before_figures = lex.get(i + 1).is_some_and(|l| l.glued && l.shape == Shape::Digits);
    // "#A-1093"
    let before_code = before_figures || lex.get(i + 1).is_some_and(|l| l.glued && l.shape == Shape::Word && l.capital);
    // "$4.99/month"
    let per = mark == '/' && word(lex, i + 1).is_some_and(|w| unit_name(w).is_some());
    match mark {
        '&' => Some("and"),
        '+' if !before_figures => Some("plus"),
        '#' if before_code => Some("number"),
        '/' if per => Some("per"),
        '#' => Some("pound"),
        '*' => Some("star"),
        '@' => Some("at"),
        '=' => Some("equals"),
        _ => None,
    }
}
