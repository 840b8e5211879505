//! Thread pools of one thread each, lent to whoever runs a network.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use rten::{RunOptions, ThreadPool};

thread_local! {
    /// The pool whose thread this is, while it works for a lane.
    static CURRENT: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// Lends single-thread pools to concurrent runs of the networks.
///
/// A second thread gains nothing on networks this small, and the runtime's shared pool would make
/// the calls wait for each other. Here each concurrent run has a pool of its own; there are as many
/// pools as there were ever runs at once.
#[derive(Debug, Default)]
pub struct Lanes {
    idle: Mutex<Vec<Arc<ThreadPool>>>,
}

impl Lanes {
    /// Runs `work` on a single-thread pool, waits, and returns its result. The options pin every
    /// network run inside `work` to that same thread. Inside `work` a further call, of these lanes
    /// or others, stays on the thread: the hand-over costs as much as a tenth of a small network.
    pub fn run<R: Send>(&self, work: impl FnOnce(&RunOptions) -> R + Send) -> R {
        if let Some(pool) = CURRENT.with_borrow(Clone::clone) {
            return work(&options(pool));
        }
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let pool = idle.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let lane = Arc::clone(&pool);
        let result = pool.run(|| {
            CURRENT.set(Some(Arc::clone(&lane)));
            let result = work(&options(lane));
            CURRENT.set(None);
            result
        });
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pool);
        result
    }
}

fn options(pool: Arc<ThreadPool>) -> RunOptions {
    RunOptions::default().with_thread_pool(Some(pool))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_are_used_again() {
        let lanes = Lanes::default();
        assert_eq!(lanes.run(|_| 1) + lanes.run(|_| 2), 3);
        assert_eq!(lanes.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn nested_runs_stay_on_their_thread() {
        let lanes = Lanes::default();
        let id = || std::thread::current().id();
        let (outer, inner) = lanes.run(|_| (id(), Lanes::default().run(|_| id())));
        assert_eq!(outer, inner);
        assert_ne!(outer, id());
    }

    #[test]
    fn runs_at_once_have_a_thread_each() {
        let lanes = Lanes::default();
        let meet = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| lanes.run(|_| meet.wait()));
            }
        });
        assert_eq!(lanes.idle.lock().unwrap().len(), 2);
    }
}
