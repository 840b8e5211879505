//! The media lane: a runtime of its own, on one thread of raised priority, for the sockets of WebRTC and media streams.
//! Reports, signalling and a busy machine do not keep a packet waiting there.

use std::future::Future;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::DialError;
use crate::lock::lock;
use crate::priority;

/// How often, and how many times, to look for tasks that are left: two seconds in all.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 100;

/// Started with the first call that needs it; ends with this.
#[derive(Debug, Default)]
pub(crate) struct MediaLane(Mutex<Option<Runtime>>);

impl MediaLane {
    /// Runs a future on the lane, and everything that it spawns. Dropping the returned future ends it.
    pub async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, DialError>> + Send + 'static,
    ) -> Result<T, DialError> {
        let handle = self.handle().map_err(|error| DialError::local("no thread for the media", error))?;
        let mut task = AbortOnDrop(handle.spawn(future));
        (&mut task.0).await.unwrap_or_else(|error| Err(DialError::local("the media lane broke", error)))
    }

    /// Waits, for a bounded time, until every goodbye on the lane has been said.
    pub async fn quiet(&self) {
        let runtime = lock(&self.0).as_ref().map(|runtime| runtime.handle().clone());
        let Some(runtime) = runtime else { return };
        for _ in 0..LOOKS {
            if runtime.metrics().num_alive_tasks() == 0 {
                return;
            }
            sleep(LOOK).await;
        }
    }

    /// The lane's runtime.
    pub fn handle(&self) -> io::Result<Handle> {
        let mut runtime = lock(&self.0);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle().clone());
        }
        let mut builder = Builder::new_multi_thread();
        let started =
            builder.worker_threads(1).thread_name("media").on_thread_start(|| priority::raise(priority::MEDIA)).enable_all().build()?;
        let handle = started.handle().clone();
        *runtime = Some(started);
        Ok(handle)
    }
}

impl Drop for MediaLane {
    fn drop(&mut self) {
        // A runtime that is dropped inside another one panics unless it may end in the background.
        if let Some(runtime) = lock(&self.0).take() {
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
