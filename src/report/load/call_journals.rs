//! The events of every call whose recording is kept, beside it: `goldencall report` shows the call. A load keeps no events of others, so
//! that neither memory nor disk grows with it.

use std::collections::HashMap;
use std::io;

use super::super::Consumer;
use super::super::file::write_whole;
use crate::runner::Event;

/// Holds the events of calls under way.
#[derive(Debug, Default)]
pub struct CallJournals {
    under_way: HashMap<usize, Vec<Event>>,
}

impl CallJournals {
    fn keep(&mut self, call: usize, event: &Event) {
        self.under_way.entry(call).or_default().push(event.clone());
    }
}

impl Consumer for CallJournals {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::CallStarted { call, .. }
            | Event::CallAnswered { call, .. }
            | Event::Input { call, .. }
            | Event::Report { call, .. }
            | Event::Turn { call, .. } => self.keep(*call, event),
            Event::CallFinished { result } => {
                let events = self.under_way.remove(&result.call).unwrap_or_default();
                let Some(recording) = &result.recording else { return Ok(()) };
                let mut lines = String::new();
                for event in events.iter().chain([event]) {
                    lines.push_str(&serde_json::to_string(event)?);
                    lines.push('\n');
                }
                write_whole(&recording.with_extension("jsonl"), lines.as_bytes())?;
            }
            Event::RunStarted { .. } | Event::RunFinished { .. } | Event::Load { .. } | Event::Unknown => {}
        }
        Ok(())
    }
}
