//! The fate of every packet that the bot sent: in time, too late to be played, or lost.

use std::collections::BTreeMap;

use super::jitter::JitterMeter;
use super::packets::{Packet, PacketLog};
use crate::codec::SAMPLE_NANOS;
use crate::time::Span;

/// The de-jitter buffer of the caller's telephone that lateness is judged by.
pub const DEJITTER_NANOS: i64 = 60_000_000;
/// A step of the sequence numbers that is a restart of the sender rather than loss (RFC 3550, appendix A.1: MAX_DROPOUT).
const MAX_DROPOUT: u16 = 3000;
/// How long a playout point holds before it follows the network.
const ADAPT_NANOS: i64 = 1_000_000_000;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Played,
    /// Came after its playout time.
    Late,
    Lost,
}

/// One packet of the sender's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// When it came; for lost and late packets, when it would have.
    pub at: i64,
    pub length: i64,
    pub fate: Fate,
}

/// One packet as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub at: i64,
    pub jitter_ms: Option<f64>,
    pub reordered: bool,
    pub duplicate: bool,
}

/// Everything that came on a call, in two orders.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// In the order of the sequence numbers, one source after another.
    pub slots: Vec<Slot>,
    /// In the order of arrival.
    pub arrivals: Vec<Arrival>,
}

impl Stream {
    pub fn of(log: &PacketLog) -> Self {
        let mut stream = Self::default();
        let mut sources: BTreeMap<u32, Source> = BTreeMap::new();
        for packet in log.packets() {
            match sources.get_mut(&packet.ssrc).filter(|source| source.continues(packet)) {
                Some(source) => stream.arrivals.push(source.push(packet)),
                None => {
                    let mut source = Source::new(packet);
                    stream.arrivals.push(source.push(packet));
                    let before = sources.insert(packet.ssrc, source);
                    stream.slots.extend(before.into_iter().flat_map(Source::slots));
                }
            }
        }
        stream.slots.extend(sources.into_values().flat_map(Source::slots));
        stream
    }

    /// What touches a stretch of the call.
    pub fn within(&self, window: Span) -> Self {
        let (start, end) = (window.start.as_nanos(), window.end.as_nanos());
        let slots: Vec<Slot> = self.slots.iter().filter(|slot| slot.at + slot.length > start && slot.at < end).copied().collect();
        // The packet that holds the first sample came up to its own length before it.
        let length = slots.first().map_or(0, |slot| slot.length);
        let arrivals = self.arrivals.iter().filter(|arrival| arrival.at + length > start && arrival.at < end);
        Self { arrivals: arrivals.copied().collect(), slots }
    }
}

/// One synchronisation source without restarts.
struct Source {
    /// By extended sequence number.
    packets: BTreeMap<i64, Slot>,
    highest: i64,
    /// Last timestamp, unwrapped.
    timestamp: i64,
    playout: Option<Playout>,
    jitter: JitterMeter,
}

impl Source {
    fn new(packet: &Packet) -> Self {
        let timestamp = i64::from(packet.timestamp);
        let highest = i64::from(packet.sequence) - 1;
        Self { packets: BTreeMap::new(), highest, timestamp, playout: None, jitter: JitterMeter::default() }
    }

    fn step(&self, packet: &Packet) -> i16 {
        packet.sequence.wrapping_sub(self.highest as u16) as i16
    }

    fn continues(&self, packet: &Packet) -> bool {
        self.step(packet).unsigned_abs() <= MAX_DROPOUT
    }

    fn push(&mut self, packet: &Packet) -> Arrival {
        let step = i64::from(self.step(packet));
        let sequence = self.highest + step;
        let (reordered, duplicate) = (step < 0, self.packets.contains_key(&sequence));
        self.highest = self.highest.max(sequence);
        if packet.samples == 0 {
            self.packets.entry(sequence).or_insert(Slot { at: packet.arrival, length: 0, fate: Fate::Played });
            return Arrival { at: packet.arrival, jitter_ms: None, reordered: reordered && !duplicate, duplicate };
        }
        let jitter_ms = self.jitter.push(packet.arrival, packet.timestamp, packet.marker);
        let timestamp = self.timestamp + i64::from(packet.timestamp.wrapping_sub(self.timestamp as u32) as i32);
        self.timestamp = self.timestamp.max(timestamp);
        let transit = packet.arrival - timestamp * SAMPLE_NANOS;
        let playout = match self.playout.take().filter(|_| jitter_ms.is_some()) {
            Some(playout) => self.playout.insert(playout),
            None => {
                // The sender's clock began anew, and so do the timestamps.
                self.timestamp = timestamp;
                self.playout.insert(Playout::new(transit, packet.arrival))
            }
        };
        let late = playout.late(transit, packet.arrival);
        let (at, fate) = if late > DEJITTER_NANOS { (packet.arrival - late, Fate::Late) } else { (packet.arrival, Fate::Played) };
        let slot = Slot { at, length: i64::from(packet.samples) * SAMPLE_NANOS, fate };
        self.packets.entry(sequence).or_insert(slot);
        Arrival { at: packet.arrival, jitter_ms, reordered: reordered && !duplicate, duplicate }
    }

    /// The packets, with those that never came between them.
    fn slots(self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::with_capacity(self.packets.len());
        let mut before: Option<(i64, Slot)> = None;
        for (sequence, slot) in self.packets {
            if let Some((last, from)) = before {
                let missing = sequence - last - 1;
                let place = |k: i64| from.at + (slot.at - from.at) / (missing + 1) * k;
                slots.extend((1..=missing).map(|k| Slot { at: place(k), length: slot.length.max(from.length), fate: Fate::Lost }));
            }
            slots.push(slot);
            before = Some((sequence, slot));
        }
        slots
    }
}

/// The playout point: the transit time of the fastest packets of the last second or two. A burst that came early does not
/// pull it down, and a longer path pushes it up after a second, as telephones adapt.
#[derive(Clone, Copy, Debug)]
struct Playout {
    anchor: i64,
    block_end: i64,
    block_least: i64,
}

impl Playout {
    fn new(transit: i64, arrival: i64) -> Self {
        Self { anchor: transit, block_end: arrival + ADAPT_NANOS, block_least: i64::MAX }
    }

    /// By how much a packet came later than the fastest ones.
    fn late(&mut self, transit: i64, arrival: i64) -> i64 {
        if arrival >= self.block_end {
            if self.block_least != i64::MAX && self.anchor - self.block_least <= DEJITTER_NANOS {
                self.anchor = self.block_least;
            }
            (self.block_end, self.block_least) = (arrival + ADAPT_NANOS, i64::MAX);
        }
        self.block_least = self.block_least.min(transit);
        let burst = self.anchor - self.block_least > DEJITTER_NANOS;
        let fastest = if burst { self.anchor } else { self.anchor.min(self.block_least) };
        (transit - fastest).max(0)
    }
}
