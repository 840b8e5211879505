//! The bot's audio on its way through detection and transcription.

use std::collections::VecDeque;
use std::ops::Range;

use tokio::sync::oneshot;

use super::super::detection::Detected;
use crate::expect::{Doubt, Fit};
use crate::media::detect::{DetectorConfig, SpeechDetector, SpeechModel};
use crate::speech::stt::SttError;
use crate::time::{CallTime, Span};

/// How far the bot's audio has come.
pub(super) struct Listening {
    /// `None` while the detection lane has it.
    pub detector: Option<Box<SpeechDetector>>,
    pub detecting: Option<oneshot::Receiver<Detected>>,
    /// Samples that the detector has not had.
    pub backlog: Vec<i16>,
    /// Up to which sample it is known what is speech, and whether the last of it may yet turn out to be.
    pub known: (usize, bool),
    /// The samples that were there when the conversation wanted to be woken, and when that was.
    pub heard: Option<(CallTime, usize)>,
    /// Onset of the segment under way, fixed when it was first reported.
    pub onset: Option<CallTime>,
    /// The words of the segment under way, if it ends where it pauses.
    pub early: Option<Early>,
    pub words: VecDeque<Words>,
    pub asked: VecDeque<Asked>,
    /// The detector has had the end of the audio.
    pub last_fed: bool,
    /// The conversation knows that the call has ended.
    pub ended: bool,
}

impl Listening {
    pub fn new(model: SpeechModel) -> Self {
        Self {
            detector: Some(Box::new(SpeechDetector::new(model, DetectorConfig::default()))),
            detecting: None,
            backlog: Vec::new(),
            known: (0, false),
            heard: None,
            onset: None,
            early: None,
            words: VecDeque::new(),
            asked: VecDeque::new(),
            last_fed: false,
            ended: false,
        }
    }
}

/// What the lane answers with.
pub(super) type Reply = oneshot::Receiver<Result<String, SttError>>;

/// Words that are transcribed before it is known whether the segment ends there.
pub(super) struct Early {
    /// The samples of the timeline.
    pub range: Range<usize>,
    pub reply: Reply,
}

/// A segment on its way to words.
pub(super) struct Words {
    pub span: Span,
    pub reply: Reply,
}

/// A segment whose audio is asked about its words.
pub(super) struct Asked {
    pub onset: CallTime,
    pub doubts: Vec<Doubt>,
    pub reply: oneshot::Receiver<Result<Vec<Option<Fit>>, SttError>>,
}

/// Waits for the words of the oldest segment.
pub(super) async fn first_words(words: &mut VecDeque<Words>) -> Result<String, String> {
    reply(words.front_mut().map(|words| &mut words.reply)).await
}

/// Waits for the answers about the segment that was asked about first.
pub(super) async fn first_answers(asked: &mut VecDeque<Asked>) -> Result<Vec<Option<Fit>>, String> {
    reply(asked.front_mut().map(|asked| &mut asked.reply)).await
}

async fn reply<T>(reply: Option<&mut oneshot::Receiver<Result<T, SttError>>>) -> Result<T, String> {
    match reply {
        Some(reply) => reply.await.map_err(|_| "the transcription lane lost the segment".to_owned())?.map_err(|error| error.to_string()),
        None => std::future::pending().await,
    }
}
