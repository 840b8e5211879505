//! A call's timeline as a table, one event a line:
//!
//! ```text
//! 0.5 connected
//! 1.0-2.4 bot "Thanks for calling"
//! c1+0.8-2.0 bot "On which day?"
//! ```
//!
//! Times are seconds since dial, or since an anchor: `c1` the end of the caller's first act, `s1` its
//! start, `h` the moment the tester hangs up. `stt=2` sets the transcript lag of one line; lines such as `lag 0.2` set it
//! for all. `ear 0.1` makes the recogniser one that can be asked, and answers after that long: `fit Austin -9 0.5` says how well
//! the audio fits a name (advantage and confidence).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{EndCause, InputKind, SpeechEdge};
use crate::expect::Fit;
use crate::time::{CallTime, Span};

/// From what a line's times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Dial,
    CallerEnd(usize),
    CallerStart(usize),
    Hangup,
}

#[derive(Clone, Debug)]
pub enum What {
    Connected,
    Bot { text: String, length: Duration, stt: Option<Duration> },
    Dtmf(char),
    Transfer(String),
    Ended(EndCause),
}

#[derive(Clone, Debug)]
pub struct Line {
    pub anchor: Anchor,
    pub after: Duration,
    pub what: What,
}

/// How the world around the conversation behaves.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub lines: Vec<Line>,
    /// Onset of speech to its report.
    pub lag: Duration,
    /// End of speech to its report.
    pub hangover: Duration,
    /// Report of the end to the transcript.
    pub stt: Duration,
    /// Length of each of the caller's recordings, and of the silence after its last word.
    pub clip: Duration,
    pub tail: Duration,
    /// Question to answer of a recogniser that can be asked.
    pub ear: Option<Duration>,
    /// What it answers for each expected wording; nothing where there is none.
    pub fits: BTreeMap<String, Fit>,
}

pub fn secs(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap_or_else(|_| panic!("no time: {text}")))
}

impl Timeline {
    pub fn parse(text: &str) -> Self {
        let mut timeline = Self {
            lines: Vec::new(),
            lag: secs("0.1"),
            hangover: secs("0.25"),
            stt: secs("0.1"),
            clip: secs("1"),
            tail: secs("0.2"),
            ear: None,
            fits: BTreeMap::new(),
        };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            timeline.add(line);
        }
        timeline
    }

    fn add(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').expect("two words a line");
        match first {
            "lag" => self.lag = secs(rest),
            "hangover" => self.hangover = secs(rest),
            "stt" => self.stt = secs(rest),
            "clip" => self.clip = secs(rest),
            "tail" => self.tail = secs(rest),
            "ear" => self.ear = Some(secs(rest)),
            "fit" => {
                let mut words = rest.rsplitn(3, ' ');
                let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
                let (confidence, advantage) = (number(), number());
                self.fits.insert(words.next().expect("a name").to_owned(), Fit { advantage, confidence });
            }
            times => self.lines.push(parse_line(times, rest)),
        }
    }
}

fn parse_line(times: &str, rest: &str) -> Line {
    let (anchor, times) = match times.split_once('+') {
        Some((anchor, times)) => (parse_anchor(anchor), times),
        None => (Anchor::Dial, times),
    };
    let (from, to) = times.split_once('-').unwrap_or((times, times));
    let (after, until) = (secs(from), secs(to));
    Line { anchor, after, what: parse_what(rest, until - after) }
}

fn parse_anchor(text: &str) -> Anchor {
    let number = || text[1..].parse().expect("the number of an act");
    match text.as_bytes()[0] {
        b'c' => Anchor::CallerEnd(number()),
        b's' => Anchor::CallerStart(number()),
        b'h' => Anchor::Hangup,
        _ => panic!("no anchor: {text}"),
    }
}

fn parse_what(text: &str, length: Duration) -> What {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    match verb {
        "connected" => What::Connected,
        "noise" => What::Bot { text: String::new(), length, stt: None },
        "bot" => {
            let (text, stt) = rest.rsplit_once(" stt=").map_or((rest, None), |(text, stt)| (text, Some(secs(stt))));
            What::Bot { text: text.trim_matches('"').to_owned(), length, stt }
        }
        "transfer" => What::Transfer(rest.to_owned()),
        "dtmf" => What::Dtmf(rest.chars().next().expect("a digit")),
        "ended" => What::Ended(match rest {
            "bot" => EndCause::BotHungUp,
            "caller" => EndCause::CallerHungUp,
            "cancelled" => EndCause::Cancelled,
            why => EndCause::Lost(why.to_owned()),
        }),
        _ => panic!("no such event: {text}"),
    }
}

impl Line {
    /// The inputs of this line and when each is handed in.
    pub fn inputs(&self, world: &Timeline, anchor: CallTime) -> Vec<(CallTime, InputKind)> {
        let at = anchor + self.after;
        match &self.what {
            What::Connected => vec![(at, InputKind::Connected)],
            What::Transfer(to) => vec![(at, InputKind::Transfer(to.clone()))],
            What::Dtmf(digit) => vec![(at, InputKind::Dtmf(*digit))],
            What::Ended(cause) => vec![(at, InputKind::Ended(cause.clone()))],
            What::Bot { text, length, stt } => {
                let (onset, end) = (at, at + *length);
                let (text, span) = (text.clone(), Span { start: onset, end });
                let heard = end + world.hangover;
                let started = (onset + world.lag).min(heard);
                let words = InputKind::Transcript { span, text, is_final: true };
                vec![
                    (started, InputKind::RemoteSpeech(SpeechEdge::Started { onset })),
                    (heard, InputKind::RemoteSpeech(SpeechEdge::Ended { onset, end })),
                    (heard + stt.unwrap_or(world.stt), words),
                ]
            }
        }
    }
}
