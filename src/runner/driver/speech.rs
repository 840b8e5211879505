//! The bot's audio on its way through detection and transcription to the conversation.

use std::ops::Range;
use std::time::Duration;

use super::super::detection::Detected;
use super::super::evidence::{Failure, Speech};
use super::Driver;
use super::listening::{Asked, Early, Reply, Words};
use crate::call::{Answer, InputKind, SpeechEdge};
use crate::clock::Monotonic;
use crate::expect::{Doubt, Fit};
use crate::media::detect;
use crate::scenario::Step;
use crate::speech::stt::segment_audio;
use crate::time::{CallTime, Span};

/// Sound is known as speech or as something else after this time: a whisper needs longest.
const MOST_UNDECIDED: Duration = Duration::from_millis(400);
/// How often to look whether it is.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Samples worth a trip through the detection lane.
const LEAST_SAMPLES: usize = 256;
/// How much later the words are wanted of a caller who can go on without them.
const AFTER_WAITING_CALLERS: Duration = Duration::from_secs(2);
/// How much later the words of calls that have ended are wanted.
const AFTER_CALLERS: Duration = Duration::from_secs(60);

impl Driver<'_> {
    /// Hands the detector what has come in; at the end of the call, the rest of it.
    pub(super) async fn tick(&mut self) {
        let now = self.clock.now();
        // This task may have been kept waiting: what came up to here is in the queue, later packets may wait in the socket.
        let read = self.call.control.read_until().map_or(now, |read| read.min(now));
        self.catch_up().await;
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
            self.listening.detecting = Some(self.services.detection.feed(detector, &self.listening.backlog, last));
            self.listening.backlog.clear();
        }
    }

    pub(super) async fn detected(&mut self, detected: Option<Detected>) {
        self.listening.detecting = None;
        // What was found may be what the conversation's time is put off for.
        let now = self.clock.now();
        let due = self.wake.map(|(due, _)| due).filter(|due| now >= *due);
        self.held = due.filter(|_| self.may_hear_speech(now));
        let Some(Detected { detector, edges }) = detected else {
            self.evidence.failure = Some(Failure::Transcription("the detection lane is gone".to_owned()));
            return;
        };
        let (known, candidate) = detector.known();
        self.listening.known = (usize::try_from(known).unwrap_or(usize::MAX), candidate);
        self.listening.detector = Some(detector);
        for edge in edges {
            self.edge(edge).await;
        }
        self.held = None;
        if self.listening.last_fed && !self.listening.ended {
            self.listening.ended = true;
            if let Some(cause) = self.ending.clone() {
                self.handle(InputKind::Ended(cause)).await;
            }
        }
    }

    /// Puts the conversation's wake-up off where something on the line may yet turn out to be speech.
    pub(super) async fn waits_for_detection(&mut self) -> bool {
        let wake = self.wake;
        self.catch_up().await;
        if self.wake != wake {
            return true;
        }
        let now = self.clock.now();
        if let Some((due, _)) = wake {
            let heard = self.listening.heard.filter(|(at, _)| *at == due);
            self.listening.heard = heard.or(Some((due, self.evidence.timeline.recording().len())));
        }
        let undecided = self.may_hear_speech(now);
        if let Some((_, asked)) = self.wake.as_mut().filter(|_| undecided) {
            *asked = now + LOOK_AGAIN;
        }
        undecided
    }

    /// Whether something that came before the conversation was to be woken may yet turn out to be speech: an onset is known 90 ms after it and
    /// later. A caller who goes on because the bot is silent must not talk over a bot that has just begun.
    pub(super) fn may_hear_speech(&mut self, now: CallTime) -> bool {
        let Some((due, _)) = self.wake else { return false };
        if self.listening.onset.is_some() || self.ending.is_some() || now.saturating_since(due) > MOST_UNDECIDED {
            return false;
        }
        // Until the timer has come, what has arrived up to the moment is not all taken in.
        let Some((_, heard)) = self.listening.heard.filter(|(at, _)| *at == due) else { return true };
        let recording = self.evidence.timeline.recording();
        let (known, candidate) = self.listening.known;
        candidate || !detect::is_silent(recording.get(known.min(heard)..heard).unwrap_or_default())
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
            detect::SpeechEdge::Paused { onset, words_end } => self.paused(samples(onset, words_end)),
            detect::SpeechEdge::Ended { onset: first, end: last, words_end, .. } => {
                let onset = self.listening.onset.take().unwrap_or_else(|| self.evidence.timeline.heard_at(first));
                let end = self.evidence.timeline.heard_until(last);
                self.handle(InputKind::RemoteSpeech(SpeechEdge::Ended { onset, end })).await;
                let range = samples(first, words_end);
                let span = Span { start: onset, end };
                self.evidence.speech.push(Speech { span, samples: samples(first, last), words: range.clone() });
                let early = self.listening.early.take().filter(|early| early.range == range);
                if !self.wants_words(span) {
                    self.handle(InputKind::Untranscribed { span }).await;
                    return;
                }
                let reply = early.map_or_else(|| self.transcribe(range, end), |early| early.reply);
                self.listening.words.push_back(Words { span, reply });
            }
        }
    }

    /// Transcribes what was said before a pause while it is still open whether the bot goes on: the words are there sooner, and where it goes
    /// on a thread without work has worked in vain.
    fn paused(&mut self, range: Range<usize>) {
        let onset = self.listening.onset.filter(|_| self.services.transcription.has_idle_thread());
        let Some(start) = onset else { return };
        let end = self.evidence.timeline.heard_until(range.end as u64);
        if self.wants_words(Span { start, end }) {
            let reply = self.transcribe(range.clone(), end);
            self.listening.early = Some(Early { range, reply });
        }
    }

    fn wants_words(&self, span: Span) -> bool {
        self.services.transcribe_all || self.conversation.needs_words(span)
    }

    /// Has samples of the timeline transcribed, whose speech ended at `end`.
    fn transcribe(&self, range: Range<usize>, end: CallTime) -> Reply {
        let audio = segment_audio(self.evidence.timeline.recording(), range);
        self.services.transcription.transcribe(self.waited_since(end), audio)
    }

    /// Since when somebody has been waiting for words that ended at `end`. A caller who cannot go on without them comes first, then one who
    /// can, then calls that are over, of which only the verdict waits.
    fn waited_since(&self, end: CallTime) -> Monotonic {
        let later = match self.ending {
            Some(_) => AFTER_CALLERS,
            None if self.conversation.decides_without_words() => AFTER_WAITING_CALLERS,
            None => Duration::ZERO,
        };
        self.clock.moment(end).plus_nanos(i64::try_from(later.as_nanos()).unwrap_or(i64::MAX))
    }

    pub(super) async fn transcribed(&mut self, words: Result<String, String>) {
        let Some(Words { span, .. }) = self.listening.words.pop_front() else { return };
        let wanted = span.end + self.shortest_pause();
        self.evidence.transcript_lag = self.evidence.transcript_lag.max(self.clock.now().saturating_since(wanted));
        match words {
            Ok(text) => self.handle(InputKind::Transcript { span, text, is_final: true }).await,
            Err(error) => self.deaf(error).await,
        }
    }

    /// The shortest pause that ends a turn of this scenario.
    fn shortest_pause(&self) -> Duration {
        let bots = self.scenario.steps.iter().filter_map(|step| if let Step::Bot(bot) = step { Some(bot.end_silence) } else { None });
        bots.min().unwrap_or_default()
    }

    /// Asks the recogniser about the words of a segment, on the lane that transcribed it.
    pub(super) fn ask(&mut self, onset: CallTime, heard: String, doubts: Vec<Doubt>) {
        let range = self.evidence.speech.iter().find(|speech| speech.span.start == onset).map(|speech| speech.words.clone());
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

fn samples(from: u64, to: u64) -> Range<usize> {
    usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0)
}
