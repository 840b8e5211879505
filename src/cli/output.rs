//! What commands write for people. Whoever closes the other end (`goldencall list | head -1`) has read enough: nothing is wrong.

use std::io::{self, ErrorKind, Write};

use super::exit::CliError;
use crate::printable::for_log;

/// Writes lines to standard output.
///
/// # Errors
/// The disk, if the output goes to a file.
pub(super) fn say(text: &str) -> Result<(), CliError> {
    match write(&mut io::stdout().lock(), text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::setup(format!("standard output: {error}"))),
        _ => Ok(()),
    }
}

/// Writes lines to standard error, which may be closed.
pub(super) fn warn(text: &str) {
    let _closed = write(&mut io::stderr().lock(), text);
}

fn write(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", for_log(text.trim_end_matches('\n')))?;
    out.flush()
}
