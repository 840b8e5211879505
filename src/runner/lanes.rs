//! Detection and transcription on threads of their own, so that neither waits for the other and no packet
//! waits for either.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use tokio::sync::oneshot;

use crate::expect::{Doubt, Fit};
use crate::lock::lock;
use crate::media::detect::{DetectError, SpeechDetector, SpeechEdge, on_one_thread};
use crate::speech::stt::{SttError, Transcriber};

type Job = Box<dyn FnOnce() + Send>;

/// A few threads that take jobs in order.
#[derive(Clone)]
struct Lane {
    jobs: mpsc::Sender<Job>,
}

impl Lane {
    fn start(name: &str, threads: usize) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let inbox = Arc::new(Mutex::new(inbox));
        for _ in 0..threads.max(1) {
            let inbox = Arc::clone(&inbox);
            thread::Builder::new().name(name.to_owned()).spawn(move || {
                // The networks' own thread is started here, and frames need no hand-over to it.
                on_one_thread(|_| work(&inbox));
            })?;
        }
        Ok(Self { jobs })
    }

    /// Runs a job on the lane; the receiver fails only if the lane is gone.
    fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
        let (reply, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _call_over = reply.send(work());
        });
        let _lane_gone = self.jobs.send(job);
        receiver
    }
}

/// Does jobs until the lane's last handle is gone.
fn work(inbox: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = lock(inbox).recv();
        match job {
            // A panic in one call's work must not take the lane from the others; its call learns of it by the lost reply.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(job))),
            Err(_) => return,
        }
    }
}

/// A detector on its way through the lane, and what it found.
pub struct Detected {
    /// Goes back to its call.
    pub detector: Box<SpeechDetector>,
    /// What it found.
    pub edges: Result<Vec<SpeechEdge>, DetectError>,
}

/// Speech detection of every call.
#[derive(Clone)]
pub struct DetectionLane(Lane);

impl DetectionLane {
    /// Starts the lane.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start() -> std::io::Result<Self> {
        Lane::start("detection", 1).map(Self)
    }

    /// Feeds a call's detector; `last` closes an open segment.
    pub fn feed(&self, mut detector: Box<SpeechDetector>, samples: Vec<i16>, last: bool) -> oneshot::Receiver<Detected> {
        self.0.submit(move || {
            let edges = detector.push(&samples).and_then(|mut edges| {
                if last {
                    edges.extend(detector.finish()?);
                }
                Ok(edges)
            });
            Detected { detector, edges }
        })
    }
}

/// Transcription of every call.
#[derive(Clone)]
pub struct TranscriptionLane {
    lane: Lane,
    engine: Arc<dyn Transcriber>,
}

impl TranscriptionLane {
    /// Starts as many threads as given.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(engine: Arc<dyn Transcriber>, threads: usize) -> std::io::Result<Self> {
        Ok(Self { lane: Lane::start("transcription", threads)?, engine })
    }

    /// Whether the engine can be asked how well audio fits other words.
    pub fn can_compare(&self) -> bool {
        self.engine.can_compare()
    }

    /// Asks how well 16 kHz audio fits other words than those heard in it.
    pub fn compare(&self, audio: Vec<f32>, heard: String, doubts: Vec<Doubt>) -> oneshot::Receiver<Result<Vec<Option<Fit>>, SttError>> {
        let engine = Arc::clone(&self.engine);
        self.lane.submit(move || engine.compare(&audio, &heard, &doubts))
    }

    /// Transcribes 16 kHz audio.
    pub fn transcribe(&self, audio: Vec<f32>) -> oneshot::Receiver<Result<String, SttError>> {
        let engine = Arc::clone(&self.engine);
        self.lane.submit(move || engine.transcribe(&audio))
    }
}
