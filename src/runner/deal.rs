//! Which calls of a run are placed by which machine, and which of them first.

use std::cmp::Reverse;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::event::Part;
use super::history::History;
use super::shard::Shard;
use super::suite::{Plan, PlannedCall};

impl Plan {
    /// Keeps the calls of one part, where the run is split, and places those first that are expected to take longest.
    ///
    /// Calls are dealt out longest first, each to the part with the least to do, those of equal length by name. So every machine deals
    /// alike if it has the same scenarios and the same history; without one, calls go to the parts in turn, by name. Calls keep
    /// the numbers that they have in the whole, by whose thresholds only the whole is judged.
    #[must_use]
    pub fn arranged(mut self, history: &History, shard: Option<Shard>) -> Self {
        let expected = history.expected(&self.calls);
        let mut calls: Vec<(Duration, PlannedCall)> = expected.into_iter().zip(self.calls).collect();
        if let Some(shard) = shard {
            let parts = deal(&calls, shard.of);
            let thresholds = std::mem::take(&mut self.thresholds);
            self.part = Some(Part { shard, whole: calls.len(), thresholds, deal: digest(&calls, &parts) });
            let mut parts = parts.into_iter();
            calls.retain(|_| parts.next() == Some(shard.number));
        }
        calls.sort_by_key(|(expected, _)| Reverse(*expected));
        self.calls = calls.into_iter().map(|(_, call)| call).collect();
        self
    }
}

/// The part, from 1, that each call is of.
fn deal(calls: &[(Duration, PlannedCall)], of: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|&k| calls.get(k).map(|(expected, call)| (Reverse(*expected), &call.scenario.name, call.number)));
    let mut parts = vec![0; calls.len()];
    // Of each part: its time, how many calls it has, its number.
    let mut loads: Vec<(Duration, usize, usize)> = (1..=of).map(|number| (Duration::ZERO, 0, number)).collect();
    for k in order {
        let least = loads.iter_mut().min();
        if let (Some(load), Some(part), Some((expected, _))) = (least, parts.get_mut(k), calls.get(k)) {
            *part = load.2;
            *load = (load.0.saturating_add(*expected), load.1 + 1, load.2);
        }
    }
    parts
}

/// A SHA-256, in hexadecimal, of which call is whose. Paths are left out: machines may keep the same scenarios in different folders.
fn digest(calls: &[(Duration, PlannedCall)], parts: &[usize]) -> String {
    let mut hash = Sha256::new();
    for ((_, call), part) in calls.iter().zip(parts) {
        hash.update(format!("{}\t{:?}\t{}\t{part}\n", call.number, call.scenario.name, call.repetition));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "deal_tests.rs"]
mod tests;
