//! RTP and RTCP over UDP (RFC 3550): sending, receiving with symmetric RTP (RFC 4961), reports, SRTP (RFC 3711) and its keys
//! by DTLS (RFC 5764), digits (RFC 4733).

mod capture;
pub mod dtls;
mod feedback;
mod formats;
mod identity;
mod keying;
mod latch;
mod plan;
mod receiver;
mod reports;
mod sender;
mod session;
mod shared;
mod srtp;
mod state;
mod stream;
#[cfg(test)]
mod tests;

pub use formats::{COMFORT_NOISE, Formats, Payload};
pub use plan::{Outgoing, RtcpDestination};
pub use sender::RtpSender;
pub use session::RtpSession;
pub use srtp::{Cipher, Keys, MasterKey, Suite};

/// Reads datagrams as a call would, each after its length; for the fuzz target `rtp`.
#[doc(hidden)]
pub fn read_any(input: &[u8]) {
    use crate::codec::Codec;
    let voice = [(0, Codec::Pcmu), (9, Codec::G722), (111, Codec::Opus)].map(|(number, codec)| (number, Payload::Voice(codec)));
    let formats: Formats = voice.into_iter().chain([(COMFORT_NOISE, Payload::Noise), (101, Payload::Events(8000))]).collect();
    let (mut reader, mut rest, mut millis) = (stream::StreamReader::default(), input, 0);
    while let Some((length, bytes)) = rest.split_first() {
        let (datagram, after) = bytes.split_at(bytes.len().min(usize::from(*length)));
        millis += 20;
        if let Some((packet, payload)) = receiver::parse(datagram, &formats) {
            reader.read(&packet, payload, crate::time::CallTime::from_millis(millis));
        }
        rest = after;
    }
}
