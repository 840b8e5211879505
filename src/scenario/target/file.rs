//! Targets as files write them: SIP and the sample bot here, the others in [`super::web_file`].

use std::path::Path;

use crate::scenario::decode::{Decoder, Fields};
use crate::scenario::problem::Problem;
use crate::scenario::yaml::{Node, Value};

use super::{BotAccess, BotTarget, Codec, Fault, SipTarget, Target, web_file};

/// The kinds of targets.
pub(in crate::scenario) const TARGET_KEYS: &[&str] = &["sip", "webrtc", "websocket", "bot"];

/// A target in a file: a URI, or a mapping with one key that names its kind.
pub(in crate::scenario) fn decode(decoder: &mut Decoder<'_>, node: &Node, folder: &Path) -> Option<Target> {
    if let Value::Scalar(_) = node.value {
        let uri = decoder.text(node)?;
        hide_password(decoder, &uri);
        return match Target::from_uri(&uri) {
            Ok(target) => Some(target),
            Err(help) => {
                decoder.problem(Problem::new(node.location, "not a target").help(help));
                None
            }
        };
    }
    let later = [("originate", "use `sip`, `webrtc`, `websocket` or `bot`")];
    let fields = decoder.fields_of_version(node, "a target", TARGET_KEYS, &later)?;
    let [(kind, _)] = fields.present(TARGET_KEYS)[..] else {
        if !fields.has_unknown || fields.present(TARGET_KEYS).len() > 1 {
            let problem = Problem::new(fields.location, "a target has exactly one kind");
            decoder.problem(problem.help("write one of `sip: { uri: ... }`, `webrtc: { url: ... }`, `websocket: { url: ... }`, `bot: {}`"));
        }
        return None;
    };
    let value = fields.get(kind)?;
    match kind {
        "sip" => decode_sip(decoder, value),
        "webrtc" => web_file::webrtc(decoder, value),
        "websocket" => web_file::websocket(decoder, value),
        _ => decode_bot(decoder, value, folder),
    }
}

fn decode_sip(decoder: &mut Decoder<'_>, node: &Node) -> Option<Target> {
    let fields = decoder.fields(node, "a sip target", &["uri", "username", "password", "codecs", "ring_timeout"])?;
    let Some(uri_node) = fields.get("uri") else {
        if !fields.has_unknown {
            let problem = Problem::new(fields.location, "a sip target needs a `uri`");
            decoder.problem(problem.help("add `uri: \"sip:bot@host\"`"));
        }
        return None;
    };
    let uri = decoder.text(uri_node)?;
    hide_password(decoder, &uri);
    let help = match Target::from_uri(&uri) {
        Ok(Target::Sip(sip)) => return credentials(decoder, &fields, sip),
        Ok(_) => "write sip:user@host:port, or use the kind of target that the URI belongs to".to_owned(),
        Err(help) => help,
    };
    decoder.problem(Problem::new(uri_node.location, "not a SIP URI").help(help));
    None
}

/// A password that stands where it should not is not shown for it.
fn hide_password(decoder: &Decoder<'_>, uri: &str) {
    let user = uri.split_once('@').and_then(|(user, _)| user.split_once(':'));
    if let Some((_, password)) = user.and_then(|(_, rest)| rest.split_once(':')) {
        decoder.secrets.add(password);
    }
}

fn credentials(decoder: &mut Decoder<'_>, fields: &Fields<'_>, mut sip: SipTarget) -> Option<Target> {
    sip.username = fields.get("username").and_then(|node| decoder.text(node));
    sip.password = fields.get("password").and_then(|node| decoder.text(node));
    if let Some(password) = &sip.password {
        decoder.secrets.add(password);
    }
    if let Some(codecs) = fields.get("codecs") {
        let known = [("pcmu", Codec::Pcmu), ("pcma", Codec::Pcma)];
        sip.codecs = decoder.list(codecs).into_iter().filter_map(|node| decoder.choice(node, &known)).collect();
        if matches!(&codecs.value, Value::List(items) if items.is_empty()) {
            decoder.problem(Problem::new(codecs.location, "no codec to offer").help("list pcmu, pcma or both"));
        }
    }
    if let Some(timeout) = fields.get("ring_timeout").and_then(|node| decoder.positive(node)) {
        sip.ring_timeout = timeout;
    }
    Some(Target::Sip(sip))
}

fn decode_bot(decoder: &mut Decoder<'_>, node: &Node, folder: &Path) -> Option<Target> {
    if matches!(node.value, Value::Null) {
        return Some(Target::Bot(BotTarget::default()));
    }
    let fields = decoder.fields(node, "a bot target", &["script", "file", "fault", "over"])?;
    let script = fields.get("script").and_then(|node| decoder.text(node));
    let file = fields.get("file").and_then(|node| decoder.text(node)).map(|file| folder.join(file));
    let fault = fields.get("fault").and_then(|node| {
        let text = decoder.text(node)?;
        Fault::parse(&text).map_err(|help| decoder.problem(Problem::new(node.location, "not a fault").help(help))).ok()
    });
    let over = fields.get("over").and_then(|node| {
        let text = decoder.text(node)?;
        BotAccess::parse(&text).map_err(|help| decoder.problem(Problem::new(node.location, "no way to call").help(help))).ok()
    });
    Some(Target::Bot(BotTarget { script, file, fault, over: over.unwrap_or_default() }))
}
