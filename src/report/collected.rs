//! What is known of a run: its results in the order of its plan and, where the run broke off, an error for every call without one.

use std::collections::BTreeMap;

use crate::runner::{CallError, CallErrorKind, CallOutcome, CallResult, Event, Named, OtherErrorKind, Shard, ThresholdResult};

/// Collects a run's events.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub run: String,
    pub started: String,
    pub shard: Option<Shard>,
    pub thresholds: Vec<ThresholdResult>,
    pub seconds: f64,
    pub interrupted: bool,
    pub peak_calls: usize,
    planned: Vec<Named>,
    results: BTreeMap<usize, CallResult>,
    begun: bool,
    ended: bool,
    /// Results when the report was last due.
    written: usize,
}

impl Collected {
    /// Takes in an event, and says whether a report on disk should be written again: where the process is killed, it is what CI reads.
    /// That is so before the first call and whenever there are twice as many results, so that a large run does not write all day.
    pub fn event(&mut self, event: &Event) -> bool {
        match event {
            Event::RunStarted { started, run, part, calls, planned, .. } => {
                self.shard = part.as_ref().map(|part| part.shard);
                self.started.clone_from(started);
                self.run.clone_from(run);
                self.planned = if planned.is_empty() { (1..=*calls).map(of_an_earlier_version).collect() } else { planned.clone() };
                self.begun = true;
                true
            }
            Event::CallFinished { result } => {
                self.results.insert(result.call, (**result).clone());
                let due = self.begun && self.results.len() >= self.written * 2;
                self.written = if due { self.results.len() } else { self.written };
                due
            }
            Event::RunFinished { thresholds, seconds, interrupted, peak_calls } => {
                self.thresholds.clone_from(thresholds);
                (self.seconds, self.interrupted, self.peak_calls) = (*seconds, *interrupted, *peak_calls);
                self.ended = true;
                false
            }
            _ => false,
        }
    }

    /// Whether every call had its turn.
    pub fn is_complete(&self) -> bool {
        self.ended && !self.interrupted
    }

    /// Whether the last event is missing.
    pub fn broke_off(&self) -> bool {
        self.begun && !self.ended
    }

    /// Every result there is.
    pub fn finished(&self) -> impl Iterator<Item = &CallResult> {
        self.results.values()
    }

    /// The calls that have none.
    pub fn unfinished(&self) -> impl Iterator<Item = CallResult> {
        let missing = self.planned.iter().filter(|named| self.begun && !self.results.contains_key(&named.call));
        let message = if self.ended {
            "the result of this call could not be written; run it again"
        } else {
            "the run broke off before this call had a result: goldencall was killed or crashed; run it again"
        };
        missing.map(move |named| {
            let message = message.to_owned();
            let error = CallError { kind: CallErrorKind::Other(OtherErrorKind::Unfinished), message };
            CallResult { outcome: CallOutcome::Error, error: Some(error), ..CallResult::of(named) }
        })
    }

    /// A result for every planned call.
    pub fn results(&self) -> Vec<CallResult> {
        let mut all: Vec<CallResult> = self.finished().cloned().chain(self.unfinished()).collect();
        all.sort_by_key(|result| result.call);
        all
    }
}

/// Earlier versions wrote only how many calls there would be.
fn of_an_earlier_version(call: usize) -> Named {
    Named { call, scenario: format!("call {call}"), file: "unknown".into(), repetition: 1, target: "an unknown target".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(planned: Vec<Named>, calls: usize) -> Event {
        let text = serde_json::json!({ "event": "run_started", "version": "0", "started": "", "calls": calls, "jobs": 1 });
        let mut event = serde_json::from_value(text).expect("an event");
        if let Event::RunStarted { planned: none, .. } = &mut event {
            *none = planned;
        }
        event
    }

    fn finished(call: usize) -> Event {
        Event::CallFinished { result: Box::new(CallResult { call, outcome: CallOutcome::Passed, ..CallResult::default() }) }
    }

    #[test]
    fn a_run_that_broke_off_has_an_error_for_every_call_without_a_result() {
        let mut run = Collected::default();
        let named = |call| Named { scenario: format!("scenario {call}"), ..of_an_earlier_version(call) };
        run.event(&started((1..=3).map(named).collect(), 3));
        run.event(&finished(2));
        let results = run.results();
        let outcomes: Vec<_> = results.iter().map(|result| (result.scenario.as_str(), result.outcome)).collect();
        assert_eq!(outcomes, [("scenario 1", CallOutcome::Error), ("", CallOutcome::Passed), ("scenario 3", CallOutcome::Error)]);
        assert!(run.broke_off() && !run.is_complete());
        run.event(&Event::RunFinished { thresholds: Vec::new(), seconds: 1.0, interrupted: false, peak_calls: 1 });
        assert_eq!((run.results().len(), run.is_complete(), run.broke_off()), (3, true, false));
    }

    #[test]
    fn journals_of_earlier_versions_count_their_calls() {
        let mut run = Collected::default();
        run.event(&started(Vec::new(), 2));
        assert_eq!(run.results().iter().map(|result| result.scenario.clone()).collect::<Vec<_>>(), ["call 1", "call 2"]);
    }

    #[test]
    fn a_report_is_due_before_the_first_call_and_with_twice_the_results() {
        let mut run = Collected::default();
        assert!(run.event(&started(Vec::new(), 20)));
        let due: Vec<usize> = (1..=20).filter(|call| run.event(&finished(*call))).collect();
        assert_eq!(due, [1, 2, 4, 8, 16]);
    }
}
