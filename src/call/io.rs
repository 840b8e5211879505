//! Inputs and outputs of the conversation.

use serde::{Deserialize, Serialize};

use super::verdict::TurnResult;
use crate::expect::{Doubt, Fit};
use crate::time::{CallTime, Span};

/// Something that happened, and when the runner learnt of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// When the runner learnt of it; never earlier than the input before.
    #[serde(rename = "at_ns")]
    pub at: CallTime,
    /// What happened; audio times inside are those of the audio itself.
    pub kind: InputKind,
}

/// The kinds of [`Input`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// The call was answered at `at`.
    Connected,
    /// An edge of the bot's speech, from the audio.
    RemoteSpeech(SpeechEdge),
    /// Progress of what the caller plays.
    Playback(Playback),
    /// Words of one bot speech segment.
    Transcript {
        /// The segment: its start is the onset that [`SpeechEdge::Started`] gave.
        span: Span,
        /// What the recogniser heard.
        text: String,
        /// False for a partial result, which decides nothing.
        is_final: bool,
    },
    /// A segment whose words [`Conversation::needs_words`](super::Conversation::needs_words) did not ask for.
    Untranscribed {
        /// The segment, as in [`InputKind::Transcript`].
        span: Span,
    },
    /// What the audio of a segment says about its words: the answer to [`Output::Ask`], all of it at once.
    Fits {
        /// The onset of the segment.
        #[serde(rename = "onset_ns")]
        onset: CallTime,
        /// One for each doubt.
        answers: Vec<Answer>,
    },
    /// A digit from the bot.
    Dtmf(char),
    /// The bot transfers the call to this address.
    Transfer(String),
    /// The bot hung up. What it said before is still being looked at: [`InputKind::Ended`] follows.
    HungUp {
        /// When it did.
        #[serde(rename = "hung_up_ns")]
        hung_up: CallTime,
    },
    /// The call is over. Edges and words of what was heard before may still follow; what has started
    /// and has no end two seconds later is taken to have ended with the call.
    Ended(EndCause),
    /// A wake-up that [`Output::WakeAt`] asked for.
    Timeout,
}

/// Start or end of a bot speech segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeechEdge {
    /// First speech sample received.
    Started {
        /// When it came off the wire.
        #[serde(rename = "onset_ns")]
        onset: CallTime,
    },
    /// Last speech sample received.
    Ended {
        /// The onset of the same segment.
        #[serde(rename = "onset_ns")]
        onset: CallTime,
        /// When the last sample came off the wire.
        #[serde(rename = "end_ns")]
        end: CallTime,
    },
}

/// Progress of the caller's act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Playback {
    /// First speech sample sent.
    Started {
        /// When it went onto the wire.
        #[serde(rename = "speech_start_ns")]
        speech_start: CallTime,
    },
    /// Last speech sample sent.
    SpeechEnded {
        /// When it went onto the wire.
        #[serde(rename = "speech_end_ns")]
        speech_end: CallTime,
    },
    /// The recording is over, its trailing silence included.
    Finished,
}

/// What the audio says about one doubt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// As it was asked.
    #[serde(flatten)]
    pub doubt: Doubt,
    /// How well the audio fits what was expected; `None` where the recogniser cannot tell.
    pub fit: Option<Fit>,
}

/// Why the call is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// goldencall hung up, as it meant to.
    CallerHungUp,
    /// The bot hung up (BYE).
    BotHungUp,
    /// The media or the signalling broke off.
    Lost(String),
    /// The run was interrupted.
    Cancelled,
}

impl EndCause {
    /// The subject and verb of a sentence.
    pub(super) fn in_words(&self) -> String {
        match self {
            EndCause::CallerHungUp => "the caller hung up".to_owned(),
            EndCause::BotHungUp => "the bot hung up".to_owned(),
            EndCause::Lost(why) => format!("the call was lost ({why})"),
            EndCause::Cancelled => "the run was interrupted".to_owned(),
        }
    }
}

/// What the conversation wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Play the recording of this caller step.
    Play {
        /// Index into the scenario's steps.
        step: usize,
    },
    /// Stop playing at once.
    StopPlay,
    /// Send these digits.
    SendDtmf(String),
    /// End the call.
    Hangup,
    /// Find out how well the audio of a segment fits other words than those heard in it, and hand in [`InputKind::Fits`]. Until then
    /// the turn waits as it does for a transcript.
    Ask {
        /// The onset of the segment.
        onset: CallTime,
        /// Its words.
        heard: String,
        /// What is in doubt; the ranges lie in `heard`.
        doubts: Vec<Doubt>,
    },
    /// Hand in [`InputKind::Timeout`] at this time unless something else comes first.
    WakeAt(CallTime),
    /// A turn is judged.
    Turn(Box<TurnResult>),
}
