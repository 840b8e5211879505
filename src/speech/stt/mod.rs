//! Speech to text: one trait, three engines.
//!
//! [`Embedded`] runs in this process and needs no service; [`HttpTranscriber`] asks a server with
//! the common transcription API; [`CommandTranscriber`] runs a program.

mod batch;
mod command;
mod embedded;
mod error;
mod http;
mod memory;
mod network;
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
pub use repetition::loop_start;
pub use segment::segment_audio;
pub use tokenizer::Tokenizer;
pub use transcriber::{Batch, Parallelism, Transcriber};
