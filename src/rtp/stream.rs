//! What the packets of the bot's stream hold: voice of any negotiated codec, digits, comfort noise.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use rtp::packet::Packet;

use super::formats::Payload;
use crate::codec::{Codec, SAMPLE_NANOS};
use crate::media::telephone_event::{DigitReader, TelephoneEvent};
use crate::media::{MediaFrame, VoiceDecoder};
use crate::time::CallTime;

/// Sources that were left for another one are remembered: what they sent last may come late.
const REMEMBERED: usize = 8;
/// A source that was left is taken again once the one in its place is silent for this long.
const SILENT_NANOS: i64 = 500_000_000;

/// What one packet holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// For the statistics: every packet has its place in the sequence, whatever it carries.
    pub counted: MediaFrame,
    /// For the timeline: voice, or one silent sample where a packet without voice has its place.
    pub heard: Option<MediaFrame>,
    /// A digit that is pressed.
    pub digit: Option<char>,
}

/// Reads one direction of a call.
#[derive(Default)]
pub(super) struct StreamReader {
    source: Option<Source>,
    left: VecDeque<u32>,
}

struct Source {
    ssrc: u32,
    decoders: HashMap<Codec, VoiceDecoder>,
    digits: DigitReader,
    /// RTP clock of its first voice packet.
    clock: u32,
    /// Timestamp and arrival of the last packet that was placed.
    last: Option<(u32, CallTime)>,
    heard_at: CallTime,
}

impl StreamReader {
    /// Reads a packet; `None` of one that belongs to a source which was left.
    pub fn read(&mut self, packet: &Packet, payload: Payload, arrival: CallTime) -> Option<Read> {
        let ssrc = packet.header.ssrc;
        if self.source.as_ref().is_none_or(|source| source.ssrc != ssrc) {
            self.change_to(ssrc, arrival)?;
        }
        let source = self.source.as_mut()?;
        source.heard_at = arrival;
        Some(match payload {
            Payload::Voice(codec) => source.voice(packet, codec, arrival)?,
            Payload::Events(_) => source.event(packet, arrival),
            Payload::Noise => source.noise(packet, arrival),
        })
    }

    fn change_to(&mut self, ssrc: u32, arrival: CallTime) -> Option<()> {
        if let Some(source) = &self.source {
            let silent = arrival.as_nanos() - source.heard_at.as_nanos() > SILENT_NANOS;
            if self.left.contains(&ssrc) && !silent {
                return None;
            }
            self.left.retain(|left| *left != ssrc);
            self.left.push_back(source.ssrc);
            if self.left.len() > REMEMBERED {
                self.left.pop_front();
            }
        }
        let (decoders, digits) = (HashMap::new(), DigitReader::default());
        self.source = Some(Source { ssrc, decoders, digits, clock: 0, last: None, heard_at: arrival });
        Some(())
    }
}

impl Source {
    fn voice(&mut self, packet: &Packet, codec: Codec, arrival: CallTime) -> Option<Read> {
        let decoder = match self.decoders.entry(codec) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(VoiceDecoder::new(codec).ok()?),
        };
        let decoded = decoder.decode(&packet.payload);
        let timestamp = decoder.timestamp(packet.header.timestamp).wrapping_sub(decoded.behind as u32);
        let arrival = CallTime::from_nanos(arrival.as_nanos() - decoded.behind as i64 * SAMPLE_NANOS);
        if self.clock == 0 {
            self.clock = codec.clock_rate();
        }
        let mut heard = MediaFrame { samples: decoded.samples, ..self.frame(packet, timestamp, arrival) };
        let mut counted = MediaFrame { samples: Vec::new(), ..heard.clone() };
        if codec.clock_rate() == self.clock {
            self.last = Some((timestamp, arrival));
        } else {
            // Another codec's clock counts from another zero: a new stream for the timeline, the same one for the statistics.
            heard.ssrc = !heard.ssrc;
            counted.timestamp = self.running(timestamp, arrival);
        }
        Some(Read { counted, heard: Some(heard), digit: None })
    }

    /// Only the first packet of an event has a place of its own: all of them have its timestamp.
    fn event(&mut self, packet: &Packet, arrival: CallTime) -> Read {
        let counted = self.frame(packet, self.running(packet.header.timestamp, arrival), arrival);
        let event = TelephoneEvent::parse(&packet.payload);
        let digit = event.and_then(|event| self.digits.read(packet.header.timestamp, event));
        let heard = digit.filter(|_| self.clock == 8000).map(|_| self.silent(packet, arrival));
        Read { counted, heard, digit }
    }

    fn noise(&mut self, packet: &Packet, arrival: CallTime) -> Read {
        let counted = self.frame(packet, self.running(packet.header.timestamp, arrival), arrival);
        let heard = (self.clock == 8000).then(|| self.silent(packet, arrival));
        Read { counted, heard, digit: None }
    }

    /// Where packets without voice have their place, nothing is lost.
    fn silent(&self, packet: &Packet, arrival: CallTime) -> MediaFrame {
        MediaFrame { samples: vec![0], ..self.frame(packet, packet.header.timestamp, arrival) }
    }

    /// The timestamp that voice would have that arrived now.
    fn running(&self, timestamp: u32, arrival: CallTime) -> u32 {
        self.last.map_or(timestamp, |(last, at)| last.wrapping_add(((arrival.as_nanos() - at.as_nanos()) / SAMPLE_NANOS) as u32))
    }

    fn frame(&self, packet: &Packet, timestamp: u32, arrival: CallTime) -> MediaFrame {
        MediaFrame {
            arrival,
            received: arrival,
            ssrc: self.ssrc,
            sequence: packet.header.sequence_number,
            timestamp,
            marker: packet.header.marker,
            samples: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rtp::header::Header;

    use super::*;
    use crate::media::{ReceptionCounter, Timeline};

    const VOICE: Payload = Payload::Voice(Codec::Pcmu);

    fn packet(ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Packet {
        let header = Header { version: 2, ssrc, sequence_number: sequence, timestamp, ..Header::default() };
        Packet { header, payload: Bytes::copy_from_slice(payload) }
    }

    fn at(millis: i64) -> CallTime {
        CallTime::from_millis(millis)
    }

    /// Voice, an event of 100 ms, voice: nothing is lost, nothing jitters, nothing moves.
    #[test]
    fn digits_and_comfort_noise_are_no_loss() {
        let (mut reader, mut counter, mut timeline) = (StreamReader::default(), ReceptionCounter::default(), Timeline::default());
        let mut digits = String::new();
        for k in 0..40_u16 {
            let arrival = at(1000 + i64::from(k) * 20);
            let running = 8000 + u32::from(k) * 160;
            let read = match k {
                10..17 => {
                    let event = TelephoneEvent { code: 5, end: k > 13, duration: (k.min(14) - 9) * 160 };
                    reader.read(&packet(7, k, 8000 + 1600, &event.payload()), Payload::Events(8000), arrival)
                }
                25 => reader.read(&packet(7, k, running, &[70]), Payload::Noise, arrival),
                26..32 => continue,
                _ => reader.read(&packet(7, if k > 31 { k - 6 } else { k }, running, &[0x10; 160]), VOICE, arrival),
            };
            let read = read.expect("a packet of the source");
            counter.push(&read.counted);
            digits.extend(read.digit);
            read.heard.iter().for_each(|frame| timeline.push(frame));
        }
        let report = counter.report();
        assert_eq!((report.packets, report.lost, report.duplicates, digits.as_str()), (34, 0, 0, "5"));
        assert!(report.jitter_ms < 0.1, "{report:?}");
        let loud = |millis: usize| timeline.recording()[millis * 8] != 0;
        assert!(loud(1199) && !loud(1201) && !loud(1330) && loud(1341) && loud(1499) && !loud(1510) && loud(1641));
        let (plain, concealed) = (timeline.recording(), timeline.concealed());
        let filled = plain.iter().zip(&concealed).filter(|(plain, concealed)| plain != concealed).count();
        assert!(filled < 160, "{filled} samples of a digit are made up");
    }

    #[test]
    fn a_source_that_was_left_is_not_mixed_in() {
        let mut reader = StreamReader::default();
        let mut from = |ssrc: u32, millis: i64| reader.read(&packet(ssrc, 1, 1, &[0xff; 160]), VOICE, at(millis)).is_some();
        assert!(from(1, 0) && from(2, 20) && !from(1, 25) && from(2, 40) && !from(1, 45));
        assert!(from(1, 900), "the new source is silent");
        assert!(!from(2, 910) && from(3, 920));
    }

    #[test]
    fn codecs_may_change_in_mid_stream() {
        let mut reader = StreamReader::default();
        let mut read = |codec, payload: &[u8]| reader.read(&packet(1, 1, 48_000, payload), Payload::Voice(codec), at(1000)).expect("voice");
        let first = read(Codec::Pcma, &[0xd5; 160]);
        let wide = read(Codec::G722, &[0xfa; 160]);
        let frame = |read: &Read| read.heard.clone().expect("voice");
        assert_eq!((frame(&first).samples.len(), frame(&wide).samples.len()), (160, 160));
        let shift = frame(&first).timestamp - frame(&wide).timestamp;
        assert_eq!(i64::from(shift) * SAMPLE_NANOS, frame(&first).arrival.as_nanos() - frame(&wide).arrival.as_nanos());
        let mut encoder = crate::media::VoiceEncoder::new(Codec::Opus).expect("encoder");
        let opus = read(Codec::Opus, &encoder.encode(&[0; 160]));
        assert_ne!((frame(&opus).ssrc, opus.counted.ssrc), (1, frame(&opus).ssrc));
    }
}
