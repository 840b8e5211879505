//! The bot's audio on its way through detection and transcription.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::super::lanes::Detected;
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
    /// Onset of the segment under way, fixed when it was first reported.
    pub onset: Option<CallTime>,
    pub words: VecDeque<Words>,
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
            onset: None,
            words: VecDeque::new(),
            last_fed: false,
            ended: false,
        }
    }
}

/// A segment on its way to words.
pub(super) struct Words {
    pub span: Span,
    pub reply: oneshot::Receiver<Result<String, SttError>>,
}

/// Waits for the words of the oldest segment.
pub(super) async fn first_words(words: &mut VecDeque<Words>) -> Result<String, String> {
    match words.front_mut() {
        Some(first) => {
            (&mut first.reply).await.map_err(|_| "the transcription lane lost the segment".to_owned())?.map_err(|error| error.to_string())
        }
        None => std::future::pending().await,
    }
}
