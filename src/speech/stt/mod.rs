//! Speech to text: one trait, three engines.
//!
//! [`Embedded`] runs in this process and needs no service; [`HttpTranscriber`] asks a server with
//! the common transcription API; [`CommandTranscriber`] runs a program.

mod command;
mod decoder;
mod embedded;
mod error;
mod http;
mod memory;
mod repetition;
mod segment;
mod tokenizer;
mod transcriber;
mod wav;
mod wording;

pub use command::{CommandConfig, CommandTranscriber};
pub use embedded::Embedded;
pub use error::SttError;
pub use http::{HttpConfig, HttpTranscriber};
pub use segment::segment_audio;
pub use transcriber::{Parallelism, Transcriber};
