//! `events.jsonl`: the event stream on disk, a line an event, from which every report can be made again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use super::Consumer;
use crate::runner::Event;
use crate::scenario::Secrets;

/// Writes each event as it happens.
#[derive(Debug)]
pub struct Journal {
    file: File,
    secrets: Secrets,
}

impl Journal {
    /// Starts a new journal.
    ///
    /// # Errors
    /// The disk.
    pub fn create(path: &Path, secrets: Secrets) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, secrets })
    }
}

impl Consumer for Journal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = self.secrets.redact_json(serde_json::to_value(event)?);
        // One write a line: what is on disk after a crash ends with a whole line or with one that is passed over.
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Reads a journal; a last line cut short by a crash is passed over.
///
/// # Errors
/// The disk, or a line in the middle that is not an event.
pub fn read_journal(path: &Path) -> io::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut broken: Option<(usize, serde_json::Error)> = None;
    for (index, line) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
        if let Some((at, error)) = broken.take() {
            let message = format!("{}: line {at} is not a goldencall event: {error}", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        match serde_json::from_slice(&line?) {
            Ok(event) => events.push(event),
            Err(error) => broken = Some((index + 1, error)),
        }
    }
    Ok(events)
}
