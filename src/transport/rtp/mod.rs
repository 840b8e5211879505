//! RTP and RTCP over UDP (RFC 3550): sending, receiving with symmetric RTP (RFC 4961), reports.

mod receiver;
mod reports;
mod sender;
mod session;

pub use sender::RtpSender;
pub use session::RtpSession;
