//! The spans of the run's calls, and of traces that may be a bot's own, in bounded memory that no trace can take from another.

use std::collections::{HashMap, HashSet, VecDeque};

use super::span::Span;

/// Of a trace that a call began.
const OF_A_CALL: Bound = Bound { spans: 10_000, bytes: 16 << 20 };
/// Of any other trace: bots that begin traces of their own have one a call.
const OF_ANOTHER: Bound = Bound { spans: 2_000, bytes: 4 << 20 };
/// Other traces at once, and what they may take together.
const MOST_OTHERS: usize = 1_000;
const OF_ALL_OTHERS: usize = 64 << 20;
/// Calls that are over are remembered for their last spans, which are of no use to any other.
const MOST_OVER: usize = 10_000;

/// What a trace may take.
#[derive(Clone, Copy)]
struct Bound {
    spans: usize,
    bytes: usize,
}

/// One trace's spans, oldest arrival first.
#[derive(Debug, Default)]
struct Trace {
    spans: Vec<Span>,
    bytes: usize,
    /// Spans that found no room.
    dropped: u64,
    /// When the last one came, in spans.
    last: u64,
}

impl Trace {
    fn add(&mut self, span: Span, bound: Bound) -> bool {
        let weight = span.weight();
        if self.spans.len() == bound.spans || self.bytes + weight > bound.bytes {
            self.dropped += 1;
            return false;
        }
        self.bytes += weight;
        self.spans.push(span);
        true
    }
}

/// What came that may be about a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The spans of the call's own trace; where there are none, those of every trace that no call began.
    pub spans: Vec<Span>,
    /// Spans that found no room and may have been among them.
    pub dropped: u64,
}

/// The spans.
#[derive(Debug, Default)]
pub(super) struct Store {
    calls: HashMap<String, Trace>,
    others: HashMap<String, Trace>,
    other_bytes: usize,
    over: HashSet<String>,
    over_in_order: VecDeque<String>,
    /// Spans of other traces that found no room, and when the last of them ended.
    dropped: u64,
    dropped_until: u64,
    came: u64,
    /// What ended before this moment is of no call of this run, in nanoseconds since the Unix epoch.
    since_unix_ns: u64,
}

impl Store {
    pub(super) fn since(since_unix_ns: u64) -> Self {
        Self { since_unix_ns, ..Self::default() }
    }

    /// A call of the run has begun this trace.
    pub(super) fn expect(&mut self, trace_id: &str) {
        self.calls.entry(trace_id.to_ascii_lowercase()).or_default();
    }

    /// The call is judged: what still comes of its trace is dropped.
    pub(super) fn forget(&mut self, trace_id: &str) {
        let trace_id = trace_id.to_ascii_lowercase();
        self.calls.remove(&trace_id);
        if self.over.insert(trace_id.clone()) {
            self.over_in_order.push_back(trace_id);
        }
        while self.over_in_order.len() > MOST_OVER {
            let Some(oldest) = self.over_in_order.pop_front() else { break };
            self.over.remove(&oldest);
        }
    }

    /// Adds spans; those of no call of this run are dropped here.
    pub(super) fn add(&mut self, spans: Vec<Span>) {
        for span in spans {
            if let Some(trace) = self.calls.get_mut(&span.trace_id) {
                trace.add(span, OF_A_CALL);
            } else if !self.over.contains(&span.trace_id) && span.end_unix_ns >= self.since_unix_ns {
                self.add_other(span);
            }
        }
    }

    fn add_other(&mut self, span: Span) {
        self.came += 1;
        if !self.others.contains_key(&span.trace_id) && self.others.len() == MOST_OTHERS {
            self.evict();
        }
        while self.other_bytes + span.weight() > OF_ALL_OTHERS && self.evict() {}
        let trace = self.others.entry(span.trace_id.clone()).or_default();
        let weight = span.weight();
        trace.last = self.came;
        let end = span.end_unix_ns;
        if trace.add(span, OF_ANOTHER) {
            self.other_bytes += weight;
        } else {
            self.lose(1, end);
        }
    }

    /// Makes room: the trace of which nothing has come for longest goes.
    fn evict(&mut self) -> bool {
        let stale = self.others.iter().min_by_key(|(_, trace)| trace.last).map(|(id, _)| id.clone());
        let Some(trace) = stale.and_then(|id| self.others.remove(&id)) else { return false };
        self.other_bytes -= trace.bytes;
        let end = trace.spans.iter().map(|span| span.end_unix_ns).max().unwrap_or(0);
        self.lose(trace.spans.len() as u64, end);
        true
    }

    /// Spans were lost that ended at this moment at the latest.
    pub(super) fn lose(&mut self, spans: u64, end_unix_ns: u64) {
        self.dropped += spans;
        self.dropped_until = self.dropped_until.max(end_unix_ns);
    }

    /// What may be about the call that began this trace, within a stretch of time, both ends included.
    pub(super) fn find(&self, trace_id: Option<&str>, from_unix_ns: u64, until_unix_ns: u64) -> Found {
        let within = |span: &&Span| span.start_unix_ns <= until_unix_ns && span.end_unix_ns >= from_unix_ns;
        let own = trace_id.and_then(|id| self.calls.get(&id.to_ascii_lowercase())).filter(|trace| !trace.spans.is_empty());
        match own {
            Some(trace) => Found { spans: trace.spans.iter().filter(within).cloned().collect(), dropped: trace.dropped },
            None => {
                let others = self.others.values().flat_map(|trace| &trace.spans);
                let dropped = if self.dropped_until >= from_unix_ns { self.dropped } else { 0 };
                Found { spans: others.filter(within).cloned().collect(), dropped }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(trace: &str, name: &str) -> Span {
        Span { trace_id: trace.to_owned(), name: name.to_owned(), start_unix_ns: 100, end_unix_ns: 200, ..Span::default() }
    }

    fn names(found: &Found) -> Vec<&str> {
        found.spans.iter().map(|span| span.name.as_str()).collect()
    }

    #[test]
    fn foreign_spans_take_no_room_from_those_of_a_call() {
        let mut store = Store::since(50);
        store.expect("AA");
        store.add(vec![span("aa", "own")]);
        for k in 0..105_000 {
            store.add(vec![span(&format!("foreign {}", k % 3_000), "llm")]);
        }
        let found = store.find(Some("aa"), 0, u64::MAX);
        assert_eq!((names(&found), found.dropped), (vec!["own"], 0));
        assert!(store.others.len() <= MOST_OTHERS && store.find(None, 0, u64::MAX).dropped > 100_000);
    }

    #[test]
    fn one_trace_takes_no_room_from_another() {
        let mut store = Store::since(0);
        store.add(vec![span("bot", "own")]);
        store.add((0..105_000).map(|_| span("flood", "llm")).collect());
        let found = store.find(None, 0, u64::MAX);
        assert_eq!(names(&found).iter().filter(|name| **name == "own").count(), 1);
        assert_eq!((found.spans.len(), found.dropped), (2_001, 103_000));
    }

    #[test]
    fn what_is_of_no_call_of_the_run_is_dropped_at_the_door() {
        let mut store = Store::since(201);
        store.expect("aa");
        store.forget("bb");
        store.add(vec![span("aa", "own"), span("bb", "of a call that is over"), span("cc", "before the run")]);
        assert_eq!(names(&store.find(Some("aa"), 0, u64::MAX)), ["own"]);
        assert!(store.find(None, 0, u64::MAX).spans.is_empty());
    }

    #[test]
    fn long_spans_are_bounded_as_well() {
        let mut store = Store::since(0);
        for k in 0..100 {
            store.add(vec![span(&format!("{k}"), &"x".repeat(3 << 20))]);
        }
        assert!(store.other_bytes <= OF_ALL_OTHERS && store.others.len() < 22);
    }
}
