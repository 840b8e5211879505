//! Pipecat bots: SmallWebRTC, and Pipecat's serializers of the telephony providers.

use std::process::Command;

use super::common::{Running, free_tcp_port, python, root, turn};
use super::support::{BOOKED, CALLER_HANGS_UP, SHORT, call_of, exchanges, passes, plausible, run, scenario};

const PROVIDERS: [(&str, &str); 5] =
    [("twilio", "PCMU"), ("telnyx", "PCMU"), ("plivo", "PCMU"), ("exotel", "L16/8000"), ("vonage", "L16/16000")];

fn bot(transport: &str, arguments: &[&str]) -> Option<(Running, u16)> {
    let port = free_tcp_port();
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/peers/pipecat/bot.py")).args(["--transport", transport, "--port", &port.to_string()]);
    Some((Running::ready(command.args(arguments)), port))
}

/// The whole booking. The call of a tool has the model think twice before that reply, so each time is shorter.
#[test]
fn pipecat_webrtc() {
    let _turn = turn();
    let Some((_bot, port)) = bot("webrtc", &["--tool-call", "--think", "400"]) else { return };
    passes(&format!("webrtc+http://127.0.0.1:{port}/api/offer"), &[SHORT, BOOKED, CALLER_HANGS_UP], "opus");
}

#[test]
fn pipecat_webrtc_by_a_session() {
    let _turn = turn();
    let Some((_bot, port)) = bot("webrtc", &[]) else { return };
    passes(&format!("webrtc+http://127.0.0.1:{port}/start"), &[SHORT, CALLER_HANGS_UP], "opus");
}

fn steps(provider: &str) -> &'static [&'static str] {
    if provider == "twilio" { &[SHORT, BOOKED, CALLER_HANGS_UP] } else { &[SHORT, CALLER_HANGS_UP] }
}

/// All providers in one run; Twilio's bot books.
#[test]
fn pipecat_serializers() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("folder");
    let bots: Vec<_> = std::thread::scope(|threads| {
        let starting = PROVIDERS.map(|(provider, _)| threads.spawn(|| bot(provider, &[])));
        starting.into_iter().map(|thread| thread.join().expect("a bot")).collect()
    });
    let mut arguments = vec!["--jobs".to_owned(), "2".to_owned()];
    for ((provider, _), bot) in PROVIDERS.iter().zip(&bots) {
        let Some((_, port)) = bot else { return };
        arguments.push(scenario(folder.path(), provider, &format!("{provider}+ws://127.0.0.1:{port}/ws"), steps(provider)));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = run(folder.path(), &arguments).expect(0).json();
    for (provider, codec) in PROVIDERS {
        let call = call_of(&report, provider);
        assert_eq!(call["codec"], codec, "{provider}");
        plausible(call, exchanges(steps(provider)));
    }
}
