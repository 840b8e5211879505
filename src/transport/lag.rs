//! How long frames wait between the pacing thread and their socket.

use std::sync::{Arc, Mutex};

use crate::clock::Monotonic;
use crate::lock::lock;

/// The waits of one call's frames, in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct SendLag(Arc<Mutex<Vec<u32>>>);

impl SendLag {
    /// A frame that was handed over then is on its way now.
    pub fn note(&self, handed_over: Monotonic) {
        let waited = (Monotonic::now().0 - handed_over.0) / 1000;
        let waited = u32::try_from(waited.max(0)).unwrap_or(u32::MAX);
        lock(&self.0).push(waited);
    }

    /// All of them so far.
    pub fn micros(&self) -> Vec<u32> {
        lock(&self.0).clone()
    }
}
