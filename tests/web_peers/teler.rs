//! Bots on FreJun's Teler SDK.

use std::process::Command;

use super::common::{Running, free_tcp_port, goldencall, python, root, seat};
use super::support::{BOOKED, BOT_HANGS_UP, CALLER_HANGS_UP, SHORT, passes};

fn bot(arguments: &[&str]) -> Option<(Running, String)> {
    let port = free_tcp_port().to_string();
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/peers/teler/bot.py")).args(["--port", &port]).args(arguments);
    Some((Running::ready(&mut command), format!("teler+ws://127.0.0.1:{port}/ws")))
}

/// It sends each reply in one burst and hangs up right behind the last one, which is heard all the same.
#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn teler_sdk() {
    let _seat = seat();
    let Some((_bot, target)) = bot(&[]) else { return };
    passes(&target, &[SHORT, BOOKED, BOT_HANGS_UP], "L16/8000");
}

/// The SDK's bridge between goldencall and the sample bot: both roles of ours, checked and carried by the SDK.
#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn teler_sdk_relays_to_the_sample_bot() {
    let _seat = seat();
    let any = "127.0.0.1:0";
    let mut sample = goldencall();
    sample.args(["bot", "--listen", any, "--web", any, "--audiosocket", any]);
    let (_sample, line) = Running::until(&mut sample, "teler+ws:");
    let remote = line.expect("the sample bot's address").replace("teler+", "");
    let Some((_bot, target)) = bot(&["--remote", &remote]) else { return };
    passes(&target, &[SHORT, CALLER_HANGS_UP], "L16/8000");
}
