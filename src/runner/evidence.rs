//! Everything recorded about one call, gathered while it lasts and moved whole to those who judge and report it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::event::CallResult;
use super::pacer::Lateness;
use super::recording::CallerTrack;
use super::signalling;
use super::stalls::Sent;
use crate::media::Timeline;
use crate::media::quality::PacketLog;
use crate::telemetry::{Report, TraceContext};
use crate::time::{CallTime, Span};
use crate::transport::{CallEvent, DialError};

/// Everything recorded about one call.
#[derive(Default)]
pub(super) struct CallEvidence {
    /// What reports show of it, filled as it becomes known.
    pub result: CallResult,
    pub ended_at: CallTime,
    pub timeline: Timeline,
    pub caller: CallerTrack,
    pub lateness: Lateness,
    /// When the call first rang.
    pub ringing: Option<CallTime>,
    /// Whether the bot's audio comes in packets that can be lost: a media socket over TCP has none.
    pub has_packets: bool,
    /// Every packet of the bot's.
    pub packets: PacketLog,
    /// Each stretch of the bot's speech.
    pub speech: Vec<Speech>,
    pub transcript_lag: Duration,
    /// The bot's reports on itself, and when they came.
    pub reports: Vec<(CallTime, Report)>,
    /// When the packet with each onset of the bot's arrived.
    pub received: BTreeMap<CallTime, CallTime>,
    /// Each first speech sample of the caller's.
    pub caller_speech: Vec<CallTime>,
    /// What the caller said or pressed.
    pub sent: Vec<Sent>,
    /// The wall clock at dial.
    pub zero_unix_ns: u64,
    pub trace: Option<TraceContext>,
    pub round_trip: Option<Duration>,
    /// How long frames waited between the pacing thread and the socket, in microseconds.
    pub send_lag: Vec<u32>,
    /// When the bot hung up.
    pub hung_up: Option<CallTime>,
    pub failure: Option<Failure>,
}

/// A stretch of the bot's speech.
pub(super) struct Speech {
    /// When it was heard.
    pub span: Span,
    /// Its samples in the recording.
    pub samples: Range<usize>,
    /// Those that the recogniser is given.
    pub words: Range<usize>,
}

/// Why a call has no verdict.
pub(super) enum Failure {
    Dial(DialError),
    Transcription(String),
    /// The call broke off without anybody hanging up.
    Broken(String),
    Interrupted,
}

impl CallEvidence {
    /// Takes ringing, responses and the call's id from the transport.
    pub fn signalled(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Ringing(at) => self.ringing = self.ringing.or(Some(*at)),
            CallEvent::Response(at, code, reason) => signalling::keep(&mut self.result.sip_responses, *at, *code, reason),
            CallEvent::Named(call_id) => self.result.call_id = Some(call_id.clone()),
            _ => {}
        }
        self.result.post_dial_delay = signalling::post_dial_delay(self.ringing, &self.result.sip_responses);
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.result.notes.push(note.into());
    }

    /// The call is over, or was never answered.
    pub fn ended(&mut self, at: CallTime) {
        self.ended_at = at;
        self.result.duration = at.saturating_since(CallTime::DIAL);
    }
}

/// Longest part of a scenario's name, in bytes, that a file name takes over: some file systems take names of 143 bytes, most of 255.
const MOST_OF_A_NAME: usize = 100;

/// Where a call's recording goes: the number is the call's own, so no two share a file.
pub(super) fn recording_path(folder: &Path, number: usize, scenario: &str) -> PathBuf {
    let slug: String = scenario.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let slug = slug.get(..slug.floor_char_boundary(MOST_OF_A_NAME)).unwrap_or_default();
    folder.join(format!("{number:03}-{}.wav", slug.trim_matches('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_scenario_makes_a_name_of_a_file() {
        let named = |name: &str| recording_path(Path::new("calls"), 7, name).to_string_lossy().into_owned();
        assert_eq!(named("A table, for two / Friday"), "calls/007-a-table--for-two---friday.wav");
        assert_eq!(named(&"é".repeat(300)), format!("calls/007-{}.wav", "é".repeat(50)));
        assert_eq!(named("../.."), "calls/007-.wav");
    }

    #[test]
    fn a_bot_that_does_not_ring_is_measured_by_its_answer() {
        let ms = CallTime::from_millis;
        let mut evidence = CallEvidence::default();
        for (at, code) in [(10, 100), (20, 401), (30, 407), (200, 200), (900, 200)] {
            evidence.signalled(&CallEvent::Response(ms(at), code, String::new()));
        }
        assert_eq!(evidence.result.post_dial_delay, Some(ms(200)));
    }

    #[test]
    fn the_first_sign_of_ringing_counts() {
        let ms = CallTime::from_millis;
        let mut evidence = CallEvidence::default();
        assert_eq!(evidence.result.post_dial_delay, None);
        evidence.signalled(&CallEvent::Response(ms(10), 100, "Trying".to_owned()));
        assert_eq!(evidence.result.post_dial_delay, None);
        evidence.signalled(&CallEvent::Ringing(ms(400)));
        evidence.signalled(&CallEvent::Response(ms(390), 183, "Session Progress".to_owned()));
        evidence.signalled(&CallEvent::Ringing(ms(900)));
        assert_eq!((evidence.result.post_dial_delay, evidence.result.sip_responses.len()), (Some(ms(390)), 2));
    }
}
