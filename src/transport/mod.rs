//! How a call reaches the bot. SIP, and later WebRTC and WebSockets, differ only behind [`Transport`].

mod error;
pub mod rtp;
pub mod sip;
mod udp;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::call::CallTime;
use crate::clock::{CallClock, Monotonic};
use crate::media::{MediaFrame, Reception};
use crate::scenario::{Codec, Target};

pub use error::{DialError, DialErrorKind};
pub use udp::TimestampedSocket;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to place calls.
pub trait Transport: Send + Sync {
    /// Places a call and waits for the answer. Dropping the future takes the attempt back (CANCEL).
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>>;

    /// Waits, for a bounded time, until everything taken back is off the wire.
    fn shut_down(&self) -> BoxFuture<'_, ()>;
}

/// What a transport needs to place a call.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Whom to call.
    pub target: Target,
    /// The call's clock, zero at dial.
    pub clock: CallClock,
    /// Receives everything that comes in, early media included.
    pub events: mpsc::UnboundedSender<CallEvent>,
}

/// What comes in on a call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallEvent {
    /// The far end rings (18x).
    Ringing(CallTime),
    /// Audio.
    Media(MediaFrame),
    /// The bot hung up.
    HungUp(CallTime),
    /// The media path broke off.
    Lost(CallTime, String),
}

/// An answered call.
pub struct Call {
    /// When the answer came.
    pub answered_at: CallTime,
    /// The negotiated codec.
    pub codec: Codec,
    /// The protocol's name of the call: SIP's Call-ID.
    pub call_id: String,
    /// Takes the caller's audio.
    pub sink: Box<dyn MediaSink>,
    /// Ends the call and tells what was received.
    pub control: Arc<dyn CallControl>,
}

/// Takes 20 ms frames of the caller's audio; called by the pacing thread, so it must not block.
pub trait MediaSink: Send {
    /// Sends one frame of linear samples at 8 kHz.
    ///
    /// # Errors
    /// What the socket says, for instance that nothing listens at the far end (ICMP).
    fn send(&mut self, samples: &[i16], marker: bool) -> io::Result<Monotonic>;
}

/// An answered call's other controls.
pub trait CallControl: Send + Sync {
    /// Ends the call (BYE); returns within a bounded time whatever the far end does.
    fn hang_up(&self) -> BoxFuture<'_, ()>;

    /// What was received so far.
    fn reception(&self) -> Reception;
}
