//! The newest spans, in bounded memory.

use std::collections::VecDeque;

use super::span::Span;

/// Spans kept at most.
const MAX_SPANS: usize = 100_000;
/// Bytes kept at most, about: spans of language models carry whole conversations.
const MAX_BYTES: usize = 128 << 20;

/// The newest spans.
#[derive(Debug)]
pub(super) struct Store {
    spans: VecDeque<Span>,
    bytes: usize,
    max_spans: usize,
    max_bytes: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self::with_limits(MAX_SPANS, MAX_BYTES)
    }
}

impl Store {
    fn with_limits(max_spans: usize, max_bytes: usize) -> Self {
        Self { spans: VecDeque::new(), bytes: 0, max_spans, max_bytes }
    }

    /// Adds spans; the oldest ones make room.
    pub(super) fn add(&mut self, spans: Vec<Span>) {
        for span in spans {
            self.bytes += span.weight();
            self.spans.push_back(span);
            while self.spans.len() > self.max_spans || self.bytes > self.max_bytes {
                let Some(oldest) = self.spans.pop_front() else { break };
                self.bytes = self.bytes.saturating_sub(oldest.weight());
            }
        }
    }

    /// The spans, oldest arrival first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str) -> Span {
        Span { name: name.to_owned(), ..Span::default() }
    }

    fn names(store: &Store) -> Vec<&str> {
        store.iter().map(|span| span.name.as_str()).collect()
    }

    #[test]
    fn the_newest_spans_stay() {
        let mut store = Store::with_limits(2, usize::MAX);
        store.add(vec![span("a"), span("b"), span("c")]);
        assert_eq!(names(&store), ["b", "c"]);
    }

    #[test]
    fn long_spans_make_room_as_well() {
        let mut store = Store::with_limits(100, 1000);
        store.add(vec![span("a"), span("b"), span(&"c".repeat(400))]);
        assert_eq!(names(&store).len(), 2);
        store.add(vec![span(&"d".repeat(5000))]);
        assert!(names(&store).is_empty(), "one that is too long for all of the memory is not kept");
        assert_eq!(store.bytes, 0);
    }
}
