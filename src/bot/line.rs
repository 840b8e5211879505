//! One call on the bot's side: a thread that sends every 20 ms, reads what came, and follows its script.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::log::{LogEntry, TrueTimes, now_ns};
use super::script::Library;
use super::speech_detector::SpeechDetector;
use super::voice::{Voice, voice};
use super::wire::Wire;
use crate::scenario::{Fault, Reply, Script};

/// Nanoseconds per sample.
const SAMPLE_NS: i64 = 125_000;
/// The reply with the fault: the first after the greeting.
const FAULTY_REPLY: usize = 1;
/// How far into the caller's turn `talks_over` begins.
const TALK_OVER_NS: i64 = 400_000_000;

/// Everything the thread needs.
pub(super) struct Line {
    pub wire: Box<dyn Wire>,
    pub library: Library,
    pub script: Script,
    pub fault: Option<Fault>,
    pub call_id: String,
    pub log: TrueTimes,
    /// Cancelled when the call is over.
    pub over: CancellationToken,
    /// Cancelled by the thread when the bot wants to hang up.
    pub hang_up: CancellationToken,
    /// Digits that the caller presses outside of the audio.
    pub keys: mpsc::Receiver<char>,
    /// Overrides the script's think time for this call; `calibrate` asks for it in a header.
    pub think: Option<Duration>,
}

/// Starts the line's thread.
pub(super) fn start(line: Line) {
    let hang_up = line.hang_up.clone();
    if std::thread::Builder::new().name("bot".to_owned()).spawn(move || run(line)).is_err() {
        hang_up.cancel();
    }
}

/// Runs the call until it is over.
#[expect(clippy::disallowed_methods, reason = "the bot shares no clock with the tester")]
fn run(line: Line) {
    let mut call = State::new(line);
    let mut deadline = Instant::now();
    while !call.line.over.is_cancelled() {
        call.listen();
        call.act();
        call.send();
        deadline += Duration::from_micros(call.line.wire.frame() as u64 * 125);
        let now = Instant::now();
        if now > deadline + Duration::from_millis(200) {
            deadline = now;
        }
        thread::sleep(deadline.saturating_duration_since(now));
    }
}

struct State {
    line: Line,
    speech: SpeechDetector,
    /// Index of the next reply.
    next: usize,
    /// Digits that the caller has pressed so far.
    pressed: String,
    /// Index of the reply to them, behind all others.
    answer: Option<usize>,
    /// When it begins.
    due: Option<i64>,
    caller_end: Option<i64>,
    speaking: Option<(Voice, usize, usize)>,
    talked_over: bool,
    /// Until when the provider plays the burst.
    burst_until: Option<i64>,
    /// When the burst that is being sent began.
    burst_began: Option<i64>,
    /// The last reply is out; the bot hangs up once it has been heard.
    leaving: bool,
}

impl State {
    fn new(line: Line) -> Self {
        let due = line.script.greets.then(|| now_ns() + 400_000_000);
        Self {
            line,
            speech: SpeechDetector::default(),
            next: 0,
            pressed: String::new(),
            answer: None,
            due,
            caller_end: None,
            speaking: None,
            talked_over: false,
            burst_until: None,
            burst_began: None,
            leaving: false,
        }
    }

    fn listen(&mut self) {
        for received in self.line.wire.receive() {
            self.speech.push(&received.samples, received.at);
        }
        let pressed: String = self.line.wire.pressed().chars().chain(self.line.keys.try_iter()).collect();
        pressed.chars().for_each(|digit| self.digit(digit));
    }

    /// A digit interrupts the menu, as telephone menus do.
    fn digit(&mut self, digit: char) {
        if self.line.script.keys.is_empty() {
            return;
        }
        self.pressed.push(digit);
        let found = self.line.script.keys.iter().position(|(digits, _)| *digits == self.pressed);
        if let Some(key) = found {
            let now = now_ns();
            self.interrupt();
            self.pressed.clear();
            self.answer = Some(self.line.script.replies.len() + key);
            self.caller_end = Some(now);
            self.due = Some(now + self.line.think.unwrap_or(self.line.script.think).as_nanos() as i64);
        } else if !self.line.script.keys.iter().any(|(digits, _)| digits.starts_with(&self.pressed)) {
            self.pressed.clear();
        }
    }

    fn interrupt(&mut self) {
        self.speaking = None;
        self.burst_until = None;
        self.line.wire.clear();
    }

    fn reply(&self, index: usize) -> Option<&Reply> {
        let Script { replies, keys, .. } = &self.line.script;
        replies.get(index).or_else(|| keys.get(index.checked_sub(replies.len())?).map(|(_, reply)| reply))
    }

    fn faulty(&self) -> bool {
        let index = if self.line.script.greets { FAULTY_REPLY } else { 0 };
        self.next == index
    }

    fn fault(&self, fault: Fault) -> bool {
        self.line.fault == Some(fault) && self.faulty()
    }

    fn act(&mut self) {
        let now = now_ns();
        self.burst_until = self.burst_until.filter(|until| *until > now);
        if self.speaking.is_some() || self.burst_until.is_some() {
            // A bot that can be interrupted stops once it is sure of speech.
            let interrupted = self.speech.speaking(now).is_some_and(|start| now - start > 150_000_000);
            if interrupted && self.line.fault != Some(Fault::Deaf) && !self.talked_over {
                self.interrupt();
            }
            return;
        }
        if self.leaving {
            return self.line.hang_up.cancel();
        }
        self.listen_for_turn(now);
        if self.due.is_some_and(|due| due <= now + 10_000_000) {
            self.due = None;
            self.speak();
        }
    }

    /// Waits for the end of the caller's turn; thinking starts there.
    fn listen_for_turn(&mut self, now: i64) {
        let think = self.line.think.unwrap_or(self.line.script.think).as_nanos() as i64;
        if self.fault(Fault::TalksOver) && self.speech.speaking(now).is_some_and(|start| now - start > TALK_OVER_NS) {
            self.talked_over = true;
            self.due = Some(now);
            return;
        }
        if let Some(end) = self.speech.ended(now, self.line.script.endpoint.as_nanos() as i64) {
            if self.talked_over {
                self.talked_over = false;
                return;
            }
            let late = match self.line.fault {
                Some(Fault::Late(late)) if self.faulty() => late.as_nanos() as i64,
                _ => 0,
            };
            self.caller_end = Some(end);
            self.due = Some(end + think + late);
        }
    }

    fn speak(&mut self) {
        if self.fault(Fault::Drops) {
            self.line.hang_up.cancel();
            return;
        }
        if self.fault(Fault::Silent) {
            return;
        }
        let index = self.answer.unwrap_or(self.next);
        if let Some(reply) = self.reply(index) {
            let voice = voice(&self.line.library, reply, self.line.fault, self.faulty());
            self.speaking = Some((voice, 0, index));
            if self.answer.take().is_none() {
                self.next += 1;
            }
        }
    }

    fn send(&mut self) {
        if self.line.script.bursts && self.line.wire.takes_bursts() && self.speaking.is_some() {
            return self.burst();
        }
        self.frame();
    }

    /// The whole reply at once: the provider plays it in its own time.
    fn burst(&mut self) {
        let began = now_ns();
        self.burst_began = Some(began);
        let length = self.speaking.as_ref().map_or(0, |(voice, ..)| voice.samples.len());
        while self.speaking.is_some() {
            self.frame();
        }
        self.burst_began = None;
        self.burst_until = Some(began + length as i64 * SAMPLE_NS);
    }

    fn frame(&mut self) {
        let length = self.line.wire.frame();
        let mut frame = vec![0_i16; length];
        let mut marker = false;
        if let Some((voice, position, _)) = &self.speaking {
            let rest = voice.samples.get(*position..).unwrap_or(&[]);
            let some = rest.len().min(length);
            frame[..some].copy_from_slice(&rest[..some]);
            marker = *position == 0;
        } else if self.line.script.bursts && self.line.wire.takes_bursts() {
            return;
        }
        let at = self.line.wire.send(&frame, marker);
        self.sent(at, length);
    }

    /// Logs the first speech sample and moves on.
    fn sent(&mut self, at: i64, length: usize) {
        let Some((voice, position, reply)) = &mut self.speaking else { return };
        if (*position..*position + length).contains(&voice.onset) {
            self.line.log.add(LogEntry {
                call_id: self.line.call_id.clone(),
                reply: *reply,
                caller_speech_end_ns: self.caller_end,
                first_speech_sent_ns: match self.burst_began {
                    Some(began) => began + voice.onset as i64 * SAMPLE_NS,
                    None => at + (voice.onset - *position) as i64 * SAMPLE_NS,
                },
            });
        }
        *position += length;
        if *position >= voice.samples.len() {
            let (was_last, index) = (*reply + 1 == self.line.script.replies.len(), *reply);
            self.speaking = None;
            let sends = self.reply(index).map(|reply| reply.sends.clone()).unwrap_or_default();
            self.line.wire.press(&sends);
            if was_last && self.line.script.hangs_up {
                self.leaving = true;
            }
        }
    }
}
