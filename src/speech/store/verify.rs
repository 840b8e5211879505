//! Checking what is on disk against the pinned hashes, once and then by stamp.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::catalog::Package;

/// Remembers the files that a full check has passed, by length and time of change: hashing 60 MB
/// at every start would cost up to a quarter of a second.
const STAMP: &str = ".verified";

/// What a folder holds of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Whole,
    Missing,
    Damaged,
}

/// Checks a model's folder. A folder that cannot be written is checked in full each time.
pub(super) fn check(folder: &Path, package: &Package) -> Condition {
    if !folder.is_dir() {
        return Condition::Missing;
    }
    let Some(now) = fingerprint(folder, package) else {
        return Condition::Damaged;
    };
    let stamp = folder.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        return Condition::Whole;
    }
    let matches = |file: &super::catalog::PinnedFile| hash_file(&folder.join(file.name)).is_ok_and(|hash| hash == file.sha256);
    if !package.files.iter().all(matches) {
        return Condition::Damaged;
    }
    let _ = std::fs::write(stamp, now);
    Condition::Whole
}

/// Name, length and time of change of each file; `None` when one is not there in its length.
fn fingerprint(folder: &Path, package: &Package) -> Option<String> {
    let mut lines = String::new();
    for file in package.files {
        let data = std::fs::metadata(folder.join(file.name)).ok()?;
        if data.len() != file.size {
            return None;
        }
        let changed = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        writeln!(lines, "{} {} {}", file.name, file.sha256, changed.as_nanos()).ok()?;
    }
    Some(lines)
}

/// The SHA-256 of a file in hexadecimal.
pub(super) fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut block) = (Sha256::new(), vec![0u8; 1 << 16]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(block.get(..count).unwrap_or_default()),
        }
    }
}

/// The SHA-256 of bytes in hexadecimal.
pub(super) fn hash_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::catalog::PinnedFile;
    use super::*;

    static PACKAGE: Package = Package {
        name: "test",
        version: "1",
        platform: "any",
        size: 0,
        sha256: "",
        files: &[PinnedFile {
            member: "abc",
            member_sha256: "",
            name: "abc",
            size: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            convert: false,
        }],
    };

    #[test]
    fn tells_whole_from_missing_and_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("model");
        assert_eq!(check(&folder, &PACKAGE), Condition::Missing);
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(check(&folder, &PACKAGE), Condition::Damaged);
        std::fs::write(folder.join("abc"), "abc").unwrap();
        assert_eq!(check(&folder, &PACKAGE), Condition::Whole);
        assert!(folder.join(STAMP).exists());
        assert_eq!(check(&folder, &PACKAGE), Condition::Whole);
        std::fs::write(folder.join("abc"), "abd").unwrap();
        assert_eq!(check(&folder, &PACKAGE), Condition::Damaged);
        std::fs::write(folder.join("abc"), "abcd").unwrap();
        assert_eq!(check(&folder, &PACKAGE), Condition::Damaged);
    }
}
