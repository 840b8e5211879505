//! `goldencall.yaml`: targets, defaults, the recogniser and the thresholds of a suite.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::decode::{Decoder, did_you_mean};
use super::defaults::{self, Defaults};
use super::heard_as;
use super::language::Language;
use super::load::{self, LoadThreshold};
use super::problem::{Problem, Problems};
use super::secrets::{MASK, Secrets};
use super::source::Source;
use super::targets::secret;
use super::targets::{self, Target};
use super::telemetry::{self, SpanCollector};
use super::thresholds::{self, Threshold};
use super::yaml::{self, Node, Value};
use crate::expect::HeardAs;

const CONFIG_KEYS: &[&str] =
    &["scenarios", "target", "targets", "language", "heard_as", "defaults", "stt", "telemetry", "thresholds", "load"];

/// Sections that a later version understands.
const LATER: &[(&str, &str)] = &[
    ("tts", "record the caller's words as WAV files"),
    ("preflight", "leave it out"),
    ("notify", "leave it out"),
    ("networks", "leave it out"),
];

/// The settings that all scenarios of a project share.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Files, folders or globs that `run` takes where none is given; relative to the file.
    pub scenarios: Vec<PathBuf>,
    /// The target that is called where neither the command line nor the scenario names one.
    pub target: Option<Target>,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
    /// What names are heard as, in every scenario.
    pub heard_as: HeardAs,
    /// What the bots speak, unless a scenario says otherwise.
    pub language: Language,
    /// Defaults of every scenario.
    pub defaults: Defaults,
    /// The speech recogniser.
    pub stt: SttEngine,
    /// Where the bots under test export their spans to.
    pub telemetry: Option<SpanCollector>,
    /// Limits on the whole run.
    pub thresholds: Vec<Threshold>,
    /// Limits on a load, in place of those of the same name.
    pub load_thresholds: Vec<LoadThreshold>,
    /// Folder of the file.
    pub folder: PathBuf,
    /// There is such a file.
    pub found: bool,
}

/// The speech recogniser of a run.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum SttEngine {
    /// Moonshine, in this process.
    #[default]
    Embedded,
    /// An OpenAI-compatible server.
    Http {
        /// Base URL, without `/v1/...`.
        url: String,
        /// Name of the model.
        model: String,
        /// Bearer token.
        key: Option<String>,
    },
    /// A program; `{wav}` in an argument stands for the path of the audio.
    Command(Vec<String>),
}

impl fmt::Debug for SttEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("Embedded"),
            Self::Http { url, model, key } => {
                let key = key.as_ref().map(|_| MASK);
                f.debug_struct("Http").field("url", url).field("model", model).field("key", &key).finish()
            }
            Self::Command(command) => f.debug_tuple("Command").field(command).finish(),
        }
    }
}

impl Config {
    /// Parses a configuration file.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(source: &Arc<Source>, secrets: &Secrets) -> Result<Self, Problems> {
        let fail = |list| Problems { source: Arc::clone(source), list };
        let root = yaml::parse(&source.text).map_err(|problem| fail(vec![problem]))?;
        let mut decoder = Decoder::new(secrets, &source.text);
        let config = decode(&mut decoder, &root, source);
        decoder.problems.sort_by_key(|problem| problem.location.offset);
        if decoder.problems.is_empty() { Ok(config.unwrap_or_default()) } else { Err(fail(decoder.problems)) }
    }

    /// The target of a name in this file, or of a URI.
    ///
    /// # Errors
    /// What to write instead.
    pub fn resolve_target(&self, text: &str) -> Result<Target, String> {
        match self.targets.get(text) {
            Some(target) => Ok(target.clone()),
            None if text.contains(':') => Target::from_uri(text),
            None => {
                let names: Vec<&str> = self.targets.keys().map(String::as_str).collect();
                let help = if names.is_empty() { "write a URI such as sip:bot@host".to_owned() } else { did_you_mean(text, &names) };
                Err(format!("no target is called `{text}`; {help}"))
            }
        }
    }
}

fn decode(decoder: &mut Decoder<'_>, root: &Node, source: &Source) -> Option<Config> {
    let folder = source.path.parent().unwrap_or(Path::new("")).to_owned();
    let mut config = Config { folder: folder.clone(), found: true, ..Config::default() };
    if matches!(root.value, Value::Null) {
        return Some(config);
    }
    let fields = decoder.fields_of_version(root, "goldencall.yaml", CONFIG_KEYS, LATER)?;
    let paths = fields.get("scenarios").map(|node| decoder.texts(node)).unwrap_or_default();
    config.scenarios = paths.into_iter().map(|path| folder.join(path)).collect();
    if let Some(node) = fields.get("targets") {
        for (name, _, value) in decoder.entries(node, "`targets`") {
            config.targets.extend(targets::decode(decoder, value, &folder).map(|target| (name.to_owned(), target)));
        }
    }
    config.target = fields.get("target").and_then(|node| default_target(decoder, node, &config, &folder));
    config.language = fields.get("language").and_then(|node| Language::decode(decoder, node)).unwrap_or_default();
    config.heard_as = fields.get("heard_as").map(|node| heard_as::decode(decoder, node)).unwrap_or_default();
    config.defaults = fields.get("defaults").map(|node| defaults::decode(decoder, node)).unwrap_or_default();
    config.stt = fields.get("stt").and_then(|node| stt(decoder, node)).unwrap_or_default();
    config.telemetry = fields.get("telemetry").and_then(|node| telemetry::collector(decoder, node));
    if let Some(node) = fields.get("thresholds") {
        let entries = decoder.entries(node, "`thresholds`");
        config.thresholds = entries.into_iter().filter_map(|(name, at, value)| thresholds::decode(decoder, name, at, value)).collect();
    }
    config.load_thresholds = fields.get("load").map(|node| load::decode(decoder, node)).unwrap_or_default();
    Some(config)
}

fn default_target(decoder: &mut Decoder<'_>, node: &Node, config: &Config, folder: &Path) -> Option<Target> {
    if !matches!(node.value, Value::Scalar(_)) {
        return targets::decode(decoder, node, folder);
    }
    let text = decoder.text(node)?;
    let resolved = config.resolve_target(&text);
    resolved.map_err(|help| decoder.problem(Problem::new(node.location, "not a target").help(help))).ok()
}

fn stt(decoder: &mut Decoder<'_>, node: &Node) -> Option<SttEngine> {
    let kinds = ["embedded", "http", "command"];
    if let Value::Scalar(_) = node.value {
        return decoder.choice(node, &[("embedded", ())]).map(|()| SttEngine::Embedded);
    }
    let fields = decoder.fields(node, "`stt`", &kinds)?;
    match fields.present(&kinds)[..] {
        [] if fields.has_unknown => None,
        [("embedded", _)] => Some(SttEngine::Embedded),
        [("http", _)] => http(decoder, fields.get("http")?),
        [("command", at)] => {
            let command = decoder.texts(fields.get("command")?);
            if command.is_empty() {
                decoder.problem(Problem::new(at, "no program to run").help("write `command: [program, --flag, \"{wav}\"]`"));
                return None;
            }
            Some(SttEngine::Command(command))
        }
        _ => {
            decoder.problem(
                Problem::new(fields.location, "`stt` has exactly one kind")
                    .help("write `stt: embedded`, `stt: { http: ... }` or `stt: { command: [...] }`"),
            );
            None
        }
    }
}

fn http(decoder: &mut Decoder<'_>, node: &Node) -> Option<SttEngine> {
    let fields = decoder.fields(node, "`http`", &["url", "model", "key"])?;
    let Some(url) = fields.get("url") else {
        if !fields.has_unknown {
            decoder.problem(Problem::new(fields.location, "an http recogniser needs a `url`").help("add `url: http://localhost:8000`"));
        }
        return None;
    };
    let url = web_address(decoder, url)?;
    let key = secret(decoder, &fields, "key").map(|key| key.reveal().to_owned());
    let model = fields.get("model").and_then(|node| decoder.text(node)).unwrap_or_else(|| "whisper-1".to_owned());
    Some(SttEngine::Http { url, model, key })
}

fn web_address(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let url = decoder.text(node)?;
    if url.starts_with("http://") || url.starts_with("https://") {
        return Some(url);
    }
    let problem = Problem::new(node.location, format!("`{url}` is not a web address"));
    decoder.problem(problem.help("write http://... or https://..., without /v1/..."));
    None
}
