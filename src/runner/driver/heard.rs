//! The bot's audio on its way through detection and transcription to the conversation.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::super::finished::Failure;
use super::super::lanes::Detected;
use super::Driver;
use crate::call::{InputKind, SpeechEdge};
use crate::media::detect;
use crate::speech::stt::{SttError, segment_audio};
use crate::time::Span;

/// Samples worth a trip through the detection lane.
const LEAST_SAMPLES: usize = 256;

/// A segment on its way to words.
pub(super) struct Words {
    span: Span,
    reply: oneshot::Receiver<Result<String, SttError>>,
}

impl Driver<'_> {
    /// Hands the detector what has come in; at the end of the call, the rest of it.
    pub(super) async fn tick(&mut self) {
        let now = self.clock.now();
        if self.ending.is_some() {
            self.backlog.extend_from_slice(self.timeline.rest());
        } else {
            self.backlog.extend_from_slice(self.timeline.ready(now));
        }
        let last = self.ending.is_some() && !self.last_fed;
        if self.backlog.len() < LEAST_SAMPLES && !last {
            return;
        }
        if let Some(detector) = self.detector.take() {
            self.last_fed |= last;
            let samples = std::mem::take(&mut self.backlog);
            self.detecting = Some(self.services.detection.feed(detector, samples, last));
        }
    }

    pub(super) async fn detected(&mut self, detected: Option<Detected>) {
        self.detecting = None;
        let Some(Detected { detector, edges }) = detected else {
            self.failure = Some(Failure::Transcription("the detection lane is gone".to_owned()));
            return;
        };
        self.detector = Some(detector);
        match edges {
            Ok(edges) => {
                for edge in edges {
                    self.edge(edge).await;
                }
            }
            Err(error) => self.failure = Some(Failure::Transcription(error.to_string())),
        }
        if self.last_fed && !self.ended {
            self.ended = true;
            if let Some(cause) = self.ending.clone() {
                self.tell(InputKind::Ended(cause)).await;
            }
        }
    }

    async fn edge(&mut self, edge: detect::SpeechEdge) {
        match edge {
            detect::SpeechEdge::Started { onset } => {
                let arrived = self.timeline.received_at(onset);
                let onset = self.timeline.heard_at(onset);
                self.onset = Some(onset);
                self.received.insert(onset, arrived);
                self.tell(InputKind::RemoteSpeech(SpeechEdge::Started { onset })).await;
            }
            detect::SpeechEdge::Ended { onset: first, end: last, .. } => {
                let onset = self.onset.take().unwrap_or_else(|| self.timeline.heard_at(first));
                let end = self.timeline.heard_until(last);
                self.tell(InputKind::RemoteSpeech(SpeechEdge::Ended { onset, end })).await;
                let range = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
                self.speech.push((Span { start: onset, end }, range.clone()));
                let audio = segment_audio(self.timeline.recording(), range);
                self.words.push_back(Words { span: Span { start: onset, end }, reply: self.services.transcription.transcribe(audio) });
            }
        }
    }

    pub(super) async fn transcribed(&mut self, words: Result<String, String>) {
        let Some(Words { span, .. }) = self.words.pop_front() else { return };
        self.transcript_lag = self.transcript_lag.max(self.clock.now().saturating_since(span.end));
        match words {
            Ok(text) => self.tell(InputKind::Transcript { span, text, is_final: true }).await,
            Err(error) => {
                self.failure = Some(Failure::Transcription(error));
                self.call.control.hang_up().await;
            }
        }
    }
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
