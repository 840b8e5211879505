//! Speech detection of every call on a thread of its own: no packet waits for it, and it waits for no transcription.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use crate::media::detect::{DetectError, SpeechDetector, SpeechEdge, on_one_thread};

/// A detector on its way through the lane, and what it found.
pub struct Detected {
    /// Goes back to its call.
    pub detector: Box<SpeechDetector>,
    /// What it found.
    pub edges: Result<Vec<SpeechEdge>, DetectError>,
}

/// Samples for a call's detector.
struct Job {
    detector: Box<SpeechDetector>,
    samples: Vec<i16>,
    last: bool,
    reply: oneshot::Sender<Detected>,
}

impl Job {
    fn run(mut self) {
        let edges = self.detector.push(&self.samples).and_then(|mut edges| {
            if self.last {
                edges.extend(self.detector.finish()?);
            }
            Ok(edges)
        });
        let _call_over = self.reply.send(Detected { detector: self.detector, edges });
    }
}

/// Speech detection of every call.
#[derive(Clone)]
pub struct DetectionLane {
    jobs: mpsc::Sender<Job>,
}

impl DetectionLane {
    /// Starts the lane.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        // The networks' own thread is started here, and frames need no hand-over to it.
        let work = move || {
            on_one_thread(|_| {
                for job in inbox {
                    // A panic in one call's work must not take the lane from the others; its call learns of it by the lost reply.
                    drop(catch_unwind(AssertUnwindSafe(|| job.run())));
                }
            });
        };
        thread::Builder::new().name("detection".to_owned()).spawn(work)?;
        Ok(Self { jobs })
    }

    /// Feeds a call's detector; `last` closes an open segment. The receiver fails only when the lane has stopped.
    pub fn feed(&self, detector: Box<SpeechDetector>, samples: Vec<i16>, last: bool) -> oneshot::Receiver<Detected> {
        let (reply, receiver) = oneshot::channel();
        let _lane_gone = self.jobs.send(Job { detector, samples, last, reply });
        receiver
    }
}
