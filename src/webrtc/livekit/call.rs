//! The caller's place in the room: given up exactly once, whichever way the call ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use livekit_protocol::DisconnectReason;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use webrtc::peer_connection::PeerConnection;

use super::super::call::round_trip;
use super::message::{self, Request};
use crate::lock::lock;
use crate::media::{Reception, ReceptionCounter};
use crate::transport::{BoxFuture, CallControl, SendLag};
use crate::websocket::link::{LinkWriter, Outgoing};
use crate::websocket::protocol::Message;

/// How long the goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// One call's controls. Dropping the last handle leaves the room too.
pub(super) struct RoomCall {
    pub writer: LinkWriter,
    pub connections: Mutex<Vec<Arc<dyn PeerConnection>>>,
    pub reception: Arc<Mutex<ReceptionCounter>>,
    /// Cancelled when the caller leaves.
    pub left: CancellationToken,
    pub over: AtomicBool,
    pub lag: OnceLock<SendLag>,
    /// To the server, as ICE last measured it; known once the call is over.
    pub round_trip: Mutex<Option<Duration>>,
}

impl RoomCall {
    /// A place that was just taken.
    pub fn new(writer: LinkWriter) -> Self {
        let (connections, reception) = (Mutex::default(), Arc::default());
        let (lag, round_trip) = (OnceLock::new(), Mutex::default());
        Self { writer, connections, reception, left: CancellationToken::new(), over: false.into(), lag, round_trip }
    }

    /// Sends a request; a server that is gone shows as the end of the call, not here.
    pub fn send(&self, request: Request) {
        let _gone = self.writer.send(Outgoing::Message(Message::Binary(message::write_request(request))));
    }

    /// A connection that ends with the call.
    pub fn keep(&self, connection: Arc<dyn PeerConnection>) {
        lock(&self.connections).push(connection);
    }

    /// Tells the server and returns what is still to be closed; nothing the second time.
    fn leave(&self) -> Vec<Arc<dyn PeerConnection>> {
        if !self.over.swap(true, Ordering::SeqCst) {
            self.send(Request::Leave(message::leave(DisconnectReason::ClientInitiated)));
            let _gone = self.writer.send(Outgoing::Close);
            self.left.cancel();
        }
        std::mem::take(&mut *lock(&self.connections))
    }
}

async fn close(connections: Vec<Arc<dyn PeerConnection>>) {
    let goodbye = async {
        for connection in connections {
            let _closed = connection.close().await;
        }
    };
    let _late = timeout(CLOSE_TIMEOUT, goodbye).await;
}

impl CallControl for RoomCall {
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        let connections = self.leave();
        Box::pin(async {
            if let Some(connection) = connections.last() {
                let measured = timeout(CLOSE_TIMEOUT, round_trip(connection.as_ref())).await.ok().flatten();
                *lock(&self.round_trip) = measured;
            }
            close(connections).await;
        })
    }

    fn round_trip(&self) -> Option<Duration> {
        *lock(&self.round_trip)
    }

    fn send_lag(&self) -> Vec<u32> {
        self.lag.get().map(SendLag::micros).unwrap_or_default()
    }

    fn has_packets(&self) -> bool {
        true
    }

    fn reception(&self) -> Reception {
        lock(&self.reception).report()
    }
}

impl Drop for RoomCall {
    fn drop(&mut self) {
        let connections = self.leave();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(close(connections));
        }
    }
}
