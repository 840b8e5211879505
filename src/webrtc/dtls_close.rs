//! DTLS `close_notify` from the other side, which aiortc, libwebrtc and browsers send when they hang up. The
//! stack answers it and closes its data channels, and has no event for it; ICE would notice the silence seconds later.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use rtc::peer_connection::transport::RTCDtlsTransportState;
use tokio::time::interval;
use webrtc::peer_connection::PeerConnection;

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Returns once the other side has closed DTLS.
pub(super) async fn received(connection: Arc<dyn PeerConnection>) {
    let sender = connection.get_senders().await.into_iter().next();
    let transport = match sender {
        Some(sender) => sender.transport().await.ok().flatten(),
        None => None,
    };
    let Some(transport) = transport else { return pending().await };
    let mut looks = interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        match transport.state().await {
            Ok(RTCDtlsTransportState::Closed) => return,
            Ok(_) => {}
            // The connection is gone, which has its own event.
            Err(_) => return pending().await,
        }
    }
}
