//! The results folder of a run: its own while it lasts, and without the reports of the run before.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::file::remove_old;

/// Held while a run writes into the folder; the system lets go of it however the process ends.
#[derive(Debug)]
pub struct ResultsFolder {
    _lock: File,
}

impl ResultsFolder {
    /// Makes the folder, and removes the reports of the run before, those at other paths (`reports`) too: until this run has written its
    /// own, there are none that could be taken for its.
    ///
    /// # Errors
    /// Another run is using the folder; the disk.
    pub fn claim(folder: &Path, reports: &[PathBuf]) -> io::Result<Self> {
        let named = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        std::fs::create_dir_all(folder).map_err(|error| io::Error::new(error.kind(), named(folder, &error)))?;
        let path = folder.join(".lock");
        let failed = |error: io::Error| io::Error::new(error.kind(), named(&path, &error));
        let mut lock = File::options().create(true).read(true).write(true).truncate(false).open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::new(ErrorKind::ResourceBusy, in_use(folder, &path))),
            // Some network file systems have no locks.
            Err(TryLockError::Error(error)) => tracing::warn!(%error, "{} cannot be locked against other runs", folder.display()),
        }
        lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id())).map_err(failed)?;
        for name in ["junit.xml", "results.json", "load.json", "events.jsonl"] {
            remove_old(&folder.join(name))?;
        }
        reports.iter().try_for_each(|report| remove_old(report))?;
        Ok(Self { _lock: lock })
    }
}

fn in_use(folder: &Path, lock: &Path) -> String {
    let process = std::fs::read_to_string(lock).unwrap_or_default();
    let process = if process.is_empty() { String::new() } else { format!(" (process {process})") };
    format!("{} is in use by another run{process}; wait for it, or give this run a folder of its own: --out DIR", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_is_refused_and_old_reports_are_gone() {
        let folder = tempfile::tempdir().expect("folder");
        let (out, elsewhere) = (folder.path().join("out"), folder.path().join("report.xml"));
        let first = ResultsFolder::claim(&out, &[]).expect("claimed");
        let second = ResultsFolder::claim(&out, &[]).expect_err("in use").to_string();
        assert!(second.contains(&format!("in use by another run (process {}); wait for it", std::process::id())), "{second}");
        drop(first);
        for file in [&elsewhere, &out.join("junit.xml"), &out.join("events.jsonl")] {
            std::fs::write(file, "old").expect("file");
        }
        let _claimed = ResultsFolder::claim(&out, &[elsewhere.clone(), folder.path().join("never there")]).expect("claimed");
        assert!(!elsewhere.exists() && !out.join("junit.xml").exists() && !out.join("events.jsonl").exists());
    }
}
