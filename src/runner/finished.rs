//! A call as it came out, before it is judged as a whole.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::pacer::Lateness;
use super::recording::CallerTrack;
use super::signalling::Signalling;
use crate::call::TurnResult;
use crate::media::quality::{PacketLog, Quality};
use crate::media::{Reception, Timeline};
use crate::telemetry::{Report, TraceContext};
use crate::time::{CallTime, Span};
use crate::transport::DialError;

/// A call as it came out, before it is judged as a whole.
pub(super) struct Finished {
    pub answered_at: Option<CallTime>,
    pub ended_at: CallTime,
    pub call_id: Option<String>,
    pub codec: Option<String>,
    pub turns: Vec<TurnResult>,
    pub timeline: Timeline,
    pub caller: CallerTrack,
    pub lateness: Lateness,
    pub reception: Reception,
    /// Ringing and SIP responses.
    pub signalling: Signalling,
    /// Whether the transport's media is RTP: a media socket over TCP has no packets.
    pub rtp: bool,
    /// Every packet of the bot's.
    pub packets: PacketLog,
    /// Each stretch of the bot's speech: when it was heard, and its samples in the recording.
    pub speech: Vec<(Span, Range<usize>)>,
    pub quality: Quality,
    pub transcript_lag: Duration,
    /// What the bot said of itself, and when.
    pub reports: Vec<(CallTime, Report)>,
    /// When the packet with each onset of the bot's arrived.
    pub received: BTreeMap<CallTime, CallTime>,
    /// Each first speech sample of the caller's.
    pub caller_speech: Vec<CallTime>,
    /// The wall clock at dial.
    pub zero_unix_ns: u64,
    pub trace: Option<TraceContext>,
    pub round_trip: Option<Duration>,
    /// How long frames waited between the pacing thread and the socket, in microseconds.
    pub send_lag: Vec<u32>,
    pub notes: Vec<String>,
    pub failure: Option<Failure>,
}

/// Why a call has no verdict.
pub(super) enum Failure {
    Dial(DialError),
    Transcription(String),
    /// The call broke off without anybody hanging up.
    Broken(String),
    Interrupted,
}

impl Finished {
    /// A call that never came about.
    pub fn not_answered(ended_at: CallTime, failure: Failure) -> Self {
        Self {
            answered_at: None,
            ended_at,
            call_id: None,
            codec: None,
            turns: Vec::new(),
            timeline: Timeline::default(),
            caller: CallerTrack::default(),
            lateness: Lateness::default(),
            reception: Reception::default(),
            signalling: Signalling::default(),
            rtp: false,
            packets: PacketLog::default(),
            speech: Vec::new(),
            quality: Quality::default(),
            transcript_lag: Duration::ZERO,
            reports: Vec::new(),
            received: BTreeMap::new(),
            caller_speech: Vec::new(),
            zero_unix_ns: 0,
            trace: None,
            round_trip: None,
            send_lag: Vec::new(),
            notes: Vec::new(),
            failure: Some(failure),
        }
    }
}

/// Where a call's recording goes.
pub(super) fn recording_path(folder: &Path, number: usize, scenario: &str) -> PathBuf {
    let slug: String = scenario.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    folder.join(format!("{number:03}-{}.wav", slug.trim_matches('-')))
}
