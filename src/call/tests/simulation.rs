//! A world for the conversation: it plays what is asked for and lets the timeline happen.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Answer, Conversation, EndCause, Input, InputKind, Output, Playback, TurnResult};
use crate::scenario::{Scenario, Setting, Source, parse_with};
use crate::time::CallTime;

use super::timeline::{Anchor, Timeline};

/// From an output to the first sample on the wire, and from a hang-up to the end.
const WIRE: Duration = Duration::from_millis(20);
/// One digit and the pause after it.
const DIGIT: Duration = Duration::from_millis(200);
/// More inputs than any call here needs: beyond it the call goes in circles.
const MOST_INPUTS: usize = 2000;

/// A scenario whose recordings need not exist.
pub fn scenario(yaml: &str) -> Scenario {
    let source = Arc::new(Source { path: PathBuf::from("test.yaml"), text: yaml.into() });
    parse_with(source, &Setting::default(), &|_, _| Ok(())).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// How a call came out.
#[derive(Debug)]
pub struct Outcome {
    pub outputs: Vec<(CallTime, Output)>,
    pub turns: Vec<TurnResult>,
    pub inputs: Vec<Input>,
    pub over: bool,
}

pub struct World {
    timeline: Timeline,
    conversation: Conversation,
    now: CallTime,
    queue: BTreeMap<(CallTime, usize), InputKind>,
    queued: usize,
    wake: Option<CallTime>,
    acts: usize,
    outcome: Outcome,
}

/// Runs a call to its end. All of it happens `shift` later.
pub fn run(scenario: Scenario, timeline: Timeline, shift: Duration) -> Outcome {
    let outcome = Outcome { outputs: Vec::new(), turns: Vec::new(), inputs: Vec::new(), over: false };
    let mut world = World {
        conversation: Conversation::new(Arc::new(scenario)).asking(timeline.ear.is_some()),
        timeline,
        now: CallTime::DIAL + shift,
        queue: BTreeMap::new(),
        queued: 0,
        wake: None,
        acts: 0,
        outcome,
    };
    world.anchor(Anchor::Dial, CallTime::DIAL + shift);
    world.run();
    world.outcome.over = world.conversation.is_over();
    world.outcome
}

impl World {
    fn run(&mut self) {
        while let Some((at, kind)) = self.next() {
            self.now = at;
            self.feed(kind);
            assert!(self.outcome.inputs.len() < MOST_INPUTS, "the call goes in circles");
        }
    }

    fn next(&mut self) -> Option<(CallTime, InputKind)> {
        let first = self.queue.first_key_value().map(|((at, _), _)| *at);
        match self.wake {
            Some(wake) if first.is_none_or(|at| wake < at) => {
                self.wake = None;
                Some((wake, InputKind::Timeout))
            }
            _ => self.queue.pop_first().map(|((at, _), kind)| (at, kind)),
        }
    }

    fn feed(&mut self, kind: InputKind) {
        match kind {
            InputKind::Playback(Playback::Started { speech_start }) => {
                self.anchor(Anchor::CallerStart(self.acts), speech_start);
            }
            InputKind::Playback(Playback::SpeechEnded { speech_end }) => {
                self.anchor(Anchor::CallerEnd(self.acts), speech_end);
            }
            _ => {}
        }
        let input = Input { at: self.now, kind };
        self.outcome.inputs.push(input.clone());
        self.conversation.handle(input);
        while let Some(output) = self.conversation.poll() {
            self.carry_out(output);
        }
    }

    /// Queues the lines that count from this anchor. No input comes before it has happened, nor in the past.
    fn anchor(&mut self, anchor: Anchor, at: CallTime) {
        let lines = self.timeline.lines.clone();
        for line in lines.iter().filter(|line| line.anchor == anchor) {
            for (when, kind) in line.inputs(&self.timeline, at) {
                self.push(when, kind);
            }
        }
    }

    fn push(&mut self, at: CallTime, kind: InputKind) {
        self.queued += 1;
        self.queue.insert((at.max(self.now), self.queued), kind);
    }

    fn play(&mut self, length: Duration, tail: Duration) {
        self.acts += 1;
        let speech_start = self.now + WIRE;
        let speech_end = speech_start + length;
        self.push(speech_start, InputKind::Playback(Playback::Started { speech_start }));
        self.push(speech_end, InputKind::Playback(Playback::SpeechEnded { speech_end }));
        self.push(speech_end + tail, InputKind::Playback(Playback::Finished));
    }

    fn carry_out(&mut self, output: Output) {
        match &output {
            Output::Play { .. } => self.play(self.timeline.clip, self.timeline.tail),
            Output::SendDtmf(digits) => self.play(DIGIT * digits.len() as u32, Duration::ZERO),
            Output::StopPlay => self.queue.retain(|_, kind| !matches!(kind, InputKind::Playback(_))),
            Output::Hangup => {
                self.anchor(Anchor::Hangup, self.now);
                self.push(self.now + WIRE, InputKind::Ended(EndCause::CallerHungUp));
            }
            Output::WakeAt(at) => {
                assert!(*at > self.now, "a wake-up in the past: {at} at {}", self.now);
                self.wake = Some(*at);
                return;
            }
            Output::Ask { onset, doubts, .. } => {
                let fits = &self.timeline.fits;
                let answers = doubts.iter().map(|doubt| Answer { fit: fits.get(&doubt.expected).copied(), doubt: doubt.clone() });
                let answered = InputKind::Fits { onset: *onset, answers: answers.collect() };
                self.push(self.now + self.timeline.ear.expect("a recogniser that can be asked"), answered);
            }
            Output::Turn(turn) => self.outcome.turns.push((**turn).clone()),
        }
        self.outcome.outputs.push((self.now, output));
    }
}
