//! What the sample bot says: scripts by name, each a list of replies.

use std::sync::Arc;
use std::time::Duration;

use super::decode::{Decoder, parse_duration};
use super::problem::{Problem, Problems};
use super::secrets::Secrets;
use super::source::{Location, Source};
use super::yaml::{self, Node, Value};

/// One dialogue of the sample bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// User part of the SIP URI that reaches it.
    pub name: String,
    /// The caller's end of speech, as the bot hears it, to the reply.
    pub think: Duration,
    /// Quiet that the bot takes for the end of the caller's turn.
    pub endpoint: Duration,
    /// The bot speaks first.
    pub greets: bool,
    /// The bot hangs up after its last reply.
    pub hangs_up: bool,
    /// Over a media socket, each reply is sent at once and played by the provider.
    pub bursts: bool,
    /// In order; each but a greeting answers one turn of the caller.
    pub replies: Vec<Reply>,
    /// What is said when the caller has pressed these digits.
    pub keys: Vec<(String, Reply)>,
}

/// One reply, and what is said in its place when the bot is to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What is said.
    pub parts: Vec<Part>,
    /// What `wrong_reply` says.
    pub wrong: Option<Vec<Part>>,
    /// Digits that the bot presses once it has said so.
    pub sends: String,
}

/// A recording or a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// File name of a recording.
    Audio(String),
    /// Silence.
    Pause(Duration),
}

impl Script {
    /// Parses a file of scripts.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(source: &Arc<Source>) -> Result<Vec<Self>, Problems> {
        let fail = |list| Problems { source: Arc::clone(source), list };
        let root = yaml::parse(&source.text).map_err(|problem| fail(vec![problem]))?;
        let secrets = Secrets::default();
        let mut decoder = Decoder::new(&secrets, &source.text);
        let entries = decoder.entries(&root, "scripts by name");
        let scripts: Vec<Self> = entries.into_iter().filter_map(|(name, _, node)| script(&mut decoder, name, node)).collect();
        if scripts.is_empty() && decoder.problems.is_empty() {
            decoder.problem(Problem::new(root.location, "no script").help("write `name: { replies: [greeting.wav] }`"));
        }
        if decoder.problems.is_empty() { Ok(scripts) } else { Err(fail(decoder.problems)) }
    }
}

fn script(decoder: &mut Decoder<'_>, name: &str, node: &Node) -> Option<Script> {
    let fields = decoder.fields(node, "a script", &["think", "endpoint", "greets", "hangs_up", "bursts", "replies", "keys"])?;
    let Some(list) = fields.get("replies") else {
        decoder.problem(Problem::new(fields.location, "a script needs `replies`").help("add `replies: [greeting.wav]`"));
        return None;
    };
    let replies = decoder.list(list).into_iter().filter_map(|node| reply(decoder, node)).collect();
    let keys = fields.get("keys").map(|node| decoder.entries(node, "replies by the digits that the caller presses")).unwrap_or_default();
    let keys = keys.into_iter().filter_map(|(digits, location, node)| key(decoder, digits, location, node)).collect();
    let mut time = |key: &str, default| fields.get(key).and_then(|node| decoder.duration(node)).unwrap_or(default);
    Some(Script {
        name: name.to_owned(),
        think: time("think", Duration::from_millis(700)),
        endpoint: time("endpoint", Duration::from_millis(500)),
        greets: fields.get("greets").is_none_or(|node| decoder.flag(node).unwrap_or(true)),
        hangs_up: fields.get("hangs_up").is_some_and(|node| decoder.flag(node).unwrap_or(false)),
        bursts: fields.get("bursts").is_some_and(|node| decoder.flag(node).unwrap_or(false)),
        replies,
        keys,
    })
}

fn key(decoder: &mut Decoder<'_>, digits: &str, location: Location, node: &Node) -> Option<(String, Reply)> {
    let digits = super::digits::checked(decoder, digits, location)?;
    Some((digits, reply(decoder, node)?))
}

fn reply(decoder: &mut Decoder<'_>, node: &Node) -> Option<Reply> {
    if !matches!(node.value, Value::Map(_)) {
        return Some(Reply { parts: parts(decoder, node), wrong: None, sends: String::new() });
    }
    let fields = decoder.fields(node, "a reply", &["say", "wrong", "sends"])?;
    let sends = fields.get("sends").and_then(|node| super::digits::decode(decoder, node)).unwrap_or_default();
    let say = fields.get("say");
    if say.is_none() && sends.is_empty() {
        return None;
    }
    let parts_of = |decoder: &mut Decoder<'_>, node: &Node| parts(decoder, node);
    let said = say.map(|node| parts_of(decoder, node)).unwrap_or_default();
    Some(Reply { parts: said, wrong: fields.get("wrong").map(|node| parts_of(decoder, node)), sends })
}

/// File names and durations.
fn parts(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Part> {
    let texts = decoder.texts(node);
    texts.into_iter().map(|text| parse_duration(&text).map_or(Part::Audio(text), Part::Pause)).collect()
}
