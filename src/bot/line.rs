//! One call on the bot's side: a thread that sends every 20 ms, listens in between, and follows its script.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_shared::marshal::{Marshal, Unmarshal};
use rtp::header::Header;
use rtp::packet::Packet;
use tokio_util::sync::CancellationToken;

use super::ear::Ear;
use super::log::{LogEntry, TrueTimes, now_ns};
use super::script::Library;
use super::voice::{Voice, voice};
use super::wire::{receive, stamp_arrivals};
use crate::media::codec;
use crate::scenario::{Codec, Fault, Script};

const FRAME: usize = 160;
const FRAME_TIME: Duration = Duration::from_millis(20);
/// The fault strikes at this reply: the first after the greeting.
const FAULTY_REPLY: usize = 1;
/// How far into the caller's turn `talks_over` begins.
const TALK_OVER_NS: i64 = 400_000_000;

/// Everything the thread needs.
pub(super) struct Line {
    pub socket: UdpSocket,
    pub remote: SocketAddr,
    pub codec: Codec,
    pub library: Library,
    pub script: Script,
    pub fault: Option<Fault>,
    pub call_id: String,
    pub log: TrueTimes,
    /// Cancelled when the call is over.
    pub over: CancellationToken,
    /// Cancelled by the thread when the bot wants to hang up.
    pub hang_up: CancellationToken,
    /// Overrides the script's think time for this call; `calibrate` asks for it in a header.
    pub think: Option<Duration>,
}

/// Runs the call until it is over. Blocking: it has a thread of its own.
#[expect(clippy::disallowed_methods, reason = "the bot shares no clock with the tester")]
pub(super) fn run(line: Line) {
    if stamp_arrivals(&line.socket).is_err() {
        line.hang_up.cancel();
        return;
    }
    let mut call = State::new(line);
    let mut deadline = Instant::now();
    while !call.line.over.is_cancelled() {
        call.listen();
        call.act();
        call.send();
        deadline += FRAME_TIME;
        let now = Instant::now();
        if now > deadline + Duration::from_millis(200) {
            deadline = now;
        }
        thread::sleep(deadline.saturating_duration_since(now));
    }
}

struct State {
    line: Line,
    ear: Ear,
    /// Index of the next reply.
    next: usize,
    /// When it begins.
    due: Option<i64>,
    caller_end: Option<i64>,
    speaking: Option<(Voice, usize, usize)>,
    talked_over: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl State {
    fn new(line: Line) -> Self {
        let due = line.script.greets.then(|| now_ns() + 400_000_000);
        Self {
            line,
            ear: Ear::default(),
            next: 0,
            due,
            caller_end: None,
            speaking: None,
            talked_over: false,
            sequence: rand::random(),
            timestamp: rand::random(),
            ssrc: rand::random(),
        }
    }

    fn listen(&mut self) {
        let mut buffer = [0_u8; 1600];
        while let Ok((length, from, at)) = receive(&self.line.socket, &mut buffer) {
            let Some(datagram) = buffer.get(..length) else { continue };
            let Ok(packet) = Packet::unmarshal(&mut Bytes::copy_from_slice(datagram)) else { continue };
            if packet.header.version != 2 || packet.header.payload_type != self.line.codec.payload_type() {
                continue;
            }
            self.line.remote = from;
            self.ear.hear(&codec::decode(self.line.codec, &packet.payload), at);
        }
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
        if self.speaking.is_some() {
            // A bot that lets itself be interrupted stops once it is sure that it hears speech.
            let interrupted = self.ear.speaking(now).is_some_and(|start| now - start > 150_000_000);
            if interrupted && self.line.fault != Some(Fault::Deaf) && !self.talked_over {
                self.speaking = None;
            }
            return;
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
        if self.fault(Fault::TalksOver) && self.ear.speaking(now).is_some_and(|start| now - start > TALK_OVER_NS) {
            self.talked_over = true;
            self.due = Some(now);
            return;
        }
        if let Some(end) = self.ear.ended(now, self.line.script.endpoint.as_nanos() as i64) {
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
        if let Some(reply) = self.line.script.replies.get(self.next) {
            let voice = voice(&self.line.library, reply, self.line.fault, self.faulty());
            self.speaking = Some((voice, 0, self.next));
            self.next += 1;
        }
    }

    fn send(&mut self) {
        let mut frame = [0_i16; FRAME];
        let mut marker = false;
        if let Some((voice, position, _)) = &self.speaking {
            let rest = voice.samples.get(*position..).unwrap_or(&[]);
            let length = rest.len().min(FRAME);
            frame[..length].copy_from_slice(&rest[..length]);
            marker = *position == 0;
        }
        let header = Header {
            version: 2,
            marker,
            payload_type: self.line.codec.payload_type(),
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let packet = Packet { header, payload: Bytes::from(codec::encode(self.line.codec, &frame)) };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        let Ok(bytes) = packet.marshal() else { return };
        let at = now_ns();
        // A caller that is gone shows as the end of the call, not here.
        let _gone = self.line.socket.send_to(&bytes, self.line.remote);
        self.sent(at);
    }

    /// Logs the first speech sample and moves on.
    fn sent(&mut self, at: i64) {
        let Some((voice, position, reply)) = &mut self.speaking else { return };
        if (*position..*position + FRAME).contains(&voice.onset) {
            self.line.log.add(LogEntry {
                call_id: self.line.call_id.clone(),
                reply: *reply,
                caller_speech_end_ns: self.caller_end,
                first_speech_sent_ns: at + (voice.onset - *position) as i64 * 125_000,
            });
        }
        *position += FRAME;
        if *position >= voice.samples.len() {
            let was_last = *reply + 1 == self.line.script.replies.len();
            self.speaking = None;
            if was_last && self.line.script.hangs_up {
                self.line.hang_up.cancel();
            }
        }
    }
}
