//! What neighbouring tokens make of one another, once each has been read.

use super::date::same_month;
use super::token::{Kind, Token};
use super::words::is_weekday;

pub(super) fn join(mut tokens: Vec<Token>) -> Vec<Token> {
    ranges(&mut tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if is(rest.first(), &["below"]) && rest.get(1).is_some_and(|t| t.kind == Kind::Number && t.text == "0") && negate(&mut out) {
            at += 2;
            continue;
        }
        if joins(out.last(), rest) {
            let (last, more) = (out.len() - 1, &rest[1]);
            out[last].text.push_str(&more.text);
            out[last].parts.push(more.text.clone());
            out[last].span.end = more.span.end;
            at += 2;
            continue;
        }
        if let Some((hours, minutes, used)) = hours_and_minutes(rest) {
            let span = rest[0].span.start..rest[used - 1].span.end;
            let mut push = |kind, text: &str| out.push(Token::new(kind, text, span.clone()));
            if hours != "0" {
                push(Kind::Number, hours);
                push(Kind::Word, "hour");
            }
            push(Kind::Number, minutes);
            push(Kind::Word, "minute");
            at += used;
            continue;
        }
        if let Some((token, used)) = together(rest, out.last()) {
            out.extend(token);
            at += used;
            continue;
        }
        out.push(rest[0].clone());
        at += 1;
    }
    share_units(&mut out);
    out
}

fn is(token: Option<&Token>, words: &[&str]) -> bool {
    token.is_some_and(|t| t.kind == Kind::Word && words.contains(&t.text.as_str()))
}

fn is_fact(token: Option<&Token>) -> bool {
    token.is_some_and(|t| t.kind != Kind::Word || is_weekday(&t.text))
}

/// Between two facts "through", "until" and "to" are the same; "out of" and "slash" are "over".
fn ranges(tokens: &mut [Token]) {
    for at in 1..tokens.len().saturating_sub(1) {
        if !is_fact(tokens.get(at - 1)) || !is_fact(tokens.get(at + 1)) {
            continue;
        }
        let said = match tokens[at].text.as_str() {
            "through" | "until" => "to",
            "slash" => "over",
            _ => continue,
        };
        if tokens[at].kind == Kind::Word {
            said.clone_into(&mut tokens[at].text);
        }
    }
}

/// One token, or none, for the first few of `rest`; and how many of them it stands for.
fn together(rest: &[Token], before: Option<&Token>) -> Option<(Option<Token>, usize)> {
    let first = rest.first()?;
    let whole = |kind, text: &str, used: usize| {
        let mut token = Token::new(kind, text, first.span.clone());
        token.span.end = rest[used - 1].span.end.max(first.span.end);
        token
    };
    if is(Some(first), &["thank"]) && is(rest.get(1), &["you"]) {
        return Some((Some(whole(Kind::Word, "thanks", 2)), 2));
    }
    if is(Some(first), &["of"]) && is(rest.get(1), &["course"]) {
        return Some((Some(whole(Kind::Word, "certainly", 2)), 2));
    }
    if is(Some(first), &["degree", "degrees"]) && is(rest.get(1), &["fahrenheit", "celsius", "centigrade"]) {
        return Some((None, 1));
    }
    if is(Some(first), &["degree", "degrees"]) && is(rest.get(1), &["c", "f"]) {
        let scale = if rest[1].text == "c" { "celsius" } else { "fahrenheit" };
        return Some((Some(whole(Kind::Word, scale, 2)), 2));
    }
    let share = before.is_some_and(|t| t.kind == Kind::Number && (t.text.starts_with("0.") || t.text.contains('/')));
    if is(Some(first), &["of"]) && share {
        return Some((None, 1));
    }
    if is(Some(first), &["out"]) && is(rest.get(1), &["of"]) && is_number(before) && is_number(rest.get(2)) {
        return Some((Some(whole(Kind::Word, "over", 2)), 2));
    }
    // "AC dash ten", "plus one four one five ..."
    if is(Some(first), &["dash", "hyphen"])
        && before.is_some()
        && matches!(rest.get(1).map(|t| t.kind), Some(Kind::Number | Kind::Code | Kind::Time))
    {
        return Some((None, 1));
    }
    if is(Some(first), &["plus"]) && rest.get(1).is_some_and(|t| t.kind == Kind::Number && t.text.len() >= 7) {
        return Some((None, 1));
    }
    if is(Some(first), &["time"]) && is(before, &["eastern", "central", "mountain", "pacific", "standard", "daylight"]) {
        return Some((None, 1));
    }
    None
}

/// "two zero dash five five": one number that is read in groups.
fn joins(before: Option<&Token>, rest: &[Token]) -> bool {
    let whole = |t: Option<&Token>| t.is_some_and(|t| t.kind == Kind::Number && t.text.bytes().all(|b| b.is_ascii_digit()));
    is(rest.first(), &["dash", "hyphen"]) && whole(before) && whole(rest.get(1))
}

fn is_number(token: Option<&Token>) -> bool {
    token.is_some_and(|t| t.kind == Kind::Number)
}

/// "5 degrees below zero": the number just before is negative.
fn negate(out: &mut [Token]) -> bool {
    let number = out.iter_mut().rev().take(3).find(|t| t.kind == Kind::Number && !t.text.starts_with('-'));
    number.is_some_and(|token| {
        token.text.insert(0, '-');
        true
    })
}

/// "half an hour" is 30 minutes, "2.5 hours" 2 hours 30 minutes: the whole hours, the minutes, and the tokens that they stand for.
fn hours_and_minutes(rest: &[Token]) -> Option<(&str, &'static str, usize)> {
    let (hours, part) = rest.first().filter(|t| t.kind == Kind::Number)?.text.split_once('.')?;
    let minutes = match part {
        "25" => "15",
        "5" => "30",
        "75" => "45",
        _ => return None,
    };
    let of = 1 + usize::from(is(rest.get(1), &["of"]));
    let at = of + usize::from(is(rest.get(of), &["a", "an"]));
    is(rest.get(at), &["hour", "hours"]).then_some((hours, minutes, at + 1))
}

/// "20 to 30 dollars" is $20 to $30, "10-15 %" 10 % to 15 %, "May 3 to 5" two dates in May.
fn share_units(tokens: &mut [Token]) {
    for at in 1..tokens.len().saturating_sub(1) {
        let between = at >= 2 && is(tokens.get(at - 2), &["between"]);
        let range = is(tokens.get(at), &["to"]) || (between && is(tokens.get(at), &["and"]));
        if !range {
            continue;
        }
        let (low, high) = (tokens[at - 1].clone(), tokens[at + 1].clone());
        match (low.kind, high.kind) {
            (Kind::Number, Kind::Money | Kind::Percent) => retype(&mut tokens[at - 1], &high),
            (Kind::Money | Kind::Percent, Kind::Number) => retype(&mut tokens[at + 1], &low),
            (Kind::Number | Kind::Ordinal, Kind::Date) => redate(&mut tokens[at - 1], &high),
            (Kind::Date, Kind::Number | Kind::Ordinal) => redate(&mut tokens[at + 1], &low),
            _ => {}
        }
    }
}

/// A number becomes what its neighbour is.
fn retype(token: &mut Token, like: &Token) {
    if token.text.contains('/') {
        return;
    }
    if like.kind == Kind::Money {
        let currency: String = like.text.chars().filter(char::is_ascii_alphabetic).collect();
        let (whole, part) = token.text.split_once('.').unwrap_or((&token.text, ""));
        token.text = format!("{whole}.{part:0<2}{currency}");
    }
    token.kind = like.kind;
}

fn redate(token: &mut Token, like: &Token) {
    if let Some(date) = same_month(&like.text, &token.text) {
        token.kind = Kind::Date;
        token.text = date;
    }
}
