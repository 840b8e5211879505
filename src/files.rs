//! Files that users name: read up to a bound, whatever they are; and files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

/// Most bytes of a text: a scenario, a configuration, a list.
pub const MOST_TEXT: u64 = 16 << 20;
/// Most bytes of a recording: at 48 kHz and 16 bits, 23 minutes of one voice.
pub const MOST_AUDIO: u64 = 128 << 20;
/// Most bytes of the results of a run.
pub const MOST_RESULTS: u64 = 1 << 30;

/// What is not a regular file (a pipe, a FIFO, a device) must give all it has within this time.
const LONGEST: Duration = Duration::from_secs(10);

/// Reads a whole file, or what a pipe, FIFO or device gives until it ends.
///
/// # Errors
/// The disk; more than `most` bytes; something that does not end within ten seconds. The message does not name the file.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (mut file, found) = open(path)?;
    if found.is_file() && found.len() > most {
        return Err(too_large(&format!("it has {} bytes", found.len()), most));
    }
    if found.is_file() || found.is_dir() {
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes)?;
        return if bytes.len() as u64 > most { Err(too_large("it goes on", most)) } else { Ok(bytes) };
    }
    read_to_its_end(&mut file, most, LONGEST)
}

/// Reads a whole file as text.
///
/// # Errors
/// As [`read`], and what is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Creates (or truncates) a file that only its owner can read, as recordings and captures of calls must be.
///
/// # Errors
/// The disk.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        // One of an earlier run keeps its mode when it is opened.
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

fn too_large(what: &str, most: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("{what}; at most {} MB are read", most >> 20))
}

/// Opens without waiting for a writer at the other end of a FIFO.
fn open(path: &Path) -> io::Result<(File, std::fs::Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::libc::O_NONBLOCK);
    let file = options.open(path)?;
    let found = file.metadata()?;
    Ok((file, found))
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "nothing is judged by this clock: it gives up on a file")]
fn read_to_its_end(file: &mut File, most: u64, longest: Duration) -> io::Result<Vec<u8>> {
    use std::os::fd::AsFd;
    use std::time::Instant;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let end = Instant::now() + longest;
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    while bytes.len() as u64 <= most {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        if left.is_zero() || poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout)? == 0 {
            let why = format!("it is not a regular file and did not end within {} s", longest.as_secs_f64());
            return Err(io::Error::new(ErrorKind::TimedOut, why));
        }
        match file.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.extend(part.iter().take(read)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
    Err(too_large("it goes on", most))
}

#[cfg(not(unix))]
fn read_to_its_end(file: &mut File, most: u64, _longest: Duration) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large("it goes on", most)) } else { Ok(bytes) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_never_ends_is_bounded() {
        let error = read(Path::new("/dev/zero"), 1 << 20).expect_err("a device without end");
        assert_eq!(error.to_string(), "it goes on; at most 1 MB are read");
        let folder = tempfile::tempdir().expect("folder");
        let large = folder.path().join("large");
        File::create(&large).and_then(|file| file.set_len(3 << 30)).expect("a sparse file");
        let error = read(&large, 1 << 20).expect_err("a large file");
        assert_eq!(error.to_string(), "it has 3221225472 bytes; at most 1 MB are read");
    }

    #[test]
    fn a_fifo_is_read_to_its_end_and_one_without_a_writer_given_up() {
        let folder = tempfile::tempdir().expect("folder");
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("FIFO");
        let (mut lonely, _) = open(&fifo).expect("opened");
        let error = read_to_its_end(&mut lonely, 100, Duration::from_millis(20)).expect_err("no writer");
        assert_eq!(error.to_string(), "it is not a regular file and did not end within 0.02 s");
        drop(lonely);
        let path = fifo.clone();
        let writer = std::thread::spawn(move || File::options().write(true).open(path).and_then(|mut file| file.write_all(b"name: x")));
        assert_eq!(read_text(&fifo, 100).expect("text"), "name: x");
        writer.join().expect("writer").expect("written");
    }

    #[test]
    fn private_files_are_private_though_they_were_there_before() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("call.wav");
        std::fs::write(&path, "old").expect("file");
        for _ in 0..2 {
            let file = create_private(&path).expect("file");
            assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
            std::fs::remove_file(&path).expect("removed");
        }
    }
}
