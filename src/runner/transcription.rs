//! Transcription of every call, on threads of its own: whoever has waited longest first, several segments together where the engine
//! gains by it.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use goldencall_networks::on_one_thread;
use tokio::sync::oneshot;

use crate::clock::Monotonic;
use crate::expect::{Doubt, Fit};
use crate::lock::lock;
use crate::speech::stt::{Batch, SttError, Transcriber};

type Reply<T> = oneshot::Sender<Result<T, SttError>>;

/// Work for the engine.
enum Job {
    Words { audio: Vec<f32>, reply: Reply<String> },
    Fits { audio: Vec<f32>, heard: String, doubts: Vec<Doubt>, reply: Reply<Vec<Option<Fit>>> },
}

impl Job {
    /// Whether its call is over.
    fn is_unwanted(&self) -> bool {
        match self {
            Self::Words { reply, .. } => reply.is_closed(),
            Self::Fits { reply, .. } => reply.is_closed(),
        }
    }
}

/// A job and since when it has been waited for; of equals, the first.
struct Waiting {
    order: Reverse<(Monotonic, u64)>,
    job: Job,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.cmp(&other.order)
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    waiting: BinaryHeap<Waiting>,
    submitted: u64,
    /// Threads without work.
    idle: usize,
    /// The last handle is gone.
    closed: bool,
}

impl Queue {
    fn submit(&self, since: Monotonic, job: Job) {
        let mut state = lock(&self.state);
        state.submitted += 1;
        let order = Reverse((since, state.submitted));
        state.waiting.push(Waiting { order, job });
        self.more.notify_one();
    }

    /// The next job, as soon as there is one; `None` when the queue is closed.
    fn wait(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        state.idle += 1;
        let found = loop {
            match state.waiting.pop() {
                Some(waiting) if waiting.job.is_unwanted() => {}
                Some(waiting) => break Some(waiting.job),
                None if state.closed => break None,
                None => state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        state.idle -= 1;
        found
    }

    /// Whether a job would be taken at once.
    fn has_idle_thread(&self) -> bool {
        let state = lock(&self.state);
        state.idle > state.waiting.len()
    }

    /// Another job for a thread that has some: what idle threads are about to take is left to them.
    fn another(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        while state.waiting.len() > state.idle {
            match state.waiting.pop() {
                Some(waiting) if !waiting.job.is_unwanted() => return Some(waiting.job),
                _ => {}
            }
        }
        None
    }
}

/// Closes the queue with the last handle, which ends the threads.
struct Handle(Arc<Queue>);

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.0.state).closed = true;
        self.0.more.notify_all();
    }
}

/// Transcription of every call.
#[derive(Clone)]
pub struct TranscriptionLane {
    queue: Arc<Handle>,
    engine: Arc<dyn Transcriber>,
}

impl TranscriptionLane {
    /// Starts as many threads as given.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(engine: Arc<dyn Transcriber>, threads: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        for _ in 0..threads.max(1) {
            let (queue, engine) = (Arc::clone(&queue), Arc::clone(&engine));
            // The networks' own thread is started here, and a step needs no hand-over to it.
            thread::Builder::new().name("transcription".to_owned()).spawn(move || on_one_thread(|| work(&queue, &*engine)))?;
        }
        Ok(Self { queue: Arc::new(Handle(queue)), engine })
    }

    /// Whether the engine can be asked how well audio fits other words.
    pub fn can_compare(&self) -> bool {
        self.engine.can_compare()
    }

    /// Whether a job would be taken at once.
    pub fn has_idle_thread(&self) -> bool {
        self.queue.0.has_idle_thread()
    }

    /// Asks how well 16 kHz audio fits other words than those heard in it; somebody has waited for the answer since a moment.
    pub fn compare(
        &self,
        since: Monotonic,
        audio: Vec<f32>,
        heard: String,
        doubts: Vec<Doubt>,
    ) -> oneshot::Receiver<Result<Vec<Option<Fit>>, SttError>> {
        let (reply, receiver) = oneshot::channel();
        self.queue.0.submit(since, Job::Fits { audio, heard, doubts, reply });
        receiver
    }

    /// Transcribes 16 kHz audio; somebody has waited for the words since a moment.
    pub fn transcribe(&self, since: Monotonic, audio: Vec<f32>) -> oneshot::Receiver<Result<String, SttError>> {
        let (reply, receiver) = oneshot::channel();
        self.queue.0.submit(since, Job::Words { audio, reply });
        receiver
    }
}

/// Works until the queue is closed. A panic in one call's work must not take the thread from the others; the calls whose segments were
/// under way learn of it by their lost replies.
fn work(queue: &Queue, engine: &dyn Transcriber) {
    while catch_unwind(AssertUnwindSafe(|| Worker::new(queue, engine).run())).is_err() {}
}

/// One thread's segments under way.
struct Worker<'a> {
    queue: &'a Queue,
    engine: &'a dyn Transcriber,
    batch: Box<dyn Batch + 'a>,
    replies: HashMap<usize, Reply<String>>,
    begun: usize,
}

impl<'a> Worker<'a> {
    fn new(queue: &'a Queue, engine: &'a dyn Transcriber) -> Self {
        Self { queue, engine, batch: engine.batch(), replies: HashMap::new(), begun: 0 }
    }

    fn run(mut self) {
        loop {
            if self.replies.is_empty() {
                match self.queue.wait() {
                    Some(job) => self.take(job),
                    None => return,
                }
            }
            while self.batch.has_room()
                && let Some(job) = self.queue.another()
            {
                self.take(job);
            }
            for (number, words) in self.batch.step() {
                let _call_over = self.replies.remove(&number).map(|reply| reply.send(words));
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Words { audio, reply } => {
                self.begun += 1;
                self.replies.insert(self.begun, reply);
                self.batch.begin(self.begun, &audio);
            }
            Job::Fits { audio, heard, doubts, reply } => {
                let _call_over = reply.send(self.engine.compare(&audio, &heard, &doubts));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says how long the audio is; panics where it is empty.
    struct Lengths;

    /// Two at a time.
    struct Pairs(Vec<(usize, usize)>);

    impl Transcriber for Lengths {
        fn name(&self) -> String {
            "lengths".to_owned()
        }

        fn transcribe(&self, audio: &[f32]) -> Result<String, SttError> {
            Ok(audio.len().to_string())
        }

        fn batch(&self) -> Box<dyn Batch + '_> {
            Box::new(Pairs(Vec::new()))
        }
    }

    impl Batch for Pairs {
        fn has_room(&self) -> bool {
            self.0.len() < 2
        }

        fn begin(&mut self, number: usize, audio: &[f32]) {
            assert!(!audio.is_empty(), "a panic in the engine");
            self.0.push((number, audio.len()));
        }

        fn step(&mut self) -> Vec<(usize, Result<String, SttError>)> {
            let all = self.0.len();
            self.0.drain(..).map(|(number, length)| (number, Ok(format!("{length} of {all}")))).collect()
        }
    }

    fn words(length: usize) -> (Job, oneshot::Receiver<Result<String, SttError>>) {
        let (reply, receiver) = oneshot::channel();
        (Job::Words { audio: vec![0.0; length], reply }, receiver)
    }

    #[test]
    fn who_waits_longest_comes_first_and_the_unwanted_never() {
        let queue = Queue::default();
        let mut replies = Vec::new();
        for (since, length) in [(30, 1), (10, 2), (20, 3), (10, 4), (5, 5)] {
            let (job, reply) = words(length);
            queue.submit(Monotonic(since), job);
            replies.push(reply);
        }
        drop(replies.pop());
        lock(&queue.state).closed = true;
        let order = std::iter::from_fn(|| queue.wait()).map(|job| match job {
            Job::Words { audio, .. } => audio.len(),
            Job::Fits { .. } => 0,
        });
        let order: Vec<usize> = order.collect();
        assert_eq!(order, [2, 4, 3, 1]);
    }

    #[test]
    fn a_panic_costs_the_segments_under_way_and_no_others() {
        let queue = Queue::default();
        let replies: Vec<_> = [1, 2, 3, 0, 5]
            .into_iter()
            .enumerate()
            .map(|(since, length)| {
                let (job, reply) = words(length);
                queue.submit(Monotonic(since as i64), job);
                reply
            })
            .collect();
        lock(&queue.state).closed = true;
        work(&queue, &Lengths);
        let answers: Vec<_> = replies.into_iter().map(|mut reply| reply.try_recv().ok().and_then(Result::ok)).collect();
        let text = |words: &str| Some(words.to_owned());
        assert_eq!(answers, [text("1 of 2"), text("2 of 2"), None, None, text("5 of 1")]);
    }

    #[test]
    fn the_lane_ends_with_its_last_handle() {
        let engine: Arc<dyn Transcriber> = Arc::new(Lengths);
        let lane = TranscriptionLane::start(Arc::clone(&engine), 2).unwrap();
        let reply = lane.clone().transcribe(Monotonic(0), vec![0.0; 7]).blocking_recv().unwrap().unwrap();
        assert_eq!(reply, "7 of 1");
        drop(lane);
        while Arc::strong_count(&engine) > 1 {
            thread::yield_now();
        }
    }
}
