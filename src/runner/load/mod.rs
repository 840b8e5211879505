//! A load: calls placed for a time at a rate or by a number of callers, counted as they end and never kept.

mod choice;
mod distribution;
mod kind;
mod ledger;
mod measure;
mod plan;
mod report;
mod run;
mod schedule;
mod tally;
mod usage;
mod verdict;

pub use plan::{Load, LoadCall, LoadModel};
pub use report::{Ending, FaultKind, LoadReport, LoadRow, LoadVerdict, Percentiles, Side};
pub use run::run_load;
