//! Arguments to context to command to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    goldencall::main()
}
