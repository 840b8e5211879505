//! `events.jsonl`: the event stream on disk, a line an event, from which every report can be made again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use super::Consumer;
use crate::runner::Event;

/// Writes each event as it happens.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Starts a new journal.
    ///
    /// # Errors
    /// The disk.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)? })
    }
}

impl Consumer for Journal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = serde_json::to_string(event)?;
        // One write a line: what is on disk after a crash ends with a whole line or with one that is passed over.
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Most bytes of an event.
const MOST_OF_A_LINE: u64 = 64 << 20;

/// What a journal holds.
#[derive(Debug, Default)]
pub struct Journaled {
    /// Every event that this version knows.
    pub events: Vec<Event>,
    /// How many more there are: a later version wrote them.
    pub unknown: usize,
}

/// Reads a journal; a last line cut short by a crash is passed over.
///
/// # Errors
/// The disk, or a line in the middle that is not an event.
pub fn read_journal(path: &Path) -> io::Result<Journaled> {
    let mut journal = Journaled::default();
    let mut broken: Option<(usize, serde_json::Error)> = None;
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if (&mut file).take(MOST_OF_A_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let wrong = |number, why: &dyn std::fmt::Display| {
            let message = format!("{}: line {number} is not a goldencall event: {why}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        if let Some((at, error)) = broken.take() {
            return Err(wrong(at, &error));
        }
        if line.len() as u64 == MOST_OF_A_LINE {
            return Err(wrong(number, &"it is too long"));
        }
        match serde_json::from_slice(&line) {
            Ok(Event::Unknown) => journal.unknown += 1,
            Ok(event) => journal.events.push(event),
            Err(_) if is_of_another_version(&line) => journal.unknown += 1,
            Err(error) => broken = Some((number, error)),
        }
    }
    Ok(journal)
}

/// Whether this is an event all the same, of which something has a form that this version does not know.
fn is_of_another_version(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| value.get("event").is_some_and(serde_json::Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<Journaled> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("events.jsonl");
        std::fs::write(&path, text).expect("file");
        read_journal(&path)
    }

    const CALL: &str = r#"{"event":"call_started","call":1,"scenario":"a","target":"b"}"#;

    #[test]
    fn what_a_later_version_wrote_leaves_the_rest_readable() {
        let later = r#"{"event":"brain_scan","call":1}"#;
        let other = r#"{"event":"call_started","call":"one"}"#;
        let journal = read(&format!("{CALL}\n{later}\n{other}\n{CALL}\n")).expect("a journal");
        assert_eq!((journal.events.len(), journal.unknown), (2, 2));
    }

    #[test]
    fn a_last_line_cut_short_is_passed_over_and_one_in_the_middle_named() {
        assert_eq!(read(&format!("{CALL}\n{{\"event\":\"call")).expect("a journal").events.len(), 1);
        let error = read(&format!("{CALL}\nnonsense\n{CALL}\n")).expect_err("a broken line").to_string();
        assert!(error.contains("line 2 is not a goldencall event"), "{error}");
    }
}
