//! The one event stream: every report is made of it, and `events.jsonl` is the same stream on disk.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::load::LoadReport;
use super::shard::Shard;
use super::signalling::SipResponse;
use super::threshold_result::ThresholdResult;
use crate::call::{Input, Outcome, TurnResult};
use crate::media::Reception;
use crate::media::quality::Quality;
use crate::scenario::{Secrets, Threshold, Unmaskable};
use crate::telemetry::Report;
use crate::time::{CallTime, Span};
use crate::transport::DialErrorKind;

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first event.
    RunStarted {
        /// Version of goldencall.
        version: String,
        /// The run's number, as every call carries it in `X-Goldencall-Run`.
        #[serde(default)]
        run: String,
        /// Wall-clock time, RFC 3339.
        started: String,
        /// Every target that is called, by the name that reports give it.
        #[serde(default)]
        targets: Vec<String>,
        /// Calls planned, retries left out.
        calls: usize,
        /// Each of them, so that a run that breaks off can name those without a result.
        #[serde(default)]
        planned: Vec<Named>,
        /// Calls at once, at most.
        jobs: usize,
        /// What this is a part of, where a run is split over machines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<Box<Part>>,
    },
    /// A call is being placed.
    CallStarted {
        /// Number of the call in this run.
        call: usize,
        /// Name of the scenario.
        scenario: String,
        /// Whom it calls.
        target: String,
    },
    /// The call was answered.
    CallAnswered {
        /// Number of the call.
        call: usize,
        /// Dial to answer.
        #[serde(rename = "setup_ns")]
        setup: CallTime,
    },
    /// An input of the conversation; a call's inputs replay it.
    Input {
        /// Number of the call.
        call: usize,
        /// The input.
        input: Input,
    },
    /// What the bot said of itself.
    Report {
        /// Number of the call.
        call: usize,
        /// When it came.
        #[serde(rename = "at_ns")]
        at: CallTime,
        /// What it said.
        report: Report,
    },
    /// A turn is judged, by what was heard.
    Turn {
        /// Number of the call.
        call: usize,
        /// Its verdict.
        turn: Box<TurnResult>,
    },
    /// A call is over and judged.
    CallFinished {
        /// Everything about it.
        result: Box<CallResult>,
    },
    /// A load as it is known so far: at its start, after every interval, at its end.
    Load {
        /// Everything about it.
        report: Box<LoadReport>,
    },
    /// The last event of a run.
    RunFinished {
        /// Verdicts of the suite's thresholds.
        thresholds: Vec<ThresholdResult>,
        /// Wall-clock seconds of the run.
        seconds: f64,
        /// True where the run was interrupted.
        interrupted: bool,
        /// The most calls that were up at any moment.
        #[serde(default)]
        peak_calls: usize,
    },
    /// An event of a later version of goldencall.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// The event without secrets. Paths stay: a report that names another file than the one on the disk is of no use.
    ///
    /// # Errors
    /// A secret cannot be taken out of it.
    pub fn masked(&self, secrets: &Secrets) -> Result<Self, Unmaskable> {
        let mut masked = secrets.mask(self)?;
        if let (Self::CallFinished { result: masked }, Self::CallFinished { result }) = (&mut masked, self) {
            masked.file.clone_from(&result.file);
            masked.recording.clone_from(&result.recording);
        }
        Ok(masked)
    }

    /// What it is about, for an error.
    pub fn subject(&self) -> String {
        match self {
            Self::CallStarted { call, .. }
            | Self::CallAnswered { call, .. }
            | Self::Input { call, .. }
            | Self::Report { call, .. }
            | Self::Turn { call, .. } => format!("call {call}"),
            Self::CallFinished { result } => format!("call {}", result.call),
            Self::RunStarted { .. } | Self::Load { .. } | Self::RunFinished { .. } | Self::Unknown => "the run".to_owned(),
        }
    }
}

/// The name of a call in reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its number in the whole run, from 1.
    pub call: usize,
    /// Name of the scenario.
    pub scenario: String,
    /// File of the scenario.
    pub file: PathBuf,
    /// Which repetition, from 1.
    pub repetition: usize,
    /// Whom it calls.
    pub target: String,
}

/// A part of a run, and what it takes to put the whole together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which part.
    pub shard: Shard,
    /// Calls of the whole run.
    pub whole: usize,
    /// What the whole must keep to.
    pub thresholds: Vec<Threshold>,
    /// A digest of which call is whose, the same in every part of one run.
    #[serde(default)]
    pub deal: String,
}

/// How a call came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallOutcome {
    /// Every check held.
    Passed,
    /// The bot was wrong.
    Failed,
    /// The call could not be made, or the tester was at fault.
    #[default]
    Error,
    /// The run was interrupted before the call was placed.
    Skipped,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// For reports that count.
    pub kind: CallErrorKind,
    /// For people: what happened and what to do.
    pub message: String,
}

/// Kinds of [`CallError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", untagged)]
pub enum CallErrorKind {
    /// The call was not answered.
    Dial(DialErrorKind),
    /// Anything else.
    Other(OtherErrorKind),
}

/// Errors that are not about placing the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherErrorKind {
    /// The recogniser failed.
    Transcription,
    /// The call broke off in a way that no side meant.
    Broken,
    /// The tester was too slow to judge fairly.
    Tester,
    /// The run was interrupted.
    Interrupted,
    /// The run broke off before the call had a result.
    Unfinished,
}

/// How well the tester itself did in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// 99th percentile of the lateness of sent packets, or of their wait for the socket where that is longer.
    pub pacing_p99_ms: f64,
    /// Longest time that the caller waited for a transcript.
    pub held_back_ms: f64,
    /// Longest time that a transcript came after the pause that ends a turn.
    pub transcript_lag_ms: f64,
}

/// What the tester did late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StallKind {
    /// A packet of the caller's.
    Sending,
    /// The conversation's next action.
    Waking,
}

/// A stretch in which the tester did not do what was due: its process was stopped, or had no processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    /// What came late.
    pub kind: StallKind,
    /// From when it was due to when it was done.
    #[serde(flatten)]
    pub span: Span,
}

/// Everything about one call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallResult {
    /// Number of the call in this run, from 1.
    pub call: usize,
    /// Name of the scenario.
    pub scenario: String,
    /// File of the scenario.
    pub file: PathBuf,
    /// Which repetition, from 1.
    pub repetition: usize,
    /// Which attempt, from 1; more than one only after errors.
    pub attempt: usize,
    /// Whom it called.
    pub target: String,
    /// Wall-clock time of dial, RFC 3339.
    pub started: String,
    /// How it came out.
    pub outcome: CallOutcome,
    /// Why there is no verdict.
    pub error: Option<CallError>,
    /// Dial to answer.
    #[serde(rename = "setup_ns")]
    pub setup: Option<CallTime>,
    /// Dial to the first 180 or 183; `None` where nothing rang.
    #[serde(default, rename = "post_dial_delay_ns")]
    pub post_dial_delay: Option<CallTime>,
    /// Every SIP response to the INVITE, of calls that failed too.
    #[serde(default)]
    pub sip_responses: Vec<SipResponse>,
    /// Dial to end.
    pub duration: Duration,
    /// The protocol's name of the call: SIP's Call-ID, a provider's call id, a WebRTC server's connection id.
    pub call_id: Option<String>,
    /// The trace that the bot was asked to continue (W3C Trace Context), 32 hexadecimal digits.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// Name of the codec.
    pub codec: Option<String>,
    /// Every bot turn, in order.
    pub turns: Vec<TurnResult>,
    /// RTP statistics of the bot's stream.
    pub reception: Reception,
    /// How the bot's side of the line sounded.
    #[serde(default)]
    pub quality: Quality,
    /// How well the tester did.
    pub health: Health,
    /// Delays of the tester of more than 100 ms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<Stall>,
    /// Checks that the tester's own delays spoiled, and why; neither passed nor failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfair: Vec<String>,
    /// Recordings and captures that could not be written, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// Observations that help to understand a failure.
    pub notes: Vec<String>,
    /// Stereo WAV: caller left, bot right; zero is dial.
    pub recording: Option<PathBuf>,
    /// The error of each attempt before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_errors: Vec<CallError>,
}

impl CallResult {
    /// A call of which no more is known than its plan.
    pub fn of(named: &Named) -> Self {
        let Named { call, scenario, file, repetition, target } = named.clone();
        Self { call, scenario, file, repetition, attempt: 1, target, ..Self::default() }
    }

    /// How reports name it.
    pub fn named(&self) -> Named {
        let Self { call, scenario, file, repetition, target, .. } = self.clone();
        Named { call, scenario, file, repetition, target }
    }

    /// Whether any check failed.
    pub fn has_failures(&self) -> bool {
        self.turns.iter().any(|turn| turn.outcome == Outcome::Failed)
    }
}
