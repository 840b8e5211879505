//! `load.json`: everything known of a load, written again after every interval.

use std::io;
use std::path::PathBuf;

use super::super::Consumer;
use super::super::file::write_whole;
use crate::runner::Event;

/// Writes the report whole, so that a crash leaves the one of the interval before.
#[derive(Debug)]
pub struct LoadJson {
    path: PathBuf,
}

impl LoadJson {
    /// A report that is written to this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Consumer for LoadJson {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Event::Load { report } = event else { return Ok(()) };
        let text = serde_json::to_string_pretty(report)?;
        write_whole(&self.path, format!("{text}\n").as_bytes())
    }
}
