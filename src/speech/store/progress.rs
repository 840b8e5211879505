//! How far a fetch is.

use super::catalog::ModelId;

/// What a fetch is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchStage {
    /// The package client is at work.
    Download,
    /// The files are unpacked, converted and checked.
    Install,
}

/// One report of progress. `done` never passes `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchProgress {
    /// The model.
    pub model: ModelId,
    /// What is going on.
    pub stage: FetchStage,
    /// Bytes done in this stage.
    pub done: u64,
    /// Bytes of this stage.
    pub total: u64,
}
