//! Playout as a telephony provider has it: audio that a bot sends faster than real time waits for its turn, marks are
//! reached when playout comes to them, and a queue can be emptied.

use std::collections::VecDeque;

use crate::time::CallTime;

use super::timeline::MediaFrame;
use crate::codec::{FRAME, SAMPLE_NANOS};

/// More audio than this in the queue is a bot that has run away.
const MOST_QUEUED: usize = 10 * 60 * 8000;
/// So is one with more marks than this that playout has not come to.
const MOST_MARKS: usize = 10_000;
/// So is one that sends audio in more pieces than this: three milliseconds each.
const MOST_PIECES: usize = 200_000;
/// Names of marks and chunks are short, or a queue of them fills the memory.
const LONGEST_NAME: usize = 1024;
/// A pause this long begins a new talkspurt.
const TALKSPURT_NANOS: i64 = 120_000_000;

/// What playout came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// Audio; its `arrival` is when the caller hears it, its `received` when it came.
    Frame(MediaFrame),
    /// A mark.
    Mark(String),
    /// The queue began to play.
    Started,
    /// The queue ran dry.
    Ended,
}

/// More was sent than anyone can listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

enum Item {
    Audio { samples: VecDeque<i16>, received: CallTime, chunk: Option<String> },
    Mark(String),
}

/// One stream's queue. It is given the time and has no clock.
#[derive(Default)]
pub struct Playout {
    queue: VecDeque<Item>,
    /// Samples in the queue.
    queued: usize,
    /// Marks in the queue.
    marks: usize,
    /// When what has been given out so far has been played.
    played_until: CallTime,
    sequence: u16,
    timestamp: u32,
    /// Something is being played.
    playing: bool,
}

impl Playout {
    /// Queues audio at 8 kHz.
    ///
    /// # Errors
    /// More than ten minutes or two hundred thousand pieces are waiting, or the chunk's name is longer than 1 kB.
    pub fn push(&mut self, received: CallTime, samples: Vec<i16>, chunk: Option<String>) -> Result<(), QueueFull> {
        if samples.is_empty() {
            return Ok(());
        }
        let long = chunk.as_ref().is_some_and(|name| name.len() > LONGEST_NAME);
        if self.queued + samples.len() > MOST_QUEUED || self.queue.len() >= MOST_PIECES + self.marks || long {
            return Err(QueueFull);
        }
        self.queued += samples.len();
        self.queue.push_back(Item::Audio { samples: samples.into(), received, chunk });
        Ok(())
    }

    /// Queues a mark behind the audio that is there.
    ///
    /// # Errors
    /// More than ten thousand are waiting, or the name is longer than 1 kB.
    pub fn mark(&mut self, name: String) -> Result<(), QueueFull> {
        if self.marks == MOST_MARKS || name.len() > LONGEST_NAME {
            return Err(QueueFull);
        }
        self.marks += 1;
        self.queue.push_back(Item::Mark(name));
        Ok(())
    }

    /// Empties the queue, or takes one chunk out of it; returns the marks that playout will not come to.
    pub fn clear(&mut self, chunk: Option<&str>) -> Vec<String> {
        if let Some(chunk) = chunk {
            self.queue.retain(|item| !matches!(item, Item::Audio { chunk: Some(name), .. } if name == chunk));
            self.count();
            return Vec::new();
        }
        let items = std::mem::take(&mut self.queue);
        (self.queued, self.marks) = (0, 0);
        items
            .into_iter()
            .filter_map(|item| match item {
                Item::Mark(name) => Some(name),
                Item::Audio { .. } => None,
            })
            .collect()
    }

    fn count(&mut self) {
        let length = |item: &Item| match item {
            Item::Audio { samples, .. } => samples.len(),
            Item::Mark(_) => 0,
        };
        self.queued = self.queue.iter().map(length).sum();
    }

    /// Whether nothing is playing and nothing waits.
    pub fn is_idle(&self) -> bool {
        !self.playing && self.queue.is_empty()
    }

    /// Everything that has begun to play by now, in frames of at most 20 ms.
    pub fn due(&mut self, now: CallTime) -> Vec<Played> {
        let mut out = Vec::new();
        while let Some(item) = self.queue.front_mut() {
            let Item::Audio { samples, received, .. } = item else {
                if self.played_until > now {
                    break;
                }
                if let Some(Item::Mark(name)) = self.queue.pop_front() {
                    self.marks -= 1;
                    out.push(Played::Mark(name));
                }
                continue;
            };
            let start = self.played_until.max(*received);
            if start > now {
                break;
            }
            let length = samples.len().min(FRAME);
            let frame: Vec<i16> = samples.drain(..length).collect();
            let (received, empty) = (*received, samples.is_empty());
            if empty {
                self.queue.pop_front();
            }
            if !std::mem::replace(&mut self.playing, true) {
                out.push(Played::Started);
            }
            out.push(Played::Frame(self.frame(start, received, frame)));
        }
        if self.playing && self.queue.is_empty() && self.played_until <= now {
            self.playing = false;
            out.push(Played::Ended);
        }
        out
    }

    fn frame(&mut self, start: CallTime, received: CallTime, samples: Vec<i16>) -> MediaFrame {
        let marker = start.as_nanos() - self.played_until.as_nanos() > TALKSPURT_NANOS || self.timestamp == 0;
        let (length, sequence, timestamp) = (samples.len(), self.sequence, self.timestamp);
        self.queued -= length;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(length as u32);
        self.played_until = CallTime::from_nanos(start.as_nanos() + length as i64 * SAMPLE_NANOS);
        MediaFrame { arrival: start, received, ssrc: 0, sequence, timestamp, marker, samples }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: i64) -> CallTime {
        CallTime::from_millis(millis)
    }

    fn heard(played: &[Played]) -> Vec<(i64, usize)> {
        let frames = played.iter().filter_map(|one| match one {
            Played::Frame(frame) => Some((frame.arrival.as_nanos() / 1_000_000, frame.samples.len())),
            _ => None,
        });
        frames.collect()
    }

    #[test]
    fn a_burst_plays_in_real_time() {
        let mut playout = Playout::default();
        playout.push(ms(100), vec![1; 8000], None).expect("room");
        playout.mark("end".to_owned()).expect("room");
        assert_eq!(heard(&playout.due(ms(139))), [(100, 160), (120, 160)]);
        let rest = playout.due(ms(1099));
        assert_eq!(heard(&rest).len(), 48);
        assert!(!rest.contains(&Played::Mark("end".to_owned())));
        assert!(!playout.is_idle());
        assert_eq!(playout.due(ms(1100)), [Played::Mark("end".to_owned()), Played::Ended]);
        assert!(playout.is_idle());
    }

    #[test]
    fn late_audio_is_heard_when_it_comes() {
        let mut playout = Playout::default();
        for received in [100, 121, 139, 500] {
            playout.push(ms(received), vec![1; 160], None).expect("room");
        }
        let played = playout.due(ms(600));
        assert_eq!(heard(&played), [(100, 160), (121, 160), (141, 160), (500, 160)]);
        let markers: Vec<bool> = played.iter().filter_map(|one| if let Played::Frame(f) = one { Some(f.marker) } else { None }).collect();
        assert_eq!(markers, [true, false, false, true]);
    }

    #[test]
    fn clearing_stops_at_the_frame_that_plays() {
        let mut playout = Playout::default();
        playout.push(ms(0), vec![1; 8000], Some("a".to_owned())).expect("room");
        playout.mark("m".to_owned()).expect("room");
        playout.due(ms(50));
        assert_eq!(playout.clear(None), ["m"]);
        assert_eq!(playout.due(ms(60)), [Played::Ended]);
        playout.push(ms(70), vec![2; 160], Some("b".to_owned())).expect("room");
        playout.push(ms(70), vec![3; 160], Some("c".to_owned())).expect("room");
        playout.clear(Some("b"));
        let played = playout.due(ms(200));
        assert!(matches!(&played[1], Played::Frame(frame) if frame.samples[0] == 3 && frame.arrival == ms(70)), "{played:?}");
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut playout = Playout::default();
        assert_eq!(playout.push(ms(0), vec![0; MOST_QUEUED], None), Ok(()));
        assert_eq!(playout.push(ms(0), vec![0; 1], None), Err(QueueFull));
        assert!((0..MOST_MARKS).all(|_| playout.mark("m".to_owned()).is_ok()));
        assert_eq!(playout.mark("m".to_owned()), Err(QueueFull));
        assert_eq!(playout.clear(None).len(), MOST_MARKS);
        let long = "m".repeat(LONGEST_NAME + 1);
        assert_eq!((playout.mark(long.clone()), playout.push(ms(0), vec![0; 1], Some(long))), (Err(QueueFull), Err(QueueFull)));
        assert!((0..MOST_PIECES).all(|_| playout.push(ms(0), vec![0; 1], None).is_ok()));
        assert_eq!(playout.push(ms(0), vec![0; 1], None), Err(QueueFull));
        playout.clear(None);
        assert_eq!(playout.mark("m".to_owned()), Ok(()));
        assert_eq!(playout.due(ms(700_000)), [Played::Mark("m".to_owned())]);
        assert!((0..MOST_MARKS).all(|_| playout.mark("m".to_owned()).is_ok()));
    }

    proptest! {
        #[test]
        fn audio_is_heard_once_in_order_and_never_before_it_came(
            pushes in prop::collection::vec((0_i64..200, 1_usize..3000), 1..30)
        ) {
            let mut playout = Playout::default();
            let (mut now, mut pushed, mut frames) = (0, 0, Vec::new());
            for (step, length) in pushes {
                now += step;
                playout.push(ms(now), vec![1; length], None).expect("room");
                pushed += length;
                frames.extend(playout.due(ms(now)));
            }
            frames.extend(playout.due(ms(now + 100_000)));
            let frames: Vec<MediaFrame> =
                frames.into_iter().filter_map(|one| if let Played::Frame(frame) = one { Some(frame) } else { None }).collect();
            prop_assert_eq!(frames.iter().map(|frame| frame.samples.len()).sum::<usize>(), pushed);
            prop_assert!(frames.iter().all(|frame| frame.arrival >= frame.received));
            let ends = |frame: &MediaFrame| frame.arrival.as_nanos() + frame.samples.len() as i64 * SAMPLE_NANOS;
            prop_assert!(frames.windows(2).all(|pair| ends(&pair[0]) <= pair[1].arrival.as_nanos()));
        }
    }
}
