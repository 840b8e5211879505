//! A call at the provider, which is always ended.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::api::Api;
use crate::lock::lock;

/// How long a hang-up waits for the provider's answer.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long the end of a run waits for all requests: a call that is not ended costs money.
const LAST_REQUESTS: Duration = Duration::from_secs(8);

/// Requests that run to their end even if their caller is gone.
#[derive(Clone, Debug)]
pub(super) struct BackgroundRequests {
    handle: Handle,
    pending: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl BackgroundRequests {
    /// On this runtime.
    pub fn on(handle: Handle) -> Self {
        Self { handle, pending: Arc::default() }
    }

    /// Runs one to its end in the background.
    pub fn run(&self, request: impl Future<Output = ()> + Send + 'static) {
        let request = self.handle.spawn(request);
        let mut pending = lock(&self.pending);
        pending.retain(|request| !request.is_finished());
        pending.push(request);
    }

    /// Waits until all are done, for a bounded time.
    pub async fn done(&self) {
        let deadline = Instant::now() + LAST_REQUESTS;
        loop {
            let request = lock(&self.pending).pop();
            let Some(request) = request else { return };
            if timeout_at(deadline, request).await.is_err() {
                tracing::warn!("a provider did not answer a hang-up before the run ended");
                return;
            }
        }
    }
}

/// A call at the provider. Dropping it hangs up.
pub(super) struct Leg {
    /// The provider's name of the call.
    pub call_id: String,
    pub api: Arc<Api>,
    background: BackgroundRequests,
    over: AtomicBool,
}

impl Leg {
    /// A call that was placed.
    pub fn new(api: Arc<Api>, call_id: String, background: BackgroundRequests) -> Self {
        Self { call_id, api, background, over: false.into() }
    }

    /// Marks the call as ended by the provider: there is nothing left to hang up.
    pub fn is_over(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Asks the provider to end the call, once, and waits for its answer for a bounded time. Returns why it did not, in one sentence.
    pub async fn hang_up(&self) -> Option<String> {
        let done = self.end()?;
        match timeout(GOODBYE, done).await {
            Ok(Ok(Err(why))) => Some(why),
            // The request goes on, and the end of the run waits for it.
            Ok(_) | Err(_) => None,
        }
    }

    fn end(&self) -> Option<oneshot::Receiver<Result<(), String>>> {
        if self.over.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (api, call_id) = (Arc::clone(&self.api), self.call_id.clone());
        let (reply, done) = oneshot::channel();
        self.background.run(async move {
            if let Err(Err(unheard)) = reply.send(api.hang_up(&call_id).await) {
                tracing::warn!("{unheard}");
            }
        });
        Some(done)
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        drop(self.end());
    }
}
