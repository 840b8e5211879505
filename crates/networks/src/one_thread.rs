//! Running networks on one thread each.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    /// The pool of this thread's networks, once it has had one.
    static OWN: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
    /// The pool whose only worker this thread is. Weak: it must not keep itself alive.
    static WORKER_OF: RefCell<Weak<ThreadPool>> = const { RefCell::new(Weak::new()) };
}

/// Runs `work` on the one network thread of the calling thread, waits, and returns its result.
///
/// A second thread gains nothing on networks this small, and the pool that products would share otherwise would make concurrent calls wait for
/// each other. The network thread is started at the first call and inherits the priority that the calling thread has then.
///
/// Handing a frame of speech detection over costs up to a third of the frame's own work; inside
/// `work` a further call stays where it is. So a thread that does nothing else should spend its
/// life, or at least a round over all calls, inside one call of this.
pub fn on_one_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if WORKER_OF.with_borrow(|pool| pool.strong_count() > 0) {
        return work();
    }
    let start = || ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "networks".to_owned()).build().ok().map(Arc::new);
    let pool = OWN.with_borrow_mut(|own| {
        *own = own.take().or_else(start);
        own.clone()
    });
    // Without a thread to give it is the pool that the products share otherwise.
    let Some(pool) = pool else { return work() };
    pool.install(|| {
        WORKER_OF.set(Arc::downgrade(&pool));
        work()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> std::thread::ThreadId {
        std::thread::current().id()
    }

    #[test]
    fn a_thread_keeps_its_network_thread() {
        let first = on_one_thread(id);
        assert_eq!(on_one_thread(id), first);
        assert_ne!(first, id());
    }

    #[test]
    fn nested_runs_stay_on_their_thread() {
        let (outer, inner) = on_one_thread(|| (id(), on_one_thread(id)));
        assert_eq!(outer, inner);
    }

    #[test]
    fn runs_at_once_have_a_thread_each() {
        let meet = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| on_one_thread(|| meet.wait()));
            }
        });
    }
}
