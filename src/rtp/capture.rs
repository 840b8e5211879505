//! A session's streams for the packet capture of its call, decrypted.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use crate::clock::Monotonic;
use crate::transport::Capture;

/// The capture of the call, once there is one, and the address of this end in it.
#[derive(Debug, Default)]
pub(super) struct SessionCapture(OnceLock<(Arc<Capture>, SocketAddr)>);

impl SessionCapture {
    pub fn begin(&self, capture: Arc<Capture>, local: SocketAddr) {
        let _already = self.0.set((capture, local));
    }

    /// A packet of the caller's, as it was before it was encrypted.
    pub fn sent(&self, at: Monotonic, to: SocketAddr, packet: &[u8]) {
        if let Some((capture, local)) = self.0.get() {
            capture.at(at, *local, to, packet);
        }
    }

    /// A packet of the bot's, decrypted.
    pub fn received(&self, at: Monotonic, from: SocketAddr, packet: &[u8]) {
        if let Some((capture, local)) = self.0.get() {
            capture.at(at, from, *local, packet);
        }
    }

    /// A report of the caller's; `muxed` ones share the port of the audio.
    pub fn report_sent(&self, at: Monotonic, to: SocketAddr, muxed: bool, packet: &[u8]) {
        if let Some((capture, local)) = self.0.get() {
            capture.at(at, report_port(*local, muxed), to, packet);
        }
    }

    /// A report of the bot's.
    pub fn report_received(&self, at: Monotonic, from: SocketAddr, muxed: bool, packet: &[u8]) {
        if let Some((capture, local)) = self.0.get() {
            capture.at(at, from, report_port(*local, muxed), packet);
        }
    }
}

fn report_port(local: SocketAddr, muxed: bool) -> SocketAddr {
    SocketAddr::new(local.ip(), local.port() + u16::from(!muxed))
}
