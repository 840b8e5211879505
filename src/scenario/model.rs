//! What a scenario is once it has parsed: nothing here can be wrong any more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::expectation::{Capture, Expectation};
use super::hearsay::ExpectedCall;
use super::quality::QualityBounds;
use super::source::{Location, Source};
use super::targets::Target;
use crate::telemetry::Stage;

/// One dialogue: what the caller says, what the bot must answer, and how fast.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Shown in every report; unique inside a file by construction (one scenario a file).
    pub name: String,
    /// Free text for people.
    pub description: String,
    /// For `--tag`.
    pub tags: Vec<String>,
    /// Whom to call when the command line names nobody.
    pub target: Option<Target>,
    /// Values of `{{name}}`; captured ones are added during the call.
    pub variables: BTreeMap<String, String>,
    /// Longest duration of the call, from answer.
    pub timeout: Duration,
    /// The dialogue, in order.
    pub steps: Vec<Step>,
    /// The file it came from.
    pub source: Arc<Source>,
}

/// One line of the dialogue.
#[derive(Clone, Debug)]
pub enum Step {
    /// The bot is expected to speak (or to stay silent).
    Bot(Box<BotStep>),
    /// The caller speaks, waits or dials digits.
    Caller(CallerStep),
    /// Somebody ends the call.
    Hangup(HangupStep),
    /// The bot transfers the call.
    Transfer(TransferStep),
}

impl Step {
    /// Where the step stands in its file.
    pub fn location(&self) -> Location {
        match self {
            Step::Bot(step) => step.location,
            Step::Caller(step) => step.location,
            Step::Hangup(step) => step.location,
            Step::Transfer(step) => step.location,
        }
    }
}

/// A time limit and where it was written, so that a failed check can point at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The longest time allowed.
    pub limit: Duration,
    /// The limit in the file, or the step where the limit is a default.
    pub location: Location,
    /// True where the step itself states it.
    pub explicit: bool,
}

/// What the bot must do in one turn.
#[derive(Clone, Debug)]
pub struct BotStep {
    /// The step in its file.
    pub location: Location,
    /// What must be heard; `None`: any speech will do.
    pub says: Option<(Expectation, Location)>,
    /// What must not be heard.
    pub not: Option<(Expectation, Location)>,
    /// Bound on turn latency (greeting latency on the first turn).
    pub latency: Option<Bound>,
    /// Bound on the onset of the utterance that meets the expectation.
    pub answer_latency: Option<Bound>,
    /// The bot's speech must start within this time after it is due.
    pub within: Bound,
    /// Bound on the bot's last speech sample after the caller barges in.
    pub stops_within: Option<Bound>,
    /// The bot must say nothing for this long.
    pub silent_for: Option<Bound>,
    /// Digits that the bot must send (RFC 4733).
    pub dtmf: Option<(String, Location)>,
    /// Values to take out of what was heard.
    pub capture: Vec<Capture>,
    /// Bounds on what the bot tells of its stages.
    pub stages: Vec<(Stage, Bound)>,
    /// Bounds on how the bot's side of the line sounds while it speaks.
    pub quality: QualityBounds,
    /// Functions that the bot must call.
    pub calls: Vec<ExpectedCall>,
    /// The turn may be missing.
    pub optional: bool,
    /// Quiet that ends a turn whose expectation is met.
    pub end_silence: Duration,
    /// Quiet after which an unmet turn is given up.
    pub give_up: Duration,
    /// When the caller may go on.
    pub advance: Advance,
}

/// What lets the caller go on after a bot turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Advance {
    /// The transcript meets the expectation.
    #[default]
    Match,
    /// The bot is quiet; judged when the transcript is there.
    Silence,
}

/// What the caller does in one turn.
#[derive(Clone, Debug)]
pub struct CallerStep {
    /// The step in its file.
    pub location: Location,
    /// The act itself.
    pub act: CallerAct,
    /// Pause before the act.
    pub after: Duration,
    /// Start this long after the bot starts speaking, without waiting for it to end.
    pub barge_in: Option<Duration>,
}

/// Exactly one thing a caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerAct {
    /// Plays a recording; the path is absolute or relative to the working directory.
    Audio(PathBuf),
    /// Says nothing for this long.
    Silence(Duration),
    /// Sends digits.
    Dtmf(String),
}

/// Who ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// goldencall hangs up.
    Caller,
    /// The bot must hang up.
    Bot,
}

/// The end of the call as the scenario expects it.
#[derive(Clone, Debug)]
pub struct HangupStep {
    /// The step in its file.
    pub location: Location,
    /// Who does it.
    pub by: By,
    /// How long to wait for the bot to do it.
    pub within: Duration,
}

/// The bot hands the call over to somebody else (REFER).
#[derive(Clone, Debug)]
pub struct TransferStep {
    /// The step in its file.
    pub location: Location,
    /// To whom: a URI, or a number or user name alone. May hold `{{variables}}`.
    pub to: String,
    /// How long to wait for it.
    pub within: Duration,
}
