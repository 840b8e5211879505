//! What must not trouble a call: RFC 4475's kinds of messages, truncated and random datagrams at the SIP ports of both sides, and
//! strangers' packets at the RTP port.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

mod common;
#[path = "common/torture.rs"]
mod torture;

use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Run, goldencall, sample_bot, seat, wait};
use serde_json::Value;
use torture::messages;

const STEPS: &str = "name: in spite of it\nsteps:\n  - bot: Thanks for calling Acme Dental. How can I help you today?\n  - caller: { silence: 6s }\n  - hangup: caller\n";

/// A number of the caller's own messages in the trace, as soon as it is there.
fn port_in(trace: &Path, before: &str) -> u16 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let text = std::fs::read_to_string(trace).unwrap_or_default();
        let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
        if let Some(port) = text.split_once(before).and_then(|(_, rest)| digits(rest).parse().ok()) {
            return port;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no `{before}` in the trace");
}

/// A call during which something happens to both sides; it must pass as if nothing had.
fn undisturbed(bot: SocketAddr, disturb: impl FnOnce(u16, u16)) -> Value {
    let folder = tempfile::tempdir().expect("folder");
    let (file, trace) = (folder.path().join("scenario.yaml"), folder.path().join("trace.txt"));
    std::fs::write(&file, STEPS).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(["run", "scenario.yaml", "--target", &format!("sip:booking@{bot}"), "--report-json", "report.json", "--trace-sip"]);
    let child = command.arg(&trace).spawn().expect("goldencall");
    let sip = port_in(&trace, "Contact: <sip:goldencall@127.0.0.1:");
    let rtp = port_in(&trace, "m=audio ");
    disturb(sip, rtp);
    let output = wait(child, Duration::from_secs(40));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let report = std::fs::read_to_string(folder.path().join("report.json")).expect("report");
    serde_json::from_str::<Value>(&report).expect("JSON")["calls"][0].clone()
}

/// The bot still takes a call.
fn still_answers(bot: SocketAddr) {
    let folder = tempfile::tempdir().expect("folder");
    let steps = "name: after it\nsteps:\n  - bot: Thanks for calling Acme Dental. How can I help you today?\n  - hangup: caller\n";
    std::fs::write(folder.path().join("scenario.yaml"), steps).expect("scenario");
    for transport in ["udp", "tcp"] {
        let mut command = goldencall();
        command.current_dir(folder.path());
        Run::with(command, &["scenario.yaml", "--target", &format!("sip:booking@{bot};transport={transport}")]).expect(0);
    }
}

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("a port")
}

/// A generator of its own: the same datagrams in every run.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn messages_that_are_hard_to_read_do_not_trouble_a_call() {
    let _seat = seat();
    let (mut bot, address) = sample_bot();
    let call = undisturbed(address, |sip, _| {
        let stranger = socket();
        for (name, message) in messages() {
            for port in [sip, address.port()] {
                stranger.send_to(&message, ("127.0.0.1", port)).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            // Each on a connection of its own: after a message without an end nothing else can be read.
            let mut stream = TcpStream::connect(address).expect("the bot's TCP port");
            let _closed = stream.write_all(&message);
        }
    });
    assert_eq!(call["outcome"], "passed", "{call}");
    assert!(bot.child.try_wait().expect("status").is_none(), "the bot is gone");
    still_answers(address);
}

#[test]
fn truncated_and_random_datagrams_do_not_trouble_a_call() {
    let _seat = seat();
    let (mut bot, address) = sample_bot();
    let call = undisturbed(address, |sip, _| {
        let stranger = socket();
        let mut seed = 0x9e37_79b9_7f4a_7c15;
        let send = |bytes: &[u8]| {
            for port in [sip, address.port()] {
                stranger.send_to(bytes, ("127.0.0.1", port)).expect("sent");
            }
        };
        for (_, message) in messages() {
            for cut in (0..message.len()).step_by(37) {
                send(&message[..cut]);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        for _ in 0..1000 {
            let length = (random(&mut seed) % 600) as usize;
            let bytes: Vec<u8> = (0..length).map(|_| random(&mut seed) as u8).collect();
            send(&bytes);
        }
    });
    assert_eq!(call["outcome"], "passed", "{call}");
    assert!(bot.child.try_wait().expect("status").is_none(), "the bot is gone");
    still_answers(address);
}

#[test]
fn packets_of_strangers_are_no_part_of_the_call() {
    let _seat = seat();
    let (_bot, address) = sample_bot();
    let call = undisturbed(address, |_, rtp| {
        // The bot has spoken by now; another sender with a louder voice comes in, then one with other payload types.
        std::thread::sleep(Duration::from_millis(1500));
        let stranger = socket();
        let mut seed = 0x2545_f491_4f6c_dd1d;
        for number in 0..150_u16 {
            for (payload_type, ssrc) in
                [(0_u8, 0x5713_a96e_u32), (18, 0x0bad_cafe), (96, 0x0bad_f00d), (101, 0x0bad_beef), (13, 0x5713_a96f)]
            {
                let mut packet = vec![0x80, payload_type];
                packet.extend(number.to_be_bytes());
                packet.extend((u32::from(number) * 160).to_be_bytes());
                packet.extend(ssrc.to_be_bytes());
                packet.extend((0..160).map(|_| random(&mut seed) as u8));
                stranger.send_to(&packet, ("127.0.0.1", rtp)).expect("sent");
                // Short ones, and reports on the media port.
                stranger.send_to(&packet[..(number as usize % packet.len())], ("127.0.0.1", rtp)).expect("sent");
                stranger.send_to(&[0x81, 201, 0, 7, 0, 0], ("127.0.0.1", rtp + 1)).expect("sent");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(call["outcome"], "passed", "{call}");
    assert_eq!(call["turns"][0]["heard"], "Thanks for calling Acme Dental. How can I help you today?", "{call}");
    let quality = &call["quality"];
    assert_eq!((&quality["lost"], &quality["reordered"], &quality["duplicates"]), (&0.into(), &0.into(), &0.into()), "{quality}");
}
