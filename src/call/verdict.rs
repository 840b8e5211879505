//! Verdicts: failed expectations are data, never `Err`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::media::quality::Quality;
use crate::scenario::Location;
use crate::telemetry::{Stage, TurnTelemetry};

use crate::time::{CallTime, Span, nanos};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Held, with data.
    Passed,
    /// Did not hold, or had no data.
    Failed,
    /// Not judged: the call never came this far, or the turn was optional.
    Skipped,
}

/// The checks that a turn can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// The bot's speech started in time.
    Within,
    /// The expected words.
    Says,
    /// Words that must not come.
    Not,
    /// Turn or greeting latency.
    Latency,
    /// Onset of the utterance that met the expectation.
    AnswerLatency,
    /// The bot stopped after the caller barged in.
    StopsWithin,
    /// The bot stayed silent.
    SilentFor,
    /// Digits from the bot.
    Dtmf,
    /// A value was found in the words.
    Capture,
    /// The call ended as expected.
    Hangup,
    /// The bot transferred the call.
    Transfer,
    /// The call lasted as long as the dialogue.
    Call,
    /// The bot called a function.
    Calls,
    /// The quality of the bot's audio.
    Quality,
    /// A stage of the bot, as the bot reports it.
    #[serde(untagged)]
    Stage(Stage),
}

impl CheckKind {
    /// The key in the scenario language.
    pub fn name(self) -> &'static str {
        match self {
            CheckKind::Within => "within",
            CheckKind::Says => "says",
            CheckKind::Not => "not",
            CheckKind::Latency => "latency",
            CheckKind::AnswerLatency => "answer_latency",
            CheckKind::StopsWithin => "stops_within",
            CheckKind::SilentFor => "silent_for",
            CheckKind::Dtmf => "dtmf",
            CheckKind::Capture => "capture",
            CheckKind::Hangup => "hangup",
            CheckKind::Transfer => "transfer",
            CheckKind::Call => "call",
            CheckKind::Stage(stage) => stage.key(),
            CheckKind::Calls => "calls",
            CheckKind::Quality => "quality",
        }
    }

    /// About what happens to the call, not about what the bot says or how it sounds.
    pub fn is_about_the_call(self) -> bool {
        matches!(self, CheckKind::Hangup | CheckKind::Transfer)
    }
}

/// One judged check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Which check.
    pub check: CheckKind,
    /// How it came out.
    pub outcome: Outcome,
    /// What was asked for, in words.
    pub expected: String,
    /// What came, in words.
    pub actual: String,
    /// Why it failed, in one sentence; empty where it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Expected and heard words side by side, where the expectation is a text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// The words that were put down to the recogniser because their audio allows what was expected, in one sentence; empty where
    /// there were none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub forgiven: String,
    /// Where the check stands in the scenario.
    pub location: Location,
}

impl CheckResult {
    /// A check that holds, or does not for this reason.
    pub fn judged(check: CheckKind, location: Location, expected: String, actual: String, failed: Option<String>) -> Self {
        let outcome = if failed.is_some() { Outcome::Failed } else { Outcome::Passed };
        Self {
            check,
            outcome,
            expected,
            actual,
            reason: failed.unwrap_or_default(),
            diff: String::new(),
            forgiven: String::new(),
            location,
        }
    }

    /// A check that could not be judged, and why.
    pub(super) fn skipped(check: CheckKind, location: Location, expected: String, why: &str) -> Self {
        let (actual, reason) = (why.to_owned(), String::new());
        Self { check, outcome: Outcome::Skipped, expected, actual, reason, diff: String::new(), forgiven: String::new(), location }
    }
}

/// The worst outcome: one failure fails all, and a turn without judged checks does not pass.
pub(super) fn worst(checks: &[CheckResult]) -> Outcome {
    let has = |outcome| checks.iter().any(|check| check.outcome == outcome);
    if has(Outcome::Failed) {
        Outcome::Failed
    } else if has(Outcome::Passed) {
        Outcome::Passed
    } else {
        Outcome::Skipped
    }
}

/// From when a turn's latency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The answer: greeting latency.
    Answer,
    /// The caller's last speech sample sent: turn latency.
    CallerSpeechEnd,
    /// The start of a caller's deliberate silence.
    CallerSilence,
    /// The last digit sent.
    CallerDtmf,
    /// The end of the bot turn before.
    BotSpeechEnd,
}

impl Origin {
    /// The name of a latency that counts from here.
    pub fn latency_name(self) -> &'static str {
        match self {
            Origin::Answer => "greeting latency",
            Origin::CallerSpeechEnd => "turn latency",
            Origin::CallerSilence => "time from the caller's silence",
            Origin::CallerDtmf => "latency after the last digit",
            Origin::BotSpeechEnd => "pause after the bot's turn before",
        }
    }
}

/// One stretch of bot speech and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// First to last speech sample.
    #[serde(flatten)]
    pub span: Span,
    /// What the recogniser heard; empty where it heard no words.
    pub text: String,
    /// No verdict depends on its words, so the recogniser was not asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untranscribed: bool,
}

/// What stands for words that the recogniser was not asked for.
const UNTRANSCRIBED: &str = "(not transcribed)";

/// A judged bot turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnResult {
    /// Index of the step in the scenario.
    pub step: usize,
    /// 1-based number of the bot step in the scenario; for another step, that of the bot step before it.
    pub turn: usize,
    /// Where the step stands in the scenario.
    pub location: Location,
    /// The worst of its checks.
    pub outcome: Outcome,
    /// Every check, in the order of the language.
    pub checks: Vec<CheckResult>,
    /// What the bot said.
    pub utterances: Vec<Utterance>,
    /// From when the latency counts.
    pub origin: Option<Origin>,
    /// That moment.
    #[serde(rename = "origin_ns")]
    pub origin_at: Option<CallTime>,
    /// Origin to the bot's first speech sample; negative where the bot talked over the caller.
    #[serde(rename = "latency_ns", with = "nanos")]
    pub latency: Option<SignedDuration>,
    /// Origin to when the bot's first speech sample would have been heard had it been played on arrival: earlier than the
    /// latency where the bot sent audio ahead of its playing. Known once the call is over.
    #[serde(default, rename = "arrival_latency_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub arrival_latency: Option<SignedDuration>,
    /// Origin to the onset of the utterance that met the expectation.
    #[serde(rename = "answer_latency_ns", with = "nanos")]
    pub answer_latency: Option<SignedDuration>,
    /// Caller's first speech sample sent over the bot to the bot's last speech sample.
    #[serde(rename = "barge_in_stop_ns", with = "nanos")]
    pub barge_in_stop: Option<SignedDuration>,
    /// Longest silence of both sides while the reply was due.
    #[serde(rename = "dead_air_ns", with = "nanos")]
    pub dead_air: Option<SignedDuration>,
    /// When the caller could have gone on, had the tester known the words at once.
    #[serde(default, rename = "held_from_ns", skip_serializing_if = "Option::is_none")]
    pub held_from: Option<CallTime>,
    /// How long the caller had to wait for the tester's transcript, from then on.
    #[serde(rename = "held_back_ns", with = "nanos")]
    pub held_back: Option<SignedDuration>,
    /// Values taken out of what was heard.
    pub captured: BTreeMap<String, String>,
    /// The bot's telemetry of the turn; known once the call is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Box<TurnTelemetry>>,
    /// How the line sounded from the bot's first speech sample to its last; known once the call is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Box<Quality>>,
}

impl TurnResult {
    /// All words of the turn, joined, for people.
    pub fn heard(&self) -> String {
        join_texts(self.utterances.iter().map(|utterance| if utterance.untranscribed { UNTRANSCRIBED } else { &utterance.text }))
    }

    /// Adds what could only be judged later.
    pub fn add_checks(&mut self, checks: Vec<CheckResult>) {
        self.checks.extend(checks);
        self.outcome = worst(&self.checks);
    }

    /// Takes back the failures that cannot be held against the bot, and returns their checks. What was wrong stays in the
    /// words of the check.
    pub fn excuse(&mut self, why: &str, unfair: impl Fn(&CheckResult) -> bool) -> Vec<CheckKind> {
        let failed = self.checks.iter_mut().filter(|check| check.outcome == Outcome::Failed);
        let mut excused = Vec::new();
        for check in failed.filter(|check| unfair(check)) {
            check.outcome = Outcome::Skipped;
            check.actual = format!("not judged fairly ({why}): {}", std::mem::take(&mut check.reason));
            excused.push(check.check);
        }
        self.outcome = worst(&self.checks);
        excused
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed)
    }
}

/// Joins segment texts with single spaces, leaving out empty ones.
pub fn join_texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}
