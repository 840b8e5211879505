//! Report files that are whole or not there.

use std::io;
use std::path::Path;

/// Writes beside the file, then renames: a full disk or a crash leaves the old file or none, never half of one.
///
/// # Errors
/// The disk; the message names the file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(named)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(named)?;
    io::Write::write_all(&mut temporary, bytes).map_err(named)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        temporary.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(named)?;
    }
    temporary.persist(path).map_err(|error| named(error.error))?;
    Ok(())
}
