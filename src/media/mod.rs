//! Audio without I/O and without a clock: codecs, the RTP timeline, statistics, speech detection.

mod conceal;
mod decoder;
pub mod detect;
mod encoder;
pub mod g711;
mod playout;
pub mod quality;
mod reception;
pub mod resample;
mod stream_resampler;
pub mod telephone_event;
mod timeline;
pub mod wav;

pub use decoder::VoiceDecoder;
pub use encoder::{VoiceEncoder, packet_samples};
pub use playout::{Played, Playout};
pub use reception::{Reception, ReceptionCounter};
pub use stream_resampler::StreamResampler;
pub use timeline::{MediaFrame, Timeline};
