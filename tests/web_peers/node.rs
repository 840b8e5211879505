//! Bots in Node.js: libwebrtc, and jambonz' SDK.

use super::common::{Running, free_tcp_port, node, seat};
use super::support::{BOT_HANGS_UP, CALLER_HANGS_UP, SHORT, passes, run, scenario};

fn bot(script: &str, arguments: &[&str]) -> Option<(Running, u16)> {
    let port = free_tcp_port();
    let mut command = node(script)?;
    Some((Running::ready(command.args(["--port", &port.to_string()]).args(arguments)), port))
}

#[test]
fn libwebrtc_in_node() {
    let _seat = seat();
    let Some((_bot, port)) = bot("wrtc-bot.mjs", &["--turns", "1"]) else { return };
    passes(&format!("webrtc+http://127.0.0.1:{port}/api/offer"), &[SHORT, BOT_HANGS_UP], "opus");
}

/// The bot hangs up on the control socket, after its mark behind a burst of audio was reached.
#[test]
fn jambonz_sdk() {
    let _seat = seat();
    let Some((_bot, port)) = bot("jambonz-bot.mjs", &[]) else { return };
    let url = format!("ws://127.0.0.1:{port}/booking");
    let target = format!("{{ websocket: {{ url: \"{url}\", protocol: jambonz, parameters: {{ turns: \"1\" }} }} }}");
    passes(&target, &[SHORT, BOT_HANGS_UP], "L16/16000");
}

/// Applications that goldencall cannot hear are errors that say why.
#[test]
fn jambonz_sdk_without_a_stream() {
    let _seat = seat();
    let Some((_bot, port)) = bot("jambonz-bot.mjs", &[]) else { return };
    let folder = tempfile::tempdir().expect("folder");
    for (path, words) in [
        ("speaking", "the bot's application asks for `say`, which goldencall does not do: it hears what one `listen` or `stream` brings"),
        ("nowhere", "/nowhere opened no WebSocket"),
    ] {
        let target = format!("jambonz+ws://127.0.0.1:{port}/{path}");
        let run = run(folder.path(), &[&scenario(folder.path(), path, &target, &[SHORT, CALLER_HANGS_UP])]).expect(3);
        let report = run.json();
        let message = report["calls"][0]["error"]["message"].as_str().expect("a message");
        assert!(message.contains(words), "{message}");
    }
}
