//! What the tasks of a session share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::mpsc;

use super::capture::SessionCapture;
use super::state::SessionState;
use crate::clock::Monotonic;
use crate::lock::lock;
use crate::transport::Ignored;

/// Handshake datagrams that may wait for the answer that says what to do with them.
const DTLS_WAITING: usize = 32;

/// A datagram of DTLS and its sender.
pub(super) type DtlsDatagram = (Vec<u8>, SocketAddr);

#[derive(Debug)]
pub(super) struct Shared {
    pub ssrc: u32,
    pub capture: SessionCapture,
    /// What came and was not the bot's, or could not be used.
    pub ignored: Ignored,
    /// Up to when everything that came has been handed in, in nanoseconds of the machine's clock.
    read_until: AtomicI64,
    state: Mutex<SessionState>,
    dtls: mpsc::Sender<DtlsDatagram>,
    dtls_inbox: Mutex<Option<mpsc::Receiver<DtlsDatagram>>>,
    /// How often the state was locked.
    #[cfg(test)]
    pub locks: std::sync::atomic::AtomicU32,
}

impl Shared {
    pub fn new() -> Self {
        let (dtls, inbox) = mpsc::channel(DTLS_WAITING);
        Self {
            ssrc: rand::random(),
            capture: SessionCapture::default(),
            ignored: Ignored::default(),
            read_until: AtomicI64::new(0),
            state: Mutex::default(),
            dtls,
            dtls_inbox: Mutex::new(Some(inbox)),
            #[cfg(test)]
            locks: std::sync::atomic::AtomicU32::new(0),
        }
    }

    /// The session's state; held for as short as possible, since the pacing thread waits for it.
    pub fn state(&self) -> MutexGuard<'_, SessionState> {
        #[cfg(test)]
        self.locks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        lock(&self.state)
    }

    /// Everything that came before this moment has been handed in.
    pub fn read_until(&self, moment: Monotonic) {
        self.read_until.store(moment.0, Ordering::Release);
    }

    pub fn was_read_until(&self) -> Monotonic {
        Monotonic(self.read_until.load(Ordering::Acquire))
    }

    pub fn dtls_received(&self, datagram: &[u8], from: SocketAddr) {
        // What finds no room is sent again (RFC 6347, section 4.2.4).
        let _full = self.dtls.try_send((datagram.to_vec(), from));
    }

    /// The DTLS datagrams received so far and from now on; once only.
    pub fn dtls_inbox(&self) -> Option<mpsc::Receiver<DtlsDatagram>> {
        lock(&self.dtls_inbox).take()
    }
}
