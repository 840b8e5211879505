//! How a call reaches the bot. SIP, WebRTC and media sockets differ only behind [`Transport`].

mod capture;
mod error;
mod events;
pub(crate) mod http;
mod ignored;
mod lag;
mod lane;
pub(crate) mod tcp;
mod udp;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::clock::{CallClock, Monotonic};
use crate::media::{MediaFrame, Reception};
use crate::scenario::Target;
use crate::telemetry::{Report, TraceContext};
use crate::time::CallTime;

pub use capture::Capture;
pub use error::{DialError, DialErrorKind};
pub use events::EventSender;
pub(crate) use ignored::Ignored;
pub(crate) use lag::SendLag;
pub(crate) use lane::MediaLane;
pub use udp::TimestampedSocket;
#[cfg(target_os = "linux")]
pub(crate) use udp::socket_address;

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
    /// The trace that the bot is asked to continue.
    pub trace: TraceContext,
    /// Takes down what goes over the wire.
    pub capture: Option<Arc<Capture>>,
    /// Receives everything that comes in, early media included.
    pub events: EventSender,
}

/// What comes in on a call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallEvent {
    /// The far end rings (18x).
    Ringing(CallTime),
    /// Audio.
    Media(MediaFrame),
    /// What came from this RTP source (SSRC) since then was not the bot's: its packets do not count in the line's numbers.
    Disowned(u32, CallTime),
    /// The bot hung up.
    HungUp(CallTime),
    /// Something is wrong with the media path; the call goes on.
    Lost(CallTime, String),
    /// The call broke: nothing more will come, and nobody hung up.
    Broken(CallTime, String),
    /// What the bot says of itself.
    Report(CallTime, Report),
    /// Something that a reader of the report should know.
    Note(String),
    /// The bot sent a digit (RFC 4733, INFO or a socket's own message).
    Digit(CallTime, char),
    /// The protocol's name of the call, before it is answered.
    Named(String),
    /// A SIP response to the INVITE: status code and reason phrase.
    Response(CallTime, u16, String),
    /// The bot transfers the call (REFER) to this URI.
    Transfer(CallTime, String),
}

/// An answered call.
pub struct Call {
    /// When the answer came.
    pub answered_at: CallTime,
    /// The negotiated codec, as SDP names it.
    pub codec: String,
    /// The protocol's name of the call: SIP's Call-ID, a provider's call id.
    pub call_id: String,
    /// Takes the caller's audio.
    pub sink: Box<dyn MediaSink>,
    /// Ends the call and knows what was received.
    pub control: Arc<dyn CallControl>,
}

impl Drop for Call {
    /// A call that nobody holds any more is hung up, also when its task panicked.
    fn drop(&mut self) {
        drop(HangUpOnDrop::of(Arc::clone(&self.control)));
    }
}

/// Hangs up when it is dropped.
pub(crate) struct HangUpOnDrop(Option<Arc<dyn CallControl>>);

impl HangUpOnDrop {
    pub fn of(control: Arc<dyn CallControl>) -> Self {
        Self(Some(control))
    }

    /// The call is somebody else's to end.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for HangUpOnDrop {
    fn drop(&mut self) {
        if let (Some(control), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move { control.hang_up().await });
        }
    }
}

/// Takes frames of the caller's audio, 20 ms each unless it says otherwise; called by the pacing thread, so it must not block.
pub trait MediaSink: Send {
    /// Sends one frame of linear samples at 8 kHz.
    ///
    /// # Errors
    /// What the socket says, for instance that nothing listens at the far end (ICMP).
    fn send(&mut self, samples: &[i16], marker: bool) -> io::Result<Monotonic>;

    /// Samples at 8 kHz that it takes at a time: a multiple of 10 ms.
    fn frame(&self) -> usize {
        crate::codec::FRAME
    }

    /// By how much a sample leaves later than its frame, in nanoseconds: the codec's and the resampler's known delay.
    fn delay_nanos(&self) -> i64 {
        0
    }
}

/// When digits went onto the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentDigits {
    /// The beginning of the first.
    pub first: Monotonic,
    /// The end of the last.
    pub last: Monotonic,
}

/// An answered call's other controls.
pub trait CallControl: Send + Sync {
    /// Ends the call (BYE), once; returns within a bounded time whatever the far end does.
    fn hang_up(&self) -> BoxFuture<'_, ()>;

    /// What was received so far.
    fn reception(&self) -> Reception;

    /// What came from the bot and was not used, one sentence for each reason; asked at the end of the call.
    fn ignored(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the bot's audio comes in packets that can be lost (RTP); a media socket over TCP has none.
    fn has_packets(&self) -> bool {
        false
    }

    /// Up to when everything that came from the bot is among the call's events; `None` where that is up to now. Silence may
    /// take the place of a packet only before that: on a busy machine a packet waits to be read.
    fn read_until(&self) -> Option<CallTime> {
        None
    }

    /// Sends these digits (0-9, *, #, A-D) as DTMF; resolves once the last one is sent, with the times.
    ///
    /// # Errors
    /// Why the far end cannot be sent digits, in one sentence.
    fn send_digits(&self, digits: &str) -> BoxFuture<'_, Result<SentDigits, String>> {
        let _unsent = digits;
        Box::pin(async { Err("this kind of call cannot send digits".to_owned()) })
    }

    /// How long each frame waited between the pacing thread and the socket, in microseconds; empty where the pacing
    /// thread itself sends.
    fn send_lag(&self) -> Vec<u32> {
        Vec::new()
    }

    /// The round trip of a packet to the bot, as the transport's own protocol measures it; `None` where it cannot.
    fn round_trip(&self) -> Option<Duration> {
        None
    }
}

/// The beginning of a text from outside, on one line, for a message.
pub(crate) fn quote(text: &str) -> String {
    const MOST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
