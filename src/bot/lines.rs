//! The lines on peer connections that are up, by their ids in the signalling.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use rtc::peer_connection::transport::RTCIceCandidateInit;
use tokio_util::sync::CancellationToken;
use webrtc::peer_connection::PeerConnection;

use crate::lock::lock;

/// One of them.
#[derive(Clone)]
pub(super) struct LiveLine {
    pub connection: Arc<dyn PeerConnection>,
    /// Ends it.
    pub hang_up: CancellationToken,
    /// The user name of the offer, which every candidate of the same ICE session has.
    pub ufrag: String,
}

impl LiveLine {
    /// Adds a candidate that was found after the offer went out; an empty one is the end of candidates.
    pub async fn add_candidate(&self, candidate: &str) -> Result<(), String> {
        let candidate = RTCIceCandidateInit { candidate: candidate.to_owned(), ..RTCIceCandidateInit::default() };
        self.connection.add_ice_candidate(candidate).await.map_err(|error| error.to_string())
    }
}

/// All of them.
#[derive(Clone, Default)]
pub(super) struct LiveLines(Arc<Mutex<HashMap<String, LiveLine>>>);

impl LiveLines {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, LiveLine>> {
        lock(&self.0)
    }

    /// A line is live as long as what this returns.
    pub fn add(&self, id: String, line: LiveLine) -> LineGuard {
        let connection = Arc::clone(&line.connection);
        self.lock().insert(id.clone(), line);
        LineGuard { lines: self.clone(), id, connection }
    }

    /// Ends the line of this id and forgets it.
    pub fn end(&self, id: &str) {
        if let Some(line) = self.lock().remove(id) {
            line.hang_up.cancel();
        }
    }

    /// The live line of this id.
    pub fn get(&self, id: &str) -> Option<LiveLine> {
        self.lock().get(id).cloned()
    }
}

/// Takes its line off the list when it is dropped.
pub(super) struct LineGuard {
    lines: LiveLines,
    id: String,
    connection: Arc<dyn PeerConnection>,
}

impl Drop for LineGuard {
    fn drop(&mut self) {
        let mut lines = self.lines.lock();
        // A client may reuse the id for its next line.
        if lines.get(&self.id).is_some_and(|line| Arc::ptr_eq(&line.connection, &self.connection)) {
            lines.remove(&self.id);
        }
    }
}
