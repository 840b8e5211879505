//! The store's folder: what is there, and getting what is not.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::catalog::ModelId;
use super::error::StoreError;
use super::fetch;
use super::files::ModelFiles;
use super::progress::FetchProgress;
use super::verify::{Condition, check};

/// Prefix of the folders in which a fetch works.
const WORK: &str = ".fetch-";

/// A folder of models. It may be shared by processes and may be read-only when it is complete.
#[derive(Debug, Clone)]
pub struct ModelStore {
    dir: PathBuf,
    search_path: Option<OsString>,
}

/// What a store holds of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelState {
    /// All files are there and right.
    Installed,
    /// Nothing is there.
    Missing,
    /// Something is there, but a file is missing or differs; it will be fetched again.
    Damaged,
}

/// One line of `goldencall model list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStatus {
    /// The model.
    pub model: ModelId,
    /// What is there of it.
    pub state: ModelState,
    /// Its folder, whether it is there or not.
    pub path: PathBuf,
    /// Bytes on disk once installed.
    pub size: u64,
}

impl ModelStore {
    /// A store in `dir`, which need not exist yet.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, search_path: None }
    }

    /// Looks for the package client in `path` (a list of folders) instead of the process's own.
    #[must_use]
    pub fn with_search_path(mut self, path: OsString) -> Self {
        self.search_path = Some(path);
        self
    }

    /// The store's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the store holds of every model.
    #[must_use]
    pub fn list(&self) -> Vec<ModelStatus> {
        ModelId::ALL.into_iter().map(|model| self.status(model)).collect()
    }

    /// What the store holds of one model.
    #[must_use]
    pub fn status(&self, model: ModelId) -> ModelStatus {
        let path = self.dir.join(model.folder());
        let state = match check(&path, model.package()) {
            Condition::Whole => ModelState::Installed,
            Condition::Missing => ModelState::Missing,
            Condition::Damaged => ModelState::Damaged,
        };
        ModelStatus { model, state, path, size: model.installed_size() }
    }

    /// The files of a model if it is installed; nothing is fetched.
    #[must_use]
    pub fn installed(&self, model: ModelId) -> Option<ModelFiles> {
        let status = self.status(model);
        (status.state == ModelState::Installed).then(|| ModelFiles::new(model, status.path))
    }

    /// The files of a model, fetched first if they are missing or damaged. Processes that want the
    /// same model wait for the one that fetches it.
    ///
    /// # Errors
    /// [`StoreError`] when the model is not there and cannot be fetched.
    pub fn ensure(&self, model: ModelId, progress: &mut dyn FnMut(FetchProgress)) -> Result<ModelFiles, StoreError> {
        if let Some(files) = self.installed(model) {
            return Ok(files);
        }
        fs::create_dir_all(&self.dir).map_err(|e| self.unwritable(&e))?;
        let lock = self.lock()?;
        if let Some(files) = self.installed(model) {
            return Ok(files);
        }
        if lock.is_some() {
            self.sweep();
        }
        let work = tempfile::Builder::new().prefix(WORK).tempdir_in(&self.dir);
        let work = work.map_err(|e| self.unwritable(&e))?;
        let ready = fetch::fetch(model, work.path(), self.search_path.as_deref(), progress)?;
        self.replace(model, &ready, work.path())
    }

    /// The lock that makes other processes wait; `None` where the file system has no locks (then
    /// two may fetch the same model, and the first to finish wins).
    fn lock(&self) -> Result<Option<File>, StoreError> {
        let file = File::create(self.dir.join(".lock")).map_err(|e| self.unwritable(&e))?;
        Ok(file.lock().is_ok().then_some(file))
    }

    /// Removes what interrupted fetches left. Only for the holder of the lock.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(WORK) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Moves a fetched model into place.
    fn replace(&self, model: ModelId, ready: &Path, work: &Path) -> Result<ModelFiles, StoreError> {
        let target = self.dir.join(model.folder());
        if target.exists() {
            // Damaged, or just installed by a process that does not see our lock.
            let _ = fs::rename(&target, work.join("old"));
        }
        let moved = fs::rename(ready, &target);
        match (moved, self.installed(model)) {
            (_, Some(files)) => Ok(files),
            (Err(e), None) => Err(self.unwritable(&e)),
            (Ok(()), None) => Err(self.unwritable(&"its files change while they are checked")),
        }
    }

    fn unwritable(&self, reason: &dyn std::fmt::Display) -> StoreError {
        StoreError::Folder { path: self.dir.clone(), reason: reason.to_string() }
    }
}
