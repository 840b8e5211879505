//! Consumers of the event stream: terminal, JUnit, JSON, `events.jsonl`.

mod breakdown;
mod clean;
mod collected;
mod failure;
mod file;
mod history;
mod journal;
mod json;
mod junit;
mod load;
mod quality;
mod results_folder;
mod terminal;
#[cfg(test)]
mod tests;

use std::io;

use crate::runner::Event;

pub use clean::clean;
pub use failure::{Palette, render};
pub use history::read_history;
pub use journal::{Journal, Journaled, read_journal};
pub use json::JsonReport;
pub use junit::JunitReport;
pub use load::{CallJournals, LoadJson, LoadJunit, LoadTerminal};
pub use results_folder::ResultsFolder;
pub use terminal::{Terminal, TerminalStyle};

/// Something made of the event stream.
pub trait Consumer: Send {
    /// Takes in one event.
    ///
    /// # Errors
    /// The disk or the terminal.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Writes what is to be written at the end, also after an interruption.
    ///
    /// # Errors
    /// The disk or the terminal.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
