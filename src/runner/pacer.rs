//! The pacing thread: every caller's packet on its own absolute deadline.
//!
//! One thread for all calls, with absolute sleeps and real-time priority where the system allows it: 20 us
//! late at the median where a timer of the async runtime is a millisecond late (benches/pacing.rs).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::thread;

use tokio::sync::mpsc;

use super::clips::CallerClip;
use super::stalls::SHORTEST;
use crate::clock::{Monotonic, sleep_until};
use crate::codec::{FRAME, SAMPLE_NANOS};
use crate::lock::lock;
use crate::priority;
use crate::transport::MediaSink;

const FRAME_NANOS: i64 = FRAME as i64 * SAMPLE_NANOS;
/// A gap this long (a suspended machine) is not made up for by a burst of packets.
const MOST_BEHIND_NANOS: i64 = 200_000_000;

/// Progress of what a stream plays, with real send times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The clip's first packet went out.
    Started(Monotonic),
    /// Its first speech sample went out.
    SpeechStarted(Monotonic),
    /// Its last speech sample went out.
    SpeechEnded(Monotonic),
    /// Its last packet went out.
    Finished,
}

enum Command {
    Add(u64, Stream),
    Remove(u64, tokio::sync::oneshot::Sender<Lateness>),
}

struct Stream {
    sink: Box<dyn MediaSink>,
    playing: Arc<Mutex<Option<Playing>>>,
    progress: mpsc::UnboundedSender<Progress>,
    lateness: Lateness,
    deadline: Monotonic,
    speaking: bool,
}

struct Playing {
    clip: Arc<CallerClip>,
    position: usize,
}

/// How late each packet was.
#[derive(Clone, Debug, Default)]
pub struct Lateness {
    micros: Vec<u32>,
    /// From when a packet was due to when the last of those that were late with it went out.
    stalls: Vec<(Monotonic, Monotonic)>,
}

impl Lateness {
    /// A percentile, 0 to 100, in microseconds; `None` without packets.
    pub fn percentile(&self, percentile: f64) -> Option<f64> {
        let values: Vec<f64> = self.micros.iter().map(|late| f64::from(*late)).collect();
        super::statistics::percentile(&values, percentile)
    }

    /// Adds the packets of another stream.
    pub fn merge(&mut self, other: &Self) {
        self.micros.extend_from_slice(&other.micros);
        self.stalls.extend_from_slice(&other.stalls);
    }

    /// Packets sent.
    pub fn packets(&self) -> usize {
        self.micros.len()
    }

    /// Each stretch in which packets were due that went out much later.
    pub fn stalls(&self) -> &[(Monotonic, Monotonic)] {
        &self.stalls
    }

    fn add(&mut self, due: Monotonic, sent: Monotonic) {
        let late = (sent.0 - due.0).max(0);
        self.micros.push(u32::try_from(late / 1000).unwrap_or(u32::MAX));
        if u128::from(late.unsigned_abs()) <= SHORTEST.as_nanos() {
            return;
        }
        match self.stalls.last_mut() {
            // The packets behind it in a burst.
            Some((_, until)) if due <= *until => *until = sent,
            _ => self.stalls.push((due, sent)),
        }
    }
}

/// The pacing thread; it ends when the last handle is gone.
#[derive(Clone)]
pub struct Pacer {
    commands: std_mpsc::Sender<Command>,
    next: Arc<std::sync::atomic::AtomicU64>,
}

/// One stream on the pacing thread.
pub struct PacedStream {
    id: u64,
    playing: Arc<Mutex<Option<Playing>>>,
    commands: std_mpsc::Sender<Command>,
}

impl Pacer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start() -> std::io::Result<Self> {
        let (commands, inbox) = std_mpsc::channel();
        thread::Builder::new().name("pacer".to_owned()).spawn(move || {
            priority::raise(priority::PACING);
            Loop { inbox, streams: HashMap::new(), due: BinaryHeap::new() }.run();
        })?;
        Ok(Self { commands, next: Arc::default() })
    }

    /// Adds a stream: it sends silence until it has something to play.
    pub fn add(&self, sink: Box<dyn MediaSink>, progress: mpsc::UnboundedSender<Progress>) -> PacedStream {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let playing = Arc::new(Mutex::new(None));
        // Multiples of the golden ratio spread any number of streams evenly over the 20 ms.
        let phase = ((id as f64 * 0.618_033_988_75).fract() * FRAME_NANOS as f64) as i64;
        let now = Monotonic::now().0;
        let deadline = Monotonic(now - now.rem_euclid(FRAME_NANOS) + FRAME_NANOS + phase);
        let stream = Stream { sink, playing: Arc::clone(&playing), progress, lateness: Lateness::default(), deadline, speaking: false };
        // The thread lives as long as this handle does.
        let _sent = self.commands.send(Command::Add(id, stream));
        PacedStream { id, playing, commands: self.commands.clone() }
    }
}

impl PacedStream {
    /// Plays a clip from its next packet on, in place of whatever is playing.
    pub fn play(&self, clip: Arc<CallerClip>) {
        *lock(&self.playing) = Some(Playing { clip, position: 0 });
    }

    /// Goes back to silence.
    pub fn stop(&self) {
        *lock(&self.playing) = None;
    }

    /// Ends the stream and returns how late its packets were.
    pub async fn close(self) -> Lateness {
        let (reply, lateness) = tokio::sync::oneshot::channel();
        if self.commands.send(Command::Remove(self.id, reply)).is_err() {
            return Lateness::default();
        }
        lateness.await.unwrap_or_default()
    }
}

impl Drop for PacedStream {
    /// A call that breaks off must not go on sending.
    fn drop(&mut self) {
        let (reply, _) = tokio::sync::oneshot::channel();
        let _thread_gone = self.commands.send(Command::Remove(self.id, reply));
    }
}

struct Loop {
    inbox: std_mpsc::Receiver<Command>,
    streams: HashMap<u64, Stream>,
    due: BinaryHeap<Reverse<(Monotonic, u64)>>,
}

impl Loop {
    fn run(mut self) {
        loop {
            if self.streams.is_empty() {
                match self.inbox.recv() {
                    Ok(command) => self.perform(command),
                    Err(_) => return,
                }
            }
            while let Ok(command) = self.inbox.try_recv() {
                self.perform(command);
            }
            let Some(Reverse((deadline, id))) = self.due.pop() else { continue };
            if !self.streams.contains_key(&id) {
                continue;
            }
            sleep_until(deadline);
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.send();
                self.due.push(Reverse((stream.deadline, id)));
            }
        }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Add(id, stream) => {
                self.due.push(Reverse((stream.deadline, id)));
                self.streams.insert(id, stream);
            }
            Command::Remove(id, reply) => {
                let lateness = self.streams.remove(&id).map(|stream| stream.lateness).unwrap_or_default();
                let _gone = reply.send(lateness);
            }
        }
    }
}

impl Stream {
    fn send(&mut self) {
        let mut playing = lock(&self.playing);
        let length = self.sink.frame();
        let mut frame = vec![0_i16; length];
        let from = playing.as_ref().map(|playing| playing.position);
        if let Some(playing) = playing.as_mut() {
            let rest = playing.clip.samples.get(playing.position..).unwrap_or(&[]);
            let some = rest.len().min(length);
            frame[..some].copy_from_slice(&rest[..some]);
            playing.position += length;
        }
        let marker = from.is_some() && !self.speaking;
        self.speaking = from.is_some();
        let sent = self.sink.send(&frame, marker).unwrap_or_else(|_| Monotonic::now());
        self.lateness.add(self.deadline, sent);
        if let (Some(from), Some(clip)) = (from, playing.as_ref().map(|playing| Arc::clone(&playing.clip))) {
            let over = from + length >= clip.samples.len();
            if over {
                *playing = None;
            }
            drop(playing);
            self.report(&clip, from..from + length, sent, over);
        }
        let step = length as i64 * SAMPLE_NANOS;
        self.deadline = self.deadline.plus_nanos(step);
        if sent.0 - self.deadline.0 > MOST_BEHIND_NANOS {
            self.deadline = sent.plus_nanos(step);
        }
    }

    /// A sample is sent when its packet is, plus its place in the packet: the same rule as for the bot's samples.
    fn report(&self, clip: &CallerClip, frame: Range<usize>, sent: Monotonic, over: bool) {
        let from = frame.start;
        let sent = sent.plus_nanos(self.sink.delay_nanos());
        let at = |sample: usize| sent.plus_nanos((sample - from) as i64 * SAMPLE_NANOS);
        let tell = |progress| {
            let _call_over = self.progress.send(progress);
        };
        if from == 0 {
            tell(Progress::Started(sent));
        }
        if frame.contains(&clip.speech.start) {
            tell(Progress::SpeechStarted(at(clip.speech.start)));
        }
        let last = clip.speech.end.saturating_sub(1);
        if frame.contains(&last) {
            tell(Progress::SpeechEnded(at(last).plus_nanos(SAMPLE_NANOS)));
        }
        if over {
            tell(Progress::Finished);
        }
    }
}
