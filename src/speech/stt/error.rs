//! Why speech could not be transcribed.

use std::time::Duration;

/// A failure of the engine. The messages never hold a key.
#[derive(Debug, thiserror::Error)]
pub enum SttError {
    /// The files of the embedded model cannot be used.
    #[error("the speech model file {file} cannot be loaded ({reason}): fetch it again with `goldencall model pull`")]
    Load {
        /// Name of the file.
        file: String,
        /// What the loader said.
        reason: String,
    },
    /// The embedded model failed while it ran.
    #[error("the embedded speech model failed ({0}): fetch it again with `goldencall model pull`")]
    Model(String),
    /// The HTTP engine's client could not be set up.
    #[error("the transcription client cannot be set up ({0}): check `stt.http.url` and `stt.http.key`")]
    Setup(String),
    /// No answer from the transcription server.
    #[error("no answer from the transcription server at {url} ({reason}): check `stt.http.url` and that the server runs")]
    Unreachable {
        /// The address asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The server answered with an error.
    #[error("the transcription server at {url} answered {status}: {body}; check `stt.http.model` and `stt.http.key`")]
    Refused {
        /// The address asked.
        url: String,
        /// HTTP status.
        status: u16,
        /// The first 300 characters of the answer.
        body: String,
    },
    /// The server's answer is not the JSON of the transcription API.
    #[error(
        "the transcription server at {url} gave no JSON with a `text` field ({body}): check that `stt.http.url` is a transcription API"
    )]
    Answer {
        /// The address asked.
        url: String,
        /// The first 300 characters of the answer.
        body: String,
    },
    /// The engine's program could not be started.
    #[error("the transcription program {program} cannot be started ({reason}): install it or correct `stt.command`")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The engine's program printed without end.
    #[error("the transcription program {program} printed more than {megabytes} MB for one segment: it must print the words only")]
    Verbose {
        /// The program.
        program: String,
        /// The bound.
        megabytes: u64,
    },
    /// The engine's program ended, and something that it started still holds its output open.
    #[error("the transcription program {program} left a process behind that keeps its output open: let it wait for what it starts")]
    HeldOpen {
        /// The program.
        program: String,
    },
    /// The engine's program failed.
    #[error("the transcription program {program} failed with {status} ({stderr}): run it by hand on a WAV file to see why")]
    Failed {
        /// The program.
        program: String,
        /// Its exit status.
        status: String,
        /// The last 300 characters of its error output.
        stderr: String,
    },
    /// The engine's program took too long and was stopped.
    #[error("the transcription program {program} did not finish in {limit:?}: use a faster model")]
    Slow {
        /// The program.
        program: String,
        /// The limit that it passed.
        limit: Duration,
    },
    /// The audio could not be handed to the engine.
    #[error("the audio cannot be handed to the transcription engine ({0}): check the space in the temporary folder")]
    Audio(String),
}
