//! What a load is asked to be.

use std::sync::Arc;
use std::time::Duration;

use super::super::recording::Recordings;
use crate::scenario::{LoadThreshold, Scenario, Target};

/// How calls come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LoadModel {
    /// So many callers, each of which places its next call when its call has ended (closed model).
    CallsAtOnce(usize),
    /// Calls come at a rate, however long they last (open model).
    Arrivals {
        /// Calls per second, once the ramp is over.
        per_second: f64,
        /// Calls under way at most; what arrives above that is dropped, and counted.
        max_calls: usize,
    },
}

/// A load and what it must keep to.
#[derive(Clone, Debug)]
pub struct Load {
    /// How calls come.
    pub model: LoadModel,
    /// The time over which the callers start, or the arrivals rise to their rate.
    pub ramp: Duration,
    /// How long calls are placed after that; calls under way then go on to their end.
    pub hold: Duration,
    /// What is called, at least one with a weight above zero.
    pub mix: Vec<LoadCall>,
    /// Limits on the load, `pass_rate` among them.
    pub thresholds: Vec<LoadThreshold>,
    /// Which recordings are kept; none without it.
    pub recordings: Option<Arc<Recordings>>,
}

/// A scenario of a load.
#[derive(Clone, Debug)]
pub struct LoadCall {
    /// What is said and expected.
    pub scenario: Arc<Scenario>,
    /// The target that is dialled.
    pub target: Target,
    /// How reports name the target.
    pub label: String,
    /// Its share of the calls, in proportion to the other weights.
    pub weight: u32,
}
