//! Does what the conversation asks for, and reports back what became of it.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::event::Event;
use super::super::evidence::Failure;
use super::super::pacer::Progress;
use super::Driver;
use crate::call::{EndCause, InputKind, Output, Playback};
use crate::time::CallTime;
use crate::transport::SentDigits;

impl Driver<'_> {
    pub(super) async fn perform(&mut self, output: Output) {
        match output {
            Output::Play { step } => {
                let clip = self.scenario.steps.get(step).and_then(|step| self.services.clips.of(step));
                if let (Some(clip), Some(stream)) = (clip, &self.stream) {
                    self.playing = Some(step);
                    stream.play(clip);
                }
            }
            Output::StopPlay => {
                self.evidence.caller.cut(self.clock.now());
                self.sent_until(self.clock.now());
                if let Some(stream) = &self.stream {
                    stream.stop();
                }
            }
            Output::SendDtmf(digits) => {
                let (control, (reply, sent)) = (Arc::clone(&self.call.control), oneshot::channel());
                tokio::spawn(async move {
                    // A call that is over needs no news of its digits.
                    let _over = reply.send(control.send_digits(&digits).await);
                });
                self.digits = Some(sent);
            }
            Output::Hangup => {
                self.evidence.caller.cut(self.clock.now());
                self.call.control.hang_up().await;
                self.end(EndCause::CallerHungUp);
            }
            Output::Ask { onset, heard, doubts } => self.ask(onset, heard, doubts),
            Output::WakeAt(at) => self.wake = Some((at, self.clock.now())),
            Output::Turn(turn) => {
                self.emit(Event::Turn { call: self.evidence.result.call, turn: turn.clone() });
                self.evidence.result.turns.push(*turn);
            }
        }
    }

    fn sent_until(&mut self, end: CallTime) {
        if let Some((_, until @ None)) = self.evidence.sent.last_mut() {
            *until = Some(end);
        }
    }

    /// The caller's digits are out: the reply is due from the last one on.
    pub(super) async fn pressed(&mut self, sent: Result<SentDigits, String>) {
        self.digits = None;
        match sent {
            Ok(SentDigits { first, last }) => {
                let (speech_start, speech_end) = (self.clock.at(first), self.clock.at(last));
                self.evidence.sent.push((speech_start, Some(speech_end)));
                self.handle(InputKind::Playback(Playback::Started { speech_start })).await;
                self.handle(InputKind::Playback(Playback::SpeechEnded { speech_end })).await;
                self.handle(InputKind::Playback(Playback::Finished)).await;
            }
            Err(_) if self.ending.is_some() => {}
            Err(why) => {
                self.evidence.failure = Some(Failure::Broken(format!("no digits were sent: {why}")));
                self.call.control.hang_up().await;
            }
        }
    }

    pub(super) async fn progressed(&mut self, progress: Progress) {
        match progress {
            Progress::Started(at) => {
                let clip = self.playing.and_then(|step| self.services.clips.of(&self.scenario.steps[step]));
                if let Some(clip) = clip {
                    self.evidence.caller.put(self.clock.at(at), &clip.samples);
                }
            }
            Progress::SpeechStarted(at) => {
                let speech_start = self.clock.at(at);
                self.evidence.caller_speech.push(speech_start);
                self.evidence.sent.push((speech_start, None));
                self.handle(InputKind::Playback(Playback::Started { speech_start })).await;
            }
            Progress::SpeechEnded(at) => {
                let speech_end = self.clock.at(at);
                self.sent_until(speech_end);
                self.handle(InputKind::Playback(Playback::SpeechEnded { speech_end })).await;
            }
            Progress::Finished => self.handle(InputKind::Playback(Playback::Finished)).await,
        }
    }
}
