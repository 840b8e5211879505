//! The bot's audio on the call clock: RTP packets in, a gapless recording out, and for every sample of
//! it the time at which a caller would have heard it.
//!
//! A sample is heard when its packet arrives, unless audio that came faster than real time is still
//! playing: then it is heard when its turn comes. Arrival times stay beside the samples, so that no
//! jitter-buffer depth and no scheduling delay enters a measurement.

use std::ops::Range;

use crate::time::CallTime;

use super::conceal::conceal;
use crate::codec::SAMPLE_NANOS;

/// One decoded packet: of RTP, or of a provider's playout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaFrame {
    /// When it came off the wire; where a provider plays a queue, when it began to be played.
    pub arrival: CallTime,
    /// When it came off the wire, however long it waited to be played.
    pub received: CallTime,
    /// Synchronisation source (RFC 3550).
    pub ssrc: u32,
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp of the first sample, in samples.
    pub timestamp: u32,
    /// Start of a talkspurt.
    pub marker: bool,
    /// Linear samples at 8 kHz.
    pub samples: Vec<i16>,
}

/// How long a packet may be late before its place is given up to silence.
const HOLD_BACK_NANOS: i64 = 60_000_000;
/// Early by more than this is a burst, by less is jitter.
const JITTER_NANOS: i64 = 60_000_000;
/// Late by more than this after a pause: the timestamps stood still meanwhile.
const RESUME_NANOS: i64 = 120_000_000;
/// A step of the timestamps that no pause and no burst explains.
const JUMP_NANOS: i64 = 1_000_000_000;
/// How far ahead of the clock a burst may reach: a peer cannot make the recording grow without bound.
const MOST_AHEAD: i64 = 120_000_000_000;
/// Packets after one that show whether it opened a burst.
const BURST_LOOK_AHEAD: usize = 12;

/// Sequence numbers that jump further are not a loss.
const MOST_CONCEALED: usize = 500;

/// Where a packet was put.
#[derive(Clone, Copy, Debug)]
struct Placed {
    index: u64,
    arrival: i64,
    received: i64,
    /// Arrival less media time.
    transit: i64,
    /// Transit at which playout keeps up with the packets around it.
    anchor: i64,
    run: u32,
    sequence: u16,
    length: usize,
}

/// One stretch of packets on one RTP clock.
#[derive(Clone, Copy, Debug)]
struct Run {
    number: u32,
    ssrc: u32,
    /// Last timestamp, unwrapped.
    last: i64,
    next: i64,
    /// Recording index of timestamp zero.
    base: i64,
    anchor: i64,
    last_arrival: i64,
    block_end: i64,
    block_min: i64,
}

/// The bot's audio so far. Sample 0 of the recording is the moment of dial.
#[derive(Debug, Default)]
pub struct Timeline {
    recording: Vec<i16>,
    placed: Vec<Placed>,
    run: Option<Run>,
    runs: u32,
    /// Samples handed out by [`Timeline::ready`].
    taken: usize,
    /// Packets that came after their place had been handed out.
    late: usize,
}

impl Timeline {
    /// Puts a packet in its place. A duplicate overwrites itself; one that comes too late is put where silence
    /// has not been handed out yet.
    pub fn push(&mut self, frame: &MediaFrame) {
        if frame.samples.is_empty() {
            return;
        }
        let arrival = frame.arrival.as_nanos().max(0);
        let mut run = match self.run.filter(|run| run.ssrc == frame.ssrc) {
            Some(run) => run,
            None => self.new_run(frame.ssrc, i64::from(frame.timestamp), arrival),
        };
        let mut timestamp = unwrap(run.last, frame.timestamp);
        if discontinuous(&run, timestamp, arrival, frame.marker) {
            timestamp = i64::from(frame.timestamp);
            run = self.new_run(frame.ssrc, timestamp, arrival);
        }
        let mut index = run.base + timestamp;
        if index < self.taken as i64 && timestamp >= run.next {
            let here = self.free_index(arrival);
            run.base += here - index;
            index = here;
        }
        self.store(&mut run, frame, timestamp, index, arrival);
        self.run = Some(run);
    }

    fn store(&mut self, run: &mut Run, frame: &MediaFrame, timestamp: i64, index: i64, arrival: i64) {
        let transit = arrival - timestamp * SAMPLE_NANOS;
        run.follow(transit, arrival);
        run.last = run.last.max(timestamp);
        run.next = run.next.max(timestamp + frame.samples.len() as i64);
        run.last_arrival = arrival;
        let latest = (arrival + MOST_AHEAD) / SAMPLE_NANOS;
        let Ok(at) = usize::try_from(index) else { return };
        if at < self.taken || index > latest {
            let known = self.placed.iter().rev().any(|placed| placed.sequence == frame.sequence && placed.run == run.number);
            self.late += usize::from(at < self.taken && !known);
            return;
        }
        let end = at + frame.samples.len();
        if self.recording.len() < end {
            self.recording.resize(end, 0);
        }
        self.recording[at..end].copy_from_slice(&frame.samples);
        let received = frame.received.as_nanos();
        let (sequence, length) = (frame.sequence, frame.samples.len());
        let placed = Placed { index: at as u64, arrival, received, transit, anchor: run.anchor, run: run.number, sequence, length };
        let position = self.placed.partition_point(|other| other.index < placed.index);
        if self.placed.get(position).is_none_or(|other| other.index != placed.index) {
            self.placed.insert(position, placed);
        }
    }

    fn new_run(&mut self, ssrc: u32, timestamp: i64, arrival: i64) -> Run {
        self.runs += 1;
        let transit = arrival - timestamp * SAMPLE_NANOS;
        Run {
            number: self.runs,
            ssrc,
            last: timestamp,
            next: timestamp,
            base: self.free_index(arrival) - timestamp,
            anchor: transit,
            last_arrival: arrival,
            block_end: arrival + 1_000_000_000,
            block_min: i64::MAX,
        }
    }

    /// The place of audio that arrives now: not before what is there already.
    fn free_index(&self, arrival: i64) -> i64 {
        (arrival / SAMPLE_NANOS).max(self.recording.len() as i64).max(self.taken as i64)
    }

    /// The samples that no packet can change any more, since the last call. Silence fills the pauses.
    pub fn ready(&mut self, now: CallTime) -> &[i16] {
        let upto = usize::try_from((now.as_nanos() - HOLD_BACK_NANOS) / SAMPLE_NANOS).unwrap_or(0);
        self.take_to(upto)
    }

    /// Everything that is left once the call is over.
    pub fn rest(&mut self) -> &[i16] {
        self.take_to(self.recording.len())
    }

    fn take_to(&mut self, upto: usize) -> &[i16] {
        let from = self.taken;
        if upto <= from {
            return &[];
        }
        if self.recording.len() < upto {
            self.recording.resize(upto, 0);
        }
        self.taken = upto;
        &self.recording[from..upto]
    }

    /// What came too late to be heard, in a sentence; `None` where everything came in time.
    pub fn discarded(&self) -> Option<String> {
        let packets = if self.late == 1 { "1 packet".to_owned() } else { format!("{} packets", self.late) };
        (self.late > 0)
            .then(|| format!("{packets} of the bot's audio came more than {} ms late and were not heard", HOLD_BACK_NANOS / 1_000_000))
    }

    /// The whole recording, 8 kHz, from dial on.
    pub fn recording(&self) -> &[i16] {
        &self.recording
    }

    /// The recording for people to listen to: lost packets are concealed. A pause, in which nothing was sent, stays one.
    pub fn concealed(&self) -> Vec<i16> {
        let mut recording = self.recording.clone();
        conceal(&mut recording, &self.missing());
        recording
    }

    /// Where packets are missing in the recording, in order: lost, or so late that their place was given up.
    pub fn missing(&self) -> Vec<Range<usize>> {
        let pairs = self.placed.windows(2).map(|pair| (pair[0], pair[1])).filter(|(before, after)| before.run == after.run);
        let missing = pairs.filter_map(|(before, after)| {
            let missing = usize::from(after.sequence.wrapping_sub(before.sequence)).checked_sub(1)?;
            let start = usize::try_from(before.index).ok()? + before.length;
            let end = usize::try_from(after.index).ok()?.min(start + missing * before.length);
            (missing < MOST_CONCEALED && end > start).then_some(start..end)
        });
        missing.collect()
    }

    /// When the caller hears the sample at this index of the recording.
    pub fn heard_at(&self, index: u64) -> CallTime {
        let after = self.placed.partition_point(|placed| placed.index <= index);
        let Some(at) = after.checked_sub(1) else {
            return CallTime::from_nanos(index as i64 * SAMPLE_NANOS);
        };
        let placed = self.placed[at];
        let start = if self.in_burst(at) { placed.arrival.max(placed.due()) } else { placed.arrival };
        CallTime::from_nanos(start + (index - placed.index) as i64 * SAMPLE_NANOS)
    }

    /// When the sample at this index would have been heard, had its packet been played as soon as it came off the wire.
    pub fn received_at(&self, index: u64) -> CallTime {
        let after = self.placed.partition_point(|placed| placed.index <= index);
        let Some(packet) = after.checked_sub(1).and_then(|at| self.placed.get(at)) else {
            return CallTime::from_nanos(index as i64 * SAMPLE_NANOS);
        };
        CallTime::from_nanos(packet.received + (index - packet.index) as i64 * SAMPLE_NANOS)
    }

    /// When the caller hears the end of a stretch whose last sample is just before `end`.
    pub fn heard_until(&self, end: u64) -> CallTime {
        let last = self.heard_at(end.saturating_sub(1));
        CallTime::from_nanos(last.as_nanos() + SAMPLE_NANOS)
    }

    /// Whether this packet or those right after it came faster than they can be played.
    fn in_burst(&self, at: usize) -> bool {
        let first = self.placed[at];
        let near = self.placed[at..].iter().take(BURST_LOOK_AHEAD);
        near.take_while(|next| next.run == first.run).any(|next| first.anchor - next.transit > JITTER_NANOS)
    }
}

impl Placed {
    fn due(&self) -> i64 {
        self.anchor + (self.arrival - self.transit)
    }
}

impl Run {
    /// Lets the anchor follow slow drift and changed path delay, but never a burst.
    fn follow(&mut self, transit: i64, arrival: i64) {
        if arrival >= self.block_end {
            if self.block_min != i64::MAX && self.anchor - self.block_min <= JITTER_NANOS {
                self.anchor = self.block_min;
            }
            self.block_end = arrival + 1_000_000_000;
            self.block_min = i64::MAX;
        }
        self.block_min = self.block_min.min(transit);
    }
}

/// Whether the RTP clock of a packet has nothing to do with that of the packets before.
fn discontinuous(run: &Run, timestamp: i64, arrival: i64, marker: bool) -> bool {
    let late = arrival - (run.anchor + timestamp * SAMPLE_NANOS);
    let step = (timestamp - run.next) * SAMPLE_NANOS;
    let pause = arrival - run.last_arrival;
    let stood_still = late > JUMP_NANOS || (late > RESUME_NANOS && marker && pause > RESUME_NANOS);
    let ran_ahead = step > pause + JUMP_NANOS;
    let ran_back = step < -JUMP_NANOS && (timestamp - run.last) * SAMPLE_NANOS < -JUMP_NANOS;
    let fresh_talkspurt = marker && pause > RESUME_NANOS;
    stood_still || ran_ahead || ran_back || fresh_talkspurt
}

/// The timestamp nearest to the last one (RFC 3550: 32 bits, wrapping).
fn unwrap(last: i64, timestamp: u32) -> i64 {
    let step = timestamp.wrapping_sub(last as u32) as i32;
    last + i64::from(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(arrival_ms: i64, sequence: u16, timestamp: u32, marker: bool, value: i16) -> MediaFrame {
        let arrival = CallTime::from_millis(arrival_ms);
        MediaFrame { arrival, received: arrival, ssrc: 7, sequence, timestamp, marker, samples: vec![value; 160] }
    }

    fn first(timeline: &Timeline, value: i16) -> CallTime {
        let index = timeline.recording().iter().position(|sample| *sample == value).expect("sample");
        timeline.heard_at(index as u64)
    }

    #[test]
    fn a_steady_stream_is_heard_as_it_arrives() {
        let mut timeline = Timeline::default();
        for k in 0..50_u16 {
            timeline.push(&frame(100 + i64::from(k) * 20, k, u32::from(k) * 160, k == 0, k as i16 + 1));
        }
        assert_eq!(first(&timeline, 31), CallTime::from_millis(700));
        assert_eq!(timeline.recording().len(), 50 * 160 + 800);
    }

    #[test]
    fn a_pause_with_standing_timestamps_and_one_with_running_ones_sound_alike() {
        for (timestamp, marker) in [(160, true), (160, false), (24_160, true), (24_160, false)] {
            let mut timeline = Timeline::default();
            timeline.push(&frame(100, 0, 0, true, 1));
            timeline.ready(CallTime::from_millis(3000));
            timeline.push(&frame(3120, 1, timestamp, marker, 2));
            assert_eq!(first(&timeline, 2), CallTime::from_millis(3120), "{timestamp} {marker}");
        }
    }

    #[test]
    fn a_burst_is_heard_in_real_time() {
        let mut timeline = Timeline::default();
        for k in 0..100_u16 {
            timeline.push(&frame(500, k, u32::from(k) * 160, k == 0, k as i16 + 1));
        }
        assert_eq!(first(&timeline, 1), CallTime::from_millis(500));
        assert_eq!(first(&timeline, 3), CallTime::from_millis(540));
        assert_eq!(first(&timeline, 100), CallTime::from_millis(500 + 99 * 20));
    }

    #[test]
    fn jitter_and_reordering_move_nothing_else() {
        let mut timeline = Timeline::default();
        for (arrival, k) in [(0, 0_u16), (20, 1), (75, 3), (76, 2), (80, 4), (100, 5)] {
            timeline.push(&frame(arrival, k, u32::from(k) * 160, false, k as i16 + 1));
        }
        assert_eq!(first(&timeline, 5), CallTime::from_millis(80));
        assert_eq!(first(&timeline, 3), CallTime::from_millis(76));
        let values: Vec<i16> = timeline.recording().iter().step_by(160).copied().collect();
        assert_eq!(values, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_late_stall_is_not_remembered() {
        let mut timeline = Timeline::default();
        for k in 0..100_u16 {
            let arrival = (i64::from(k) * 20).max(if (10..30).contains(&k) { 600 } else { 0 });
            timeline.push(&frame(arrival, k, u32::from(k) * 160, k == 0, k as i16 + 1));
            timeline.ready(CallTime::from_millis(arrival));
        }
        assert_eq!(first(&timeline, 80), CallTime::from_millis(79 * 20));
    }

    #[test]
    fn packets_that_come_too_late_are_counted_and_named() {
        let mut timeline = Timeline::default();
        for k in (0..40_u16).filter(|k| *k != 5) {
            timeline.push(&frame(i64::from(k) * 20, k, u32::from(k) * 160, k == 0, k as i16 + 1));
        }
        assert_eq!(timeline.discarded(), None);
        timeline.ready(CallTime::from_millis(800));
        timeline.push(&frame(800, 5, 800, false, 6));
        let said = timeline.discarded().expect("a sentence");
        assert!(said.starts_with("1 packet of the bot's audio came more than"), "{said}");
    }

    #[test]
    fn concealment_is_for_the_recording_only() {
        let mut timeline = Timeline::default();
        let tone = |k: u16| (0..160).map(|n| (f64::from(u32::from(k) * 160 + n) * 0.11).sin() * 9000.0).map(|s| s as i16).collect();
        // Packet 5 is lost; after packet 9 comes a pause, in which nothing was sent.
        for k in (0..12_u16).filter(|k| *k != 5) {
            let pause = if k > 9 { 50 } else { 0 };
            let packet = frame(i64::from(k) * 20 + pause * 20, k, (u32::from(k) + pause as u32) * 160, false, 0);
            timeline.push(&MediaFrame { samples: tone(k), ..packet });
        }
        let (plain, concealed) = (timeline.recording(), timeline.concealed());
        assert!(plain[800..960].iter().all(|sample| *sample == 0));
        assert!(concealed[800..880].iter().any(|sample| sample.abs() > 5000));
        assert_eq!((&concealed[..800], &concealed[960..]), (&plain[..800], &plain[960..]));
    }

    #[test]
    fn a_new_source_starts_a_new_clock() {
        let mut timeline = Timeline::default();
        timeline.push(&frame(0, 9, 900_000, false, 1));
        let other = MediaFrame { ssrc: 8, ..frame(20, 1, 5, false, 2) };
        timeline.push(&other);
        assert_eq!(first(&timeline, 2), CallTime::from_millis(20));
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic_or_grow_without_bound(
            packets in prop::collection::vec((0_i64..100_000, any::<u32>(), any::<u16>(), any::<bool>(), 0_u32..3, 0_usize..400), 0..60)
        ) {
            let mut timeline = Timeline::default();
            for (arrival, timestamp, sequence, marker, ssrc, length) in packets {
                let arrival = CallTime::from_millis(arrival);
                timeline.push(&MediaFrame { arrival, received: arrival, ssrc, sequence, timestamp, marker, samples: vec![1; length] });
                timeline.ready(arrival);
                timeline.heard_at(timeline.recording().len() as u64);
            }
            prop_assert!(timeline.recording().len() < 8 * 400_000);
        }

        #[test]
        fn duplicates_change_nothing(order in prop::collection::vec(0_u16..40, 1..60)) {
            let (mut once, mut twice) = (Timeline::default(), Timeline::default());
            let mut seen = std::collections::BTreeSet::new();
            for k in order.into_iter().map(|k| k.min(39)).filter(|k| seen.insert(*k)).collect::<Vec<_>>() {
                let packet = frame(1000 + i64::from(k) * 20, k, u32::from(k) * 160, false, k as i16 + 1);
                once.push(&packet);
                twice.push(&packet);
                twice.push(&packet);
            }
            prop_assert_eq!(once.recording(), twice.recording());
        }
    }
}
