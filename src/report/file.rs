//! Report files that are whole or not there.

use std::io;
use std::path::Path;

/// Writes beside the file, then renames: a full disk or a crash leaves the old file or none, never half of one.
///
/// # Errors
/// The disk; the message names the file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if is_written_through(path) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(named)?;
        return io::Write::write_all(&mut file, bytes).map_err(named);
    }
    // A symbolic link stays one: what it points to is replaced.
    let resolved = std::fs::canonicalize(path);
    let path = resolved.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(named)?;
    let mut temporary = builder().tempfile_in(folder).map_err(named)?;
    io::Write::write_all(&mut temporary, bytes).map_err(named)?;
    temporary.persist(path).map_err(|error| named(error.error))?;
    Ok(())
}

/// As any new file: readable by those that the user's umask allows.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Whether a report at this path can be written again: another process reads a FIFO as it comes.
pub(super) fn can_be_written_again(path: &Path) -> bool {
    !is_written_through(path)
}

/// Removes the report of an earlier run; what a symbolic link points to, not the link, and no device.
///
/// # Errors
/// The disk; the message names the file.
pub(super) fn remove_old(path: &Path) -> io::Result<()> {
    let Ok(resolved) = std::fs::canonicalize(path) else { return Ok(()) };
    if is_written_through(path) || !resolved.is_file() {
        return Ok(());
    }
    std::fs::remove_file(&resolved).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// A device, a FIFO, a link that points nowhere yet, or a descriptor of this process such as `/dev/stdout`: it is written to, never
/// replaced.
fn is_written_through(path: &Path) -> bool {
    let special = std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    let dangling = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) && !path.exists();
    special || dangling || path.starts_with("/dev") || path.starts_with("/proc")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt, symlink};

    use super::*;

    #[test]
    fn a_regular_file_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("new/report.xml");
        write_whole(&path, b"one").expect("written");
        write_whole(&path, b"two").expect("written");
        assert_eq!(std::fs::read(&path).expect("file"), b"two");
    }

    #[test]
    fn links_stay_links() {
        let folder = tempfile::tempdir().expect("folder");
        let (file, link, dangling) = (folder.path().join("file"), folder.path().join("link"), folder.path().join("dangling"));
        std::fs::write(&file, "old").expect("file");
        symlink(&file, &link).expect("link");
        symlink(folder.path().join("later"), &dangling).expect("link");
        write_whole(&link, b"new").expect("written");
        write_whole(&dangling, b"new").expect("written");
        for (link, file) in [(link, "file"), (dangling, "later")] {
            assert!(std::fs::symlink_metadata(&link).expect("link").is_symlink());
            assert_eq!(std::fs::read(folder.path().join(file)).expect("file"), b"new");
        }
    }

    #[test]
    fn devices_and_fifos_are_written_to() {
        let folder = tempfile::tempdir().expect("folder");
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("FIFO");
        let path = fifo.clone();
        let reader = std::thread::spawn(move || std::fs::read(path).expect("what was written"));
        write_whole(&fifo, b"through").expect("written");
        assert_eq!(reader.join().expect("reader"), b"through");
        assert!(std::fs::metadata(&fifo).expect("FIFO").file_type().is_fifo());
        write_whole(Path::new("/dev/null"), b"gone").expect("written");
        assert!(std::fs::metadata("/dev/null").expect("device").file_type().is_char_device());
    }
}
