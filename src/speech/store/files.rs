//! A model on disk.

use std::path::{Path, PathBuf};

use super::catalog::ModelId;
use super::error::StoreError;

/// The checked files of an installed model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    model: ModelId,
    folder: PathBuf,
}

impl ModelFiles {
    pub(super) fn new(model: ModelId, folder: PathBuf) -> Self {
        Self { model, folder }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> ModelId {
        self.model
    }

    /// The folder that holds its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of one of its files.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The content of the model's first file: all there is to a model of one file, such as
    /// speech detection.
    ///
    /// # Errors
    /// [`StoreError::Read`] when the file cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, StoreError> {
        let name = self.model.package().files.first().map_or("", |file| file.name);
        let path = self.path(name);
        std::fs::read(&path).map_err(|e| StoreError::Read { path, reason: e.to_string() })
    }
}
