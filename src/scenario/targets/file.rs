//! Targets as files write them: the sample bot here, the others in [`super::sip_file`], [`super::web_file`] and
//! [`super::originate_file`].

use std::path::Path;

use crate::scenario::decode::Decoder;
use crate::scenario::problem::Problem;
use crate::scenario::yaml::{Node, Value};

use super::{BotAccess, BotTarget, Fault, Target, originate_file, sip_file, web_file};

/// The kinds of targets.
pub(in crate::scenario) const TARGET_KEYS: &[&str] = &["sip", "webrtc", "websocket", "originate", "bot"];

/// A target in a file: a URI, or a mapping with one key that names its kind.
pub(in crate::scenario) fn decode(decoder: &mut Decoder<'_>, node: &Node, folder: &Path) -> Option<Target> {
    if let Value::Scalar(_) = node.value {
        let uri = decoder.text(node)?;
        sip_file::hide_password(decoder, &uri);
        return match Target::from_uri(&uri) {
            Ok(target) => Some(target),
            Err(help) => {
                decoder.problem(Problem::new(node.location, "not a target").help(help));
                None
            }
        };
    }
    let fields = decoder.fields(node, "a target", TARGET_KEYS)?;
    let [(kind, _)] = fields.present(TARGET_KEYS)[..] else {
        if !fields.has_unknown || fields.present(TARGET_KEYS).len() > 1 {
            let problem = Problem::new(fields.location, "a target has exactly one kind");
            decoder.problem(problem.help("write one of `sip: { uri: ... }`, `webrtc: { url: ... }`, `websocket: { url: ... }`, `originate: { provider: ... }`, `bot: {}`"));
        }
        return None;
    };
    let value = fields.get(kind)?;
    match kind {
        "sip" => sip_file::decode(decoder, value, folder),
        "webrtc" => web_file::webrtc(decoder, value),
        "websocket" => web_file::websocket(decoder, value),
        "originate" => originate_file::decode(decoder, value),
        _ => decode_bot(decoder, value, folder),
    }
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
