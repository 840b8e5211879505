//! Speech detection of every call on a thread of its own: no packet waits for it, and it waits for no transcription.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use goldencall_networks::on_one_thread;
use tokio::sync::oneshot;

use crate::clock::{Monotonic, sleep_until};
use crate::media::detect::{SpeechDetector, SpeechEdge, detect};

/// A detector on its way through the lane, and what it found.
pub struct Detected {
    /// Goes back to its call.
    pub detector: Box<SpeechDetector>,
    /// What it found.
    pub edges: Vec<SpeechEdge>,
}

/// A detector that has been given samples.
struct Job {
    detector: Box<SpeechDetector>,
    reply: oneshot::Sender<Detected>,
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
        thread::Builder::new().name("detection".to_owned()).spawn(move || on_one_thread(move || work(inbox)))?;
        Ok(Self { jobs })
    }

    /// Feeds a call's detector; `last` closes an open segment. The receiver fails only when the lane has stopped.
    pub fn feed(&self, mut detector: Box<SpeechDetector>, samples: &[i16], last: bool) -> oneshot::Receiver<Detected> {
        detector.give(samples);
        if last {
            detector.end();
        }
        let (reply, receiver) = oneshot::channel();
        let _lane_gone = self.jobs.send(Job { detector, reply });
        receiver
    }
}

/// From one look to the next, at least: what comes meanwhile is looked at together, for which the network reads its weights once.
const ROUND_NANOS: i64 = 10_000_000;

/// Looks at what waits, all of it together. A panic must not take the lane from the other calls; those that were looked at then learn of it
/// by their lost replies.
fn work(inbox: mpsc::Receiver<Job>) {
    let mut next = Monotonic::now();
    while let Ok(first) = inbox.recv() {
        sleep_until(next);
        let jobs: Vec<Job> = std::iter::once(first).chain(inbox.try_iter()).collect();
        next = Monotonic::now().plus_nanos(ROUND_NANOS);
        drop(catch_unwind(AssertUnwindSafe(|| together(jobs))));
    }
}

fn together(mut jobs: Vec<Job>) {
    let mut detectors: Vec<&mut SpeechDetector> = jobs.iter_mut().map(|job| &mut *job.detector).collect();
    detect(&mut detectors);
    for Job { mut detector, reply } in jobs {
        let edges = detector.edges();
        let _call_over = reply.send(Detected { detector, edges });
    }
}
