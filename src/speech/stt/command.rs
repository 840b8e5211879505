//! The command engine: any program that reads a WAV file and prints its words.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::error::SttError;
use super::transcriber::{Batch, OneByOne, Transcriber};
use super::wav;
use crate::clock::Monotonic;

/// The argument part that stands for the path of the WAV file.
const PLACEHOLDER: &str = "{wav}";
/// Characters of a program's error output that an error quotes.
const QUOTED: usize = 300;
/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(5);
/// Bytes of output that are read: an hour of speech is 60 kB of text.
const MOST_OUTPUT: u64 = 1 << 20;
/// How long a process of the program's that outlives it may hold its output open.
const LINGERING: Duration = Duration::from_millis(500);

/// Which program to run.
#[derive(Debug, Clone)]
pub struct CommandConfig {
    /// The program: a path, or a name to look up.
    pub program: String,
    /// Its arguments. `{wav}` in them stands for the path of a WAV file (mono, 16 bits, 16 kHz);
    /// without it the program reads that file from its standard input.
    pub args: Vec<String>,
    /// Longest time for one run; then the program is killed.
    pub timeout: Duration,
}

/// Runs a program for each segment and takes its standard output for the transcript.
#[derive(Debug)]
pub struct CommandTranscriber {
    config: CommandConfig,
}

impl CommandTranscriber {
    /// An engine that runs this program.
    #[must_use]
    pub fn new(config: CommandConfig) -> Self {
        Self { config }
    }

    fn start(&self, wav: Vec<u8>) -> Result<Running, SttError> {
        let by_path = self.config.args.iter().any(|arg| arg.contains(PLACEHOLDER));
        let file = if by_path { Some(temporary(&wav)?) } else { None };
        let path = file.as_ref().map(|f| f.path().to_string_lossy().into_owned()).unwrap_or_default();
        let mut command = Command::new(&self.config.program);
        // A group of its own, so that whatever it starts ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .args(self.config.args.iter().map(|arg| arg.replace(PLACEHOLDER, &path)))
            .stdin(if by_path { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| SttError::Start { program: self.config.program.clone(), reason: e.to_string() })?;
        if let Some(mut stdin) = child.stdin.take() {
            // In a thread: the program may print before it has read everything. A program that
            // stops reading early has heard enough.
            std::thread::spawn(move || stdin.write_all(&wav));
        }
        Ok(Running { stdout: collect(child.stdout.take()), stderr: collect(child.stderr.take()), child, _file: file })
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, SttError> {
        let program = || self.config.program.clone();
        let limit = i64::try_from(self.config.timeout.as_nanos()).unwrap_or(i64::MAX);
        let deadline = Monotonic::now().plus_nanos(limit);
        loop {
            match child.try_wait() {
                Ok(Some(status)) => {
                    end_group(child);
                    return Ok(status);
                }
                Err(e) => {
                    return Err(SttError::Start { program: program(), reason: e.to_string() });
                }
                Ok(None) if Monotonic::now() > deadline => {
                    end_group(child);
                    return Err(SttError::Slow { program: program(), limit: self.config.timeout });
                }
                Ok(None) => std::thread::sleep(POLL),
            }
        }
    }
}

/// A program at work, and the file that it reads.
struct Running {
    child: Child,
    stdout: mpsc::Receiver<Output>,
    stderr: mpsc::Receiver<Output>,
    _file: Option<tempfile::NamedTempFile>,
}

fn temporary(wav: &[u8]) -> Result<tempfile::NamedTempFile, SttError> {
    let write = || {
        let mut file = tempfile::Builder::new().prefix("goldencall-").suffix(".wav").tempfile()?;
        file.write_all(wav)?;
        Ok(file)
    };
    write().map_err(|e: std::io::Error| SttError::Audio(e.to_string()))
}

/// What a program wrote, as far as it is read.
struct Output {
    text: String,
    /// There was more.
    cut: bool,
}

/// Reads an output in a thread, to its end or its bound: a full pipe would stop the program. Behind the bound the pipe is closed.
fn collect(output: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Output> {
    let (reply, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = output.map(|output| output.take(MOST_OUTPUT + 1).read_to_end(&mut bytes));
        let cut = bytes.len() as u64 > MOST_OUTPUT;
        let _nobody = reply.send(Output { text: String::from_utf8_lossy(&bytes).trim().to_owned(), cut });
    });
    receiver
}

/// Ends the program and what it started, which could hold its output open for ever.
fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(group) = i32::try_from(child.id()) {
        let _over = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    let _over = child.kill();
    let _over = child.wait();
}

impl Transcriber for CommandTranscriber {
    fn name(&self) -> String {
        format!("command {}", self.config.program)
    }

    fn batch(&self) -> Box<dyn Batch + '_> {
        Box::new(OneByOne::new(self))
    }

    fn transcribe(&self, audio: &[f32]) -> Result<String, SttError> {
        let mut running = self.start(wav::encode(audio)?)?;
        let status = self.wait(&mut running.child)?;
        let program = || self.config.program.clone();
        // What left the group may still hold the output open.
        let held_open = |_| SttError::HeldOpen { program: program() };
        let stdout = running.stdout.recv_timeout(LINGERING).map_err(held_open)?;
        if stdout.cut {
            return Err(SttError::Verbose { program: program(), megabytes: MOST_OUTPUT >> 20 });
        }
        if status.success() {
            return Ok(stdout.text);
        }
        let stderr = running.stderr.recv_timeout(LINGERING).map_or_else(|_| String::new(), |output| output.text);
        let skip = stderr.chars().count().saturating_sub(QUOTED);
        Err(SttError::Failed { program: program(), status: status.to_string(), stderr: stderr.chars().skip(skip).collect() })
    }
}
