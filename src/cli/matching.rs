//! `goldencall match`: what a matcher makes of pairs of texts, without a call.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{MatchArgs, MatcherKind};
use super::exit::{CliError, Exit};
use super::output::say;
use crate::expect::{Ear, HeardAs, Judgement, Leniency, Matcher, Pattern};
use crate::facts::normalise_pair;
use crate::files;

pub(super) fn run(args: &MatchArgs) -> Result<Exit, CliError> {
    let heard_as = heard_as(&args.heard_as)?;
    let leniency = Leniency { ear: if args.strict { Ear::Strict } else { Ear::Text }, heard_as: Some(&heard_as) };
    let (text, met) = match (&args.file, &args.expected, &args.heard) {
        (Some(file), ..) => {
            let pairs = Pair::read(file)?;
            table(args.matcher, &leniency, &pairs, &file.display().to_string())?
        }
        (None, Some(expected), Some(heard)) => one(args.matcher, &leniency, expected, heard)?,
        _ => return Err(CliError::usage("give EXPECTED and HEARD, or --file PAIRS.tsv")),
    };
    say(&text)?;
    Ok(if met { Exit::Passed } else { Exit::Failed })
}

/// `Name=Wording`, one or more.
fn heard_as(options: &[String]) -> Result<HeardAs, CliError> {
    let mut names = HeardAs::new();
    for option in options {
        let Some((name, wording)) = option.split_once('=') else {
            return Err(CliError::usage(format!("--heard-as {option}: write NAME=WORDING")));
        };
        names.entry(name.trim().to_owned()).or_default().push(wording.trim().to_owned());
    }
    Ok(names)
}

impl MatcherKind {
    fn of(self, expected: &str) -> Result<Matcher, CliError> {
        Ok(match self {
            Self::Says => Matcher::Says(expected.to_owned()),
            Self::Contains => Matcher::Contains(vec![expected.to_owned()]),
            Self::Exact => Matcher::Exact(expected.to_owned()),
            Self::Similar => Matcher::Similar(expected.to_owned()),
            Self::Matches => Matcher::Matches(Pattern::new(expected).map_err(CliError::usage)?),
        })
    }
}

fn one(kind: MatcherKind, leniency: &Leniency<'_>, expected: &str, heard: &str) -> Result<(String, bool), CliError> {
    let Judgement { met, score, reason, .. } = kind.of(expected)?.judge(heard, leniency);
    let mut text = format!("{}\n", verdict(met));
    let mut line = |name: &str, value: &str| {
        // Writing to a text cannot fail.
        let _written = writeln!(text, "{name:>9}: {value}");
    };
    let (wanted, said) = normalise_pair(expected, heard);
    line("expected", expected);
    line("read as", &wanted.to_string());
    line("heard", heard);
    line("read as", &said.to_string());
    line("reason", &reason);
    if let Some(score) = score {
        line("score", &format!("{score:.2}"));
    }
    Ok((text, met))
}

fn verdict(met: bool) -> &'static str {
    if met { "accept" } else { "refuse" }
}

/// One line of a table of pairs.
struct Pair {
    line: usize,
    accept: bool,
    kind: String,
    expected: String,
    heard: String,
}

impl Pair {
    fn read(file: &Path) -> Result<Vec<Self>, CliError> {
        let text = files::read_text(file, files::MOST_TEXT).map_err(|error| CliError::usage(format!("{}: {error}", file.display())))?;
        Self::parse(&text).map_err(|(line, column, why)| CliError::usage(format!("{}:{line}:{column}: {why}", file.display())))
    }

    /// Four columns, separated by tabs: `accept` or `refuse`, kind, expected, heard. Empty lines and those that begin with `#` are
    /// passed over. An error has line, column and what to write instead.
    fn parse(text: &str) -> Result<Vec<Self>, (usize, usize, String)> {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let pairs = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        pairs.map(|(number, line)| Self::of(number, line)).collect()
    }

    fn of(line: usize, text: &str) -> Result<Self, (usize, usize, String)> {
        let columns: Vec<&str> = text.split('\t').collect();
        let [verdict, kind, expected, heard] = columns[..] else {
            let why = format!("{} columns; write four, with tabs between: accept or refuse, kind, expected, heard", columns.len());
            return Err((line, 1, why));
        };
        let accept = match verdict.trim() {
            "accept" => true,
            "refuse" => false,
            other => return Err((line, 1, format!("`{other}` is not a verdict; write accept or refuse"))),
        };
        Ok(Self { line, accept, kind: kind.to_owned(), expected: expected.to_owned(), heard: heard.to_owned() })
    }
}

/// The pairs whose verdict is not that of the first column, and how many there are.
fn table(kind: MatcherKind, leniency: &Leniency<'_>, pairs: &[Pair], file: &str) -> Result<(String, bool), CliError> {
    let (mut text, mut accepted, mut refused) = (String::new(), 0_usize, 0_usize);
    for pair in pairs {
        let judged = kind.of(&pair.expected)?.judge(&pair.heard, leniency);
        if judged.met == pair.accept {
            continue;
        }
        *(if judged.met { &mut accepted } else { &mut refused }) += 1;
        let (line, verdict) = (pair.line, if judged.met { "accepted" } else { "refused" });
        let _written = write!(
            text,
            "{file}:{line}: {verdict} wrongly ({})\n  expected: {}\n     heard: {}\n    reason: {}\n",
            pair.kind, pair.expected, pair.heard, judged.reason
        );
    }
    let to_accept = pairs.iter().filter(|pair| pair.accept).count();
    let to_refuse = pairs.len() - to_accept;
    let share = |wrong: usize, all: usize| 100.0 * wrong as f64 / all.max(1) as f64;
    let _written = writeln!(
        text,
        "{} of {} pairs as expected; {accepted} of {to_refuse} accepted wrongly ({:.1} %), {refused} of {to_accept} refused wrongly ({:.1} %)",
        pairs.len() - accepted - refused,
        pairs.len(),
        share(accepted, to_refuse),
        share(refused, to_accept)
    );
    Ok((text, accepted + refused == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_explained() {
        let (wrong, met) = one(
            MatcherKind::Says,
            &Leniency::default(),
            "You are booked for Tuesday at 3 PM.",
            "you are booked for thursday at three p.m.",
        )
        .expect("text");
        assert!(!met);
        let (right, met) = one(MatcherKind::Contains, &Leniency::default(), "$25", "it costs twenty five dollars").expect("text");
        assert!(met);
        insta::assert_snapshot!(wrong + &right);
    }

    #[test]
    fn a_table_lists_what_is_not_as_expected() {
        let text = "# verdict\tkind\texpected\theard\n\naccept\tnumber\tYou have 3 items.\tYou have three items.\n\
                    accept\tnumber\tYou have 3 items.\tYou have five items.\nrefuse\tnumber\tYou have 3 items.\tYou have 3 items.\n";
        let pairs = Pair::parse(text).map_err(|(_, _, why)| why).expect("pairs");
        let (text, met) = table(MatcherKind::Says, &Leniency::default(), &pairs, "pairs.tsv").expect("text");
        assert!(!met);
        insta::assert_snapshot!(text);
        assert!(table(MatcherKind::Says, &Leniency::default(), &pairs[..1], "pairs.tsv").expect("text").1);
    }

    #[test]
    fn names_and_what_they_are_heard_as() {
        let options = ["Xiomara=Zumar", "Xiomara = the Amara"].map(str::to_owned);
        let names = heard_as(&options).map_err(|_| "usage").expect("names");
        assert_eq!(names.get("Xiomara"), Some(&vec!["Zumar".to_owned(), "the Amara".to_owned()]));
        assert!(heard_as(&["Xiomara".to_owned()]).is_err());
    }

    #[test]
    fn a_wrong_table_says_where_and_what_to_write() {
        let wrong = |text: &str| Pair::parse(text).err().map(|(line, column, why)| format!("{line}:{column}: {why}"));
        assert_eq!(
            [wrong("accept\ta\tb\tc\nmaybe\ta\tb\tc\n"), wrong("accept\ta b\tc")].map(Option::unwrap_or_default),
            [
                "2:1: `maybe` is not a verdict; write accept or refuse",
                "1:1: 3 columns; write four, with tabs between: accept or refuse, kind, expected, heard"
            ]
        );
    }
}
