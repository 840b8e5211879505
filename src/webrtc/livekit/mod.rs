//! A LiveKit room: protobuf messages over one WebSocket, a peer connection for what the caller sends (the publisher)
//! and one for what it hears (the subscriber), and an agent that is one participant among others.
//!
//! [`token`], [`message`], [`room`], [`tracks`] and [`data`] are pure: no clock, no I/O. The sample bot shares them and
//! [`side`], and has none of the tester's timing.

mod address;
mod answered;
mod call;
mod data;
mod dialer;
mod ending;
#[doc(hidden)]
pub mod fuzzed;
mod keepalive;
pub(crate) mod message;
mod room;
mod room_session;
pub(crate) mod side;
#[cfg(test)]
mod tests;
pub(crate) mod token;
mod tracks;

pub(super) use dialer::dial;
