//! The bot to call: a URI on the command line or a mapping in a file.

mod bot;
mod file;
mod originate;
mod originate_file;
mod sip;
mod sip_file;
mod target;
mod trust;
mod uri;
mod web_file;
mod webrtc;
mod websocket;

pub use bot::{BotAccess, BotTarget, Fault};
#[cfg(test)]
pub(super) use file::TARGET_KEYS;
pub(super) use file::decode;
pub use originate::{Credentials, OriginateProvider, OriginateTarget};
#[cfg(test)]
pub(super) use originate_file::ORIGINATE_KEYS;
pub use sip::{ClientCertificate, DigitMode, SIP_CODECS, SipTarget, Srtp};
#[cfg(test)]
pub(super) use sip_file::SIP_KEYS;
pub use target::Target;
pub use trust::is_listed;
pub(super) use web_file::secret;
#[cfg(test)]
pub(super) use web_file::{WEBRTC_KEYS, WEBSOCKET_KEYS};
pub use webrtc::{IceServer, LiveKitRoom, Signalling, WEBRTC_CODECS, WebRtcTarget};
pub use websocket::{SOCKET_ENCODINGS, SocketProtocol, WebSocketTarget};
