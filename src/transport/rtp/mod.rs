//! RTP and RTCP over UDP (RFC 3550): sending, receiving with symmetric RTP (RFC 4961), reports, SRTP (RFC 3711) and its keys
//! by DTLS (RFC 5764), digits (RFC 4733).

pub mod dtls;
mod formats;
mod receiver;
mod reports;
mod sender;
mod session;
mod shared;
mod srtp;
mod stream;

pub use formats::{COMFORT_NOISE, Formats, Payload, clock};
pub use reports::RemoteReport;
pub use sender::RtpSender;
pub use session::{Outgoing, RtcpWay, RtpSession};
pub use srtp::{Cipher, Keys, MasterKey, Suite};
