//! Reports of a load: its lines on a terminal, `load.json`, JUnit, the events of kept calls.

mod call_journals;
mod json;
mod junit;
mod terminal;
#[cfg(test)]
mod tests;
mod text;

pub use call_journals::CallJournals;
pub use json::LoadJson;
pub use junit::LoadJunit;
pub use terminal::LoadTerminal;
