//! The bot's audio on its way through detection and transcription to the conversation.

use std::time::Duration;

use super::super::detection::Detected;
use super::super::evidence::Failure;
use super::Driver;
use super::listening::{Asked, Words};
use crate::call::{Answer, InputKind, SpeechEdge};
use crate::clock::Monotonic;
use crate::expect::{Doubt, Fit};
use crate::media::detect;
use crate::speech::stt::segment_audio;
use crate::time::{CallTime, Span};

/// Samples worth a trip through the detection lane.
const LEAST_SAMPLES: usize = 256;
/// How much later the words of calls that have ended are wanted.
const AFTER_CALLERS: Duration = Duration::from_secs(60);

impl Driver<'_> {
    /// Hands the detector what has come in; at the end of the call, the rest of it.
    pub(super) async fn tick(&mut self) {
        let now = self.clock.now();
        // This task may have been kept waiting: what came up to here is in the queue, later packets may wait in the socket.
        let read = self.call.control.read_until().map_or(now, |read| read.min(now));
        while self.ending.is_none()
            && let Ok(event) = self.incoming.try_recv()
        {
            Box::pin(self.incoming(event)).await;
        }
        if self.ending.is_some() {
            self.listening.backlog.extend_from_slice(self.evidence.timeline.rest());
        } else {
            self.listening.backlog.extend_from_slice(self.evidence.timeline.ready(read));
        }
        let last = self.ending.is_some() && !self.listening.last_fed;
        if self.listening.backlog.len() < LEAST_SAMPLES && !last {
            return;
        }
        if let Some(detector) = self.listening.detector.take() {
            self.listening.last_fed |= last;
            let samples = std::mem::take(&mut self.listening.backlog);
            self.listening.detecting = Some(self.services.detection.feed(detector, samples, last));
        }
    }

    pub(super) async fn detected(&mut self, detected: Option<Detected>) {
        self.listening.detecting = None;
        let Some(Detected { detector, edges }) = detected else {
            self.evidence.failure = Some(Failure::Transcription("the detection lane is gone".to_owned()));
            return;
        };
        self.listening.detector = Some(detector);
        match edges {
            Ok(edges) => {
                for edge in edges {
                    self.edge(edge).await;
                }
            }
            Err(error) => self.evidence.failure = Some(Failure::Transcription(error.to_string())),
        }
        if self.listening.last_fed && !self.listening.ended {
            self.listening.ended = true;
            if let Some(cause) = self.ending.clone() {
                self.handle(InputKind::Ended(cause)).await;
            }
        }
    }

    async fn edge(&mut self, edge: detect::SpeechEdge) {
        match edge {
            detect::SpeechEdge::Started { onset } => {
                let arrived = self.evidence.timeline.received_at(onset);
                let onset = self.evidence.timeline.heard_at(onset);
                self.listening.onset = Some(onset);
                self.evidence.received.insert(onset, arrived);
                self.handle(InputKind::RemoteSpeech(SpeechEdge::Started { onset })).await;
            }
            detect::SpeechEdge::Ended { onset: first, end: last, .. } => {
                let onset = self.listening.onset.take().unwrap_or_else(|| self.evidence.timeline.heard_at(first));
                let end = self.evidence.timeline.heard_until(last);
                self.handle(InputKind::RemoteSpeech(SpeechEdge::Ended { onset, end })).await;
                let range = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
                self.evidence.speech.push((Span { start: onset, end }, range.clone()));
                let span = Span { start: onset, end };
                if !self.services.transcribe_all && !self.conversation.needs_words(span) {
                    self.handle(InputKind::Untranscribed { span }).await;
                    return;
                }
                let audio = segment_audio(self.evidence.timeline.recording(), range);
                let since = self.waited_since(end);
                self.listening.words.push_back(Words { span, reply: self.services.transcription.transcribe(since, audio) });
            }
        }
    }

    /// Since when somebody has been waiting for words that ended at `end`. Once a call is over only its verdict waits, so calls in progress go
    /// first.
    fn waited_since(&self, end: CallTime) -> Monotonic {
        let later = if self.ending.is_some() { AFTER_CALLERS } else { Duration::ZERO };
        self.clock.moment(end).plus_nanos(i64::try_from(later.as_nanos()).unwrap_or(i64::MAX))
    }

    pub(super) async fn transcribed(&mut self, words: Result<String, String>) {
        let Some(Words { span, .. }) = self.listening.words.pop_front() else { return };
        self.evidence.transcript_lag = self.evidence.transcript_lag.max(self.clock.now().saturating_since(span.end));
        match words {
            Ok(text) => self.handle(InputKind::Transcript { span, text, is_final: true }).await,
            Err(error) => self.deaf(error).await,
        }
    }

    /// Asks the recogniser about the words of a segment, on the lane that transcribed it.
    pub(super) fn ask(&mut self, onset: CallTime, heard: String, doubts: Vec<Doubt>) {
        let range = self.evidence.speech.iter().find(|(span, _)| span.start == onset).map(|(_, range)| range.clone());
        let audio = segment_audio(self.evidence.timeline.recording(), range.unwrap_or_default());
        let reply = self.services.transcription.compare(self.waited_since(onset), audio, heard, doubts.clone());
        self.listening.asked.push_back(Asked { onset, doubts, reply });
    }

    pub(super) async fn answered(&mut self, answers: Result<Vec<Option<Fit>>, String>) {
        let Some(Asked { onset, doubts, .. }) = self.listening.asked.pop_front() else { return };
        match answers {
            Ok(fits) => {
                let fits = fits.into_iter().chain(std::iter::repeat(None));
                let answers = doubts.into_iter().zip(fits).map(|(doubt, fit)| Answer { doubt, fit }).collect();
                self.handle(InputKind::Fits { onset, answers }).await;
            }
            Err(error) => self.deaf(error).await,
        }
    }

    /// Without the recogniser there is no verdict.
    async fn deaf(&mut self, error: String) {
        self.evidence.failure = Some(Failure::Transcription(error));
        self.call.control.hang_up().await;
    }
}
