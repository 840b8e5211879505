//! A scenario file's text and places in it.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file as it was read: diagnostics quote it.
#[derive(Clone, Debug)]
pub struct Source {
    /// As given on the command line or found by walking a folder.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

/// A place in a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Byte offset of the first character.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
}
