//! One scenario file to a [`Scenario`], or every mistake in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, Playable};
use super::decode::{Decoder, Fields};
use super::defaults::{self, Defaults};
use super::language::Language;
use super::model::Scenario;
use super::problem::{Problem, Problems};
use super::secrets::Secrets;
use super::source::Source;
use super::steps::{self, Step};
use super::targets::{self, Target};
use super::yaml::{self, Node, Value};
use super::{audio, heard_as, load, sequence};
use crate::expect::HeardAs;

pub(super) const SCENARIO_KEYS: &[&str] =
    &["name", "description", "tags", "weight", "target", "timeout", "language", "variables", "heard_as", "defaults", "steps"];

/// Longest duration of a call where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(90);

/// What the command line and `goldencall.yaml` add to every scenario.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Overrides of `variables`.
    pub variables: BTreeMap<String, String>,
    /// Defaults below those of the scenario.
    pub defaults: Defaults,
    /// What the bots speak, unless the scenario says otherwise.
    pub language: Language,
    /// What names are heard as, unless the scenario says otherwise.
    pub heard_as: HeardAs,
    /// Targets that a scenario may name.
    pub targets: BTreeMap<String, Target>,
    /// The environment.
    pub secrets: Secrets,
    /// Recordings that were found to be playable: scenarios share them.
    pub recordings: audio::Playables,
}

/// Parses one scenario file.
///
/// # Errors
/// Every mistake in the file, at least one.
pub fn parse(source: Arc<Source>, setting: &Setting) -> Result<Scenario, Problems> {
    let recordings = setting.recordings.clone();
    parse_with(source, setting, &move |path, channel| recordings.check(path, channel))
}

/// Like [`parse`], with another way to find out whether a recording can be played.
pub(crate) fn parse_with(source: Arc<Source>, setting: &Setting, playable: &Playable) -> Result<Scenario, Problems> {
    let fail = |list| Problems { source: Arc::clone(&source), list };
    let root = yaml::parse(&source.text).map_err(|problem| fail(vec![problem]))?;
    let mut decoder = Decoder::new(&setting.secrets, &source.text);
    let scenario = decode(&mut decoder, &root, &source, setting, playable);
    let (mut problems, warnings) = (decoder.problems, decoder.warnings);
    problems.sort_by_key(|problem| problem.location.offset);
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(Scenario { warnings, ..scenario }),
        _ => Err(fail(problems)),
    }
}

fn decode(decoder: &mut Decoder<'_>, root: &Node, source: &Arc<Source>, setting: &Setting, playable: &Playable) -> Option<Scenario> {
    if matches!(root.value, Value::Null) {
        decoder.problem(
            Problem::new(root.location, "the file is empty").help("start with `name:` and `steps:`; `goldencall init` writes an example"),
        );
        return None;
    }
    if !matches!(root.value, Value::Map(_)) {
        decoder.mismatch_with_help(root, "a scenario", "start with `name:` and `steps:`; `goldencall init` writes an example");
        return None;
    }
    let fields = decoder.fields(root, "a scenario", SCENARIO_KEYS)?;
    let folder = source.path.parent().unwrap_or(Path::new("")).to_owned();
    let mut variables = decode_variables(decoder, &fields);
    variables.extend(setting.variables.clone());
    let own = fields.get("defaults").map(|node| defaults::decode(decoder, node)).unwrap_or_default();
    let defaults = own.over(&setting.defaults);
    let own_language = fields.get("language").and_then(|node| Language::decode(decoder, node));
    let language = own_language.as_ref().unwrap_or(&setting.language);
    let mut context =
        Context { folder: &folder, defaults: &defaults, language, variables: &variables, playable, captured: BTreeSet::new() };
    let steps = decode_steps(decoder, &fields, &mut context);
    let own_names = fields.get("heard_as").map(|node| heard_as::decode(decoder, node)).unwrap_or_default();
    let heard_as = heard_as::merged(own_names, &setting.heard_as);
    Some(Scenario {
        name: name(decoder, &fields, source).unwrap_or_default(),
        description: fields.get("description").and_then(|node| decoder.text(node)).unwrap_or_default(),
        tags: fields.get("tags").map(|node| decoder.texts(node)).unwrap_or_default(),
        weight: fields.get("weight").and_then(|node| load::weight(decoder, node)).unwrap_or(1),
        target: fields.get("target").and_then(|node| scenario_target(decoder, node, setting, &folder)),
        timeout: fields.get("timeout").and_then(|node| decoder.positive(node)).unwrap_or(TIMEOUT),
        variables,
        heard_as,
        warnings: Vec::new(),
        steps,
        source: Arc::clone(source),
    })
}

/// A name of `goldencall.yaml`, or a target as such.
fn scenario_target(decoder: &mut Decoder<'_>, node: &Node, setting: &Setting, folder: &Path) -> Option<Target> {
    match &node.value {
        Value::Scalar(text) if setting.targets.contains_key(text) => setting.targets.get(text).cloned(),
        _ => targets::decode(decoder, node, folder),
    }
}

fn name(decoder: &mut Decoder<'_>, fields: &Fields<'_>, source: &Source) -> Option<String> {
    let name = match fields.get("name") {
        Some(node) => decoder.text(node)?,
        None => source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    };
    if name.trim().is_empty() {
        decoder.problem(Problem::new(fields.location, "`name` is empty").help("write what the call tests: `name: Book an appointment`"));
        return None;
    }
    Some(name)
}

fn decode_variables(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(node) = fields.get("variables") else { return BTreeMap::new() };
    let entries = decoder.entries(node, "`variables`");
    entries.into_iter().filter_map(|(name, _, value)| Some((name.to_owned(), decoder.text(value)?))).collect()
}

fn decode_steps(decoder: &mut Decoder<'_>, fields: &Fields<'_>, context: &mut Context<'_>) -> Vec<Step> {
    let Some(node) = fields.get("steps") else {
        if !fields.has_unknown {
            let problem = Problem::new(fields.location, "a scenario needs `steps`");
            decoder.problem(problem.help("add `steps:` with a list of `- bot: ...` and `- caller: ...`"));
        }
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        decoder.mismatch_with_help(node, "a list of steps", "begin each step with a dash: `- bot: ...`");
        return Vec::new();
    };
    let steps: Vec<Step> = items.iter().filter_map(|item| steps::decode(decoder, item, context)).collect();
    if steps.len() == items.len() {
        sequence::check(decoder, &steps);
    }
    if items.is_empty() {
        decoder.problem(Problem::new(node.location, "`steps` is empty").help("add at least one `- bot: ...`"));
    } else if !items.is_empty() && steps.len() == items.len() && !steps.iter().any(|step| matches!(step, Step::Bot(_) | Step::Transfer(_)))
    {
        decoder.problem(Problem::new(node.location, "nothing is expected of the bot").help("add a `- bot: ...` step"));
    }
    steps
}
