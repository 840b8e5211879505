//! Audio without I/O and without a clock: codecs, the RTP timeline, statistics, speech detection.

pub mod codec;
pub mod detect;
mod reception;
pub mod resample;
mod timeline;
pub mod wav;

pub use reception::{Reception, ReceptionCounter};
pub use timeline::{MediaFrame, Timeline};
