//! Audio without I/O and without a clock: codecs, the RTP timeline, statistics, speech detection.

pub mod codec;
mod conceal;
pub mod detect;
mod playout;
pub mod quality;
mod reception;
pub mod resample;
mod stream_resampler;
mod timeline;
pub mod wav;

pub use playout::{Played, Playout, QueueFull};
pub use reception::{Reception, ReceptionCounter};
pub use stream_resampler::StreamResampler;
pub use timeline::{MediaFrame, Timeline};
