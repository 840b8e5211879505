//! What a process brings along: the only reader of environment variables besides `clap`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use super::args::Args;
use super::exit::{CliError, Exit};
use super::output::warn;
use crate::files;
use crate::printable::printable;
use crate::report::{Palette, TerminalStyle, render};
use crate::runner::Shard;
use crate::scenario::{Config, Problem, Problems, Scenario, Secrets, Source};
use crate::speech::store::ModelStore;

const CONFIG_FILE: &str = "goldencall.yaml";

/// The surroundings of a command.
#[derive(Debug)]
pub struct Context {
    /// `${ENV}` and what must not be shown.
    pub secrets: Secrets,
    /// How to write to standard output.
    pub style: TerminalStyle,
    /// The run is part of continuous integration: its output is read later, if at all.
    pub ci: bool,
    /// What CI systems say of the part of a run that this is.
    parallel: BTreeMap<String, String>,
    models: PathBuf,
    config: Option<PathBuf>,
    log: Option<String>,
}

impl Context {
    /// Reads the environment of this process.
    pub fn from_process(args: &Args) -> Self {
        // `vars` panics where something is not Unicode, which no variable that is read here can be.
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let environment: BTreeMap<String, String> = std::env::vars_os().filter_map(unicode).collect();
        let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let terminal = std::io::stdout().is_terminal();
        let style = TerminalStyle {
            colour: terminal && !set("NO_COLOR") && environment.get("TERM").is_none_or(|term| term != "dumb"),
            live: terminal && std::io::stderr().is_terminal() && !set("CI"),
            width: environment.get("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(100),
        };
        Self {
            models: args.model_dir.clone().unwrap_or_else(|| model_folder(&environment)),
            config: args.config.clone(),
            log: environment.get("GOLDENCALL_LOG").cloned(),
            ci: set("CI"),
            parallel: environment
                .iter()
                .filter(|(name, _)| Shard::reads(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            secrets: Secrets::new(environment),
            style,
        }
    }

    /// Logs to standard error what `GOLDENCALL_LOG` asks for.
    pub fn start_log(&self) {
        if let Some(filter) = &self.log {
            let secrets = self.secrets.clone();
            let masked = move || Masked { secrets: secrets.clone(), line: Vec::new() };
            tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(masked).init();
        }
    }

    /// The part of a run that `--shard` names.
    ///
    /// # Errors
    /// What to write instead.
    pub fn shard(&self, text: &str) -> Result<Shard, CliError> {
        Shard::parse(text, &self.parallel).map_err(|why| CliError::usage(format!("--shard: {why}")))
    }

    /// The store of the speech models.
    pub fn store(&self) -> ModelStore {
        ModelStore::new(self.models.clone())
    }

    /// The configuration: the file that was named, or the nearest one upward.
    ///
    /// # Errors
    /// It cannot be read, or has mistakes: each is printed.
    pub fn config(&self) -> Result<Config, CliError> {
        let Some(path) = self.config.clone().or_else(find_config) else { return Ok(Config::default()) };
        let source = read_source(&path)?;
        Config::parse(&source, &self.secrets).map_err(|problems| {
            self.print_problems(&problems);
            CliError::usage(format!("{} has mistakes", path.display()))
        })
    }

    /// Writes what may not be meant to standard error, one line each.
    pub fn print_warnings(&self, scenario: &Scenario) {
        for Problem { location, message, help } in &scenario.warnings {
            let help = help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            let at = format!("{}:{}:{}", scenario.source.path.display(), location.line, location.column);
            warn(&printable(&self.secrets.redact(&format!("warning: {at}: {message}{help}"))));
        }
    }

    /// Draws every mistake on standard error.
    pub fn print_problems(&self, problems: &Problems) {
        let palette = if self.style.colour { Palette::Colour } else { Palette::Plain };
        for diagnostic in problems.diagnostics(&self.secrets) {
            warn(&render(&diagnostic, palette, self.style.width));
        }
    }
}

/// A line of the log: written, without secrets, once it is whole.
struct Masked {
    secrets: Secrets,
    line: Vec<u8>,
}

impl Write for Masked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        let text = self.secrets.redact(&String::from_utf8_lossy(&self.line));
        let _closed = std::io::stderr().write_all(text.as_bytes());
    }
}

/// Reads a file that diagnostics may quote.
pub(super) fn read_source(path: &Path) -> Result<Arc<Source>, CliError> {
    let bytes = files::read(path, files::MOST_TEXT).map_err(|error| CliError::new(Exit::Usage, format!("{}: {error}", path.display())))?;
    let text = String::from_utf8(bytes).map_err(|error| CliError::new(Exit::Parse, not_utf8(path, error.as_bytes())))?;
    Ok(Arc::new(Source { path: path.to_owned(), text: text.into() }))
}

/// Names the first byte that is not UTF-8, and how to fix the file.
fn not_utf8(path: &Path, bytes: &[u8]) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return format!("{}:1:1: the file is UTF-16; save it as UTF-8", path.display());
    }
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let line = valid.matches('\n').count() + 1;
    let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let byte = bytes.get(valid.len()).copied().unwrap_or_default();
    format!("{}:{line}:{column}: the byte 0x{byte:02X} is not UTF-8; save the file as UTF-8", path.display())
}

fn find_config() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let found = here.ancestors().map(|folder| folder.join(CONFIG_FILE)).find(|path| path.is_file())?;
    // Relative where it can be: reports and diagnostics show it.
    Some(found.strip_prefix(&here).map(Path::to_owned).unwrap_or(found))
}

fn model_folder(environment: &BTreeMap<String, String>) -> PathBuf {
    let get = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = get("XDG_CACHE_HOME").or_else(|| {
        let home = get("HOME")?;
        Some(if cfg!(target_os = "macos") { home.join("Library/Caches") } else { home.join(".cache") })
    });
    cache.unwrap_or_else(std::env::temp_dir).join("goldencall").join("models")
}
