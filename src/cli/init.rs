//! `goldencall init`: an example that runs at once.

use std::path::Path;

use super::args::InitArgs;
use super::exit::{CliError, Exit};
use super::output::say;

/// Paths and contents, all of them part of the program.
const FILES: &[(&str, &[u8])] = &[
    ("scenarios/booking.yaml", include_bytes!("../../scenarios/booking.yaml")),
    ("audio/caller/booking-request.wav", include_bytes!("../../audio/caller/booking-request.wav")),
    ("audio/caller/booking-tuesday.wav", include_bytes!("../../audio/caller/booking-tuesday.wav")),
    ("audio/caller/booking-thats-all.wav", include_bytes!("../../audio/caller/booking-thats-all.wav")),
    ("schema/scenario.json", crate::scenario::SCENARIO_SCHEMA.as_bytes()),
    ("goldencall.yaml", CONFIG.as_bytes()),
];

const CONFIG: &str = "\
scenarios: [scenarios]
# The bot under test. Without a target the built-in sample bot is called; in CI it must be asked for (target: bot:booking).
# targets:
#   staging: { sip: { uri: \"sip:bot@10.0.0.5\", username: ci, password: \"${SIP_PASSWORD}\" } }
# target: staging
defaults: { latency: 1500ms }
";

pub(super) fn init(args: &InitArgs) -> Result<Exit, CliError> {
    if let Some((taken, _)) = FILES.iter().find(|(path, _)| args.folder.join(path).exists()) {
        return Err(CliError::usage(format!("{} already exists; choose an empty folder", args.folder.join(taken).display())));
    }
    for (path, contents) in FILES {
        write(&args.folder.join(path), contents).map_err(CliError::setup)?;
    }
    say(&format!("wrote {} files; now: cd {} && goldencall run", FILES.len(), args.folder.display()))?;
    Ok(Exit::Passed)
}

fn write(path: &Path, contents: &[u8]) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(named)?;
    std::fs::write(path, contents).map_err(named)
}
