//! What goldencall says of a line, against what a relay did to it and against what tshark says of the same packets.

#![expect(clippy::disallowed_methods, reason = "a relay notes the wall clock of what it sends")]

mod common;

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::{Run, Running, goldencall, missing, peer, sample_bot, seat, turn};
use goldencall::internals::media::MediaFrame;
use goldencall::internals::media::{Assessor, Evidence, PacketLog};
use goldencall::internals::time::CallTime;
use serde_json::Value;

/// What the relay does to a packet of the bot's.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Pass,
    Drop,
    Delay(u64),
    Twice,
    /// These in its place.
    As(fn(&[u8]) -> Vec<Vec<u8>>),
}

/// What the relay did.
#[derive(Clone, Debug, Default)]
struct Done {
    /// Each packet that was sent on, by its number, and when.
    sent: Vec<(u64, Instant)>,
    dropped: u64,
}

impl Done {
    fn send(done: &Mutex<Self>, number: u64, socket: &UdpSocket, packet: &[u8], port: u16) {
        // Under the lock: what is noted first is sent first.
        let mut done = lock(done);
        let _gone = socket.send_to(packet, ("127.0.0.1", port));
        done.sent.push((number, Instant::now()));
    }

    fn numbers(&self) -> BTreeSet<u64> {
        self.sent.iter().map(|(number, _)| *number).collect()
    }

    fn twice(&self) -> u64 {
        (self.sent.len() - self.numbers().len()) as u64
    }

    /// Packets that were sent for the first time after one with a higher number.
    fn reordered(&self) -> u64 {
        let mut seen = BTreeSet::new();
        let first = self.sent.iter().filter(|(number, _)| {
            let higher = seen.last().is_some_and(|last| last > number);
            seen.insert(*number) && higher
        });
        first.count() as u64
    }

    /// Packets that were sent more than 60 ms later than the first ones, measured against the 20 ms between packets.
    fn late(&self) -> u64 {
        let delay = |(number, at): &(u64, Instant)| {
            at.duration_since(self.sent[0].1).as_secs_f64() - (*number as f64 - self.sent[0].0 as f64) * 0.02
        };
        let least = self.sent.iter().map(delay).fold(f64::MAX, f64::min);
        self.sent.iter().filter(|sent| delay(sent) - least > 0.060).count() as u64
    }
}

/// Carries the signalling and the audio of one call between goldencall and the sample bot: each side is told a port of the
/// relay's in the other's SDP.
struct Relay {
    sip: SocketAddr,
    /// Where goldencall sends its audio to, and where the bot's comes from.
    near: u16,
    done: Arc<Mutex<Done>>,
}

/// The parties' own RTP ports, once their SDP has passed.
#[derive(Clone, Copy, Debug, Default)]
struct Ports {
    caller: Option<u16>,
    bot: Option<u16>,
}

impl Relay {
    fn start(bot: SocketAddr, fate: impl Fn(u64) -> Fate + Send + 'static) -> Self {
        let [sip, near, far] = [(); 3].map(|()| Arc::new(UdpSocket::bind("127.0.0.1:0").expect("a port")));
        let port = |socket: &UdpSocket| socket.local_addr().expect("an address").port();
        let (near_port, far_port) = (port(&near), port(&far));
        let address = sip.local_addr().expect("an address");
        let ports = Arc::new(Mutex::new(Ports::default()));
        let done = Arc::new(Mutex::new(Done::default()));
        let of_sip = Arc::clone(&ports);
        std::thread::spawn(move || signalling(&sip, bot, near_port, far_port, &of_sip));
        let (to_bot, of_caller) = (Arc::clone(&far), Arc::clone(&ports));
        let from_caller = Arc::clone(&near);
        std::thread::spawn(move || {
            each(&from_caller, |packet, _| {
                if let Some(port) = lock(&of_caller).bot {
                    let _gone = to_bot.send_to(packet, ("127.0.0.1", port));
                }
            });
        });
        let counted = Arc::clone(&done);
        std::thread::spawn(move || {
            let mut number = 0;
            each(&far, |packet, _| {
                let Some(port) = lock(&ports).caller else { return };
                forward(&near, packet, port, (number, fate(number)), &counted);
                number += 1;
            });
        });
        Self { sip: address, near: near_port, done }
    }

    fn done(&self) -> Done {
        lock(&self.done).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn each(socket: &UdpSocket, mut take: impl FnMut(&[u8], SocketAddr)) {
    let mut buffer = [0_u8; 4096];
    loop {
        // A party that is gone answers with ICMP; the next call may come.
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        take(&buffer[..length], from);
    }
}

fn forward(near: &Arc<UdpSocket>, packet: &[u8], port: u16, (number, fate): (u64, Fate), done: &Arc<Mutex<Done>>) {
    match fate {
        Fate::Drop => lock(done).dropped += 1,
        Fate::Pass => Done::send(done, number, near, packet, port),
        Fate::As(others) => others(packet).iter().for_each(|packet| Done::send(done, number, near, packet, port)),
        Fate::Twice => [0, 1].into_iter().for_each(|_| Done::send(done, number, near, packet, port)),
        Fate::Delay(millis) => {
            let (near, packet, done) = (Arc::clone(near), packet.to_vec(), Arc::clone(done));
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(millis));
                Done::send(&done, number, &near, &packet, port);
            });
        }
    }
}

fn signalling(sip: &UdpSocket, bot: SocketAddr, near: u16, far: u16, ports: &Mutex<Ports>) {
    let mut caller = None;
    each(sip, |datagram, from| {
        let text = String::from_utf8_lossy(datagram);
        if from == bot {
            let (text, port) = moved(&text, near);
            let mut ports = lock(ports);
            ports.bot = port.or(ports.bot);
            if let Some(caller) = caller {
                let _gone = sip.send_to(text.as_bytes(), caller);
            }
        } else {
            caller = Some(from);
            let (text, port) = moved(&text, far);
            let mut ports = lock(ports);
            ports.caller = port.or(ports.caller);
            let _gone = sip.send_to(text.as_bytes(), bot);
        }
    });
}

/// A message with another audio port in its SDP, of as many digits, and the port that stood there.
fn moved(message: &str, to: u16) -> (String, Option<u16>) {
    let Some(at) = message.find("m=audio ").map(|at| at + "m=audio ".len()) else { return (message.to_owned(), None) };
    let rest = &message[at..];
    let (port, rest) = rest.split_at(rest.find(' ').expect("a profile after the port"));
    let to = to.to_string();
    assert_eq!(to.len(), port.len(), "the body must not change its length");
    (format!("{}{to}{rest}", &message[..at]), port.parse().ok())
}

/// One call through the relay: the greeting, a request, and the answer to it.
fn call(relay: &Relay, quality: &str, code: i32) -> (Run, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("line.yaml");
    let audio = common::root().join("audio/caller/booking-request.wav");
    let text = format!(
        "name: A line
steps:
  - bot: {{ within: 5s, quality: {quality} }}
  - caller: {{ audio: {} }}
  - bot: {{ within: 5s }}
  - hangup: caller
",
        audio.display()
    );
    std::fs::write(&file, text).expect("a scenario");
    let target = format!("sip:booking@{}", relay.sip);
    let run = Run::of(&[file.to_str().expect("a path"), "--target", &target, "--transcribe", "all"]).expect(code);
    let call = run.json()["calls"][0].clone();
    (run, call)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

#[test]
fn the_numbers_are_what_the_relay_did() {
    let _turn = turn();
    let (_bot, address) = sample_bot();
    // The greeting takes up the first 150 packets or so.
    let relay = Relay::start(address, |packet| match packet {
        40 | 70..=74 | 110 | 300 | 302 => Fate::Drop,
        50 => Fate::Delay(30),
        95 | 320 => Fate::Delay(150),
        100 => Fate::Twice,
        _ => Fate::Pass,
    });
    let (run, call) = call(
        &relay,
        "{ loss: < 1%, gaps: 0, jitter: < 100ms, level: '>= -40dB', reordered: < 20%, packets: 50, setup: < 5s, post_dial_delay: < 0.1ms }",
        4,
    );
    let (quality, done) = (&call["quality"], relay.done());
    let count = |name: &str| quality[name].as_u64().unwrap_or_else(|| panic!("{name} in {quality}"));
    let counts = ["lost", "reordered", "duplicates"].map(count);
    assert_eq!(counts, [done.dropped, done.reordered(), done.twice()], "{quality}");
    // A packet at 60 ms may be on either side of the line, and the relay's last ones come after the call.
    assert!(count("late").abs_diff(done.late()) <= 2, "{} {quality}", done.late());
    assert_eq!((done.dropped, done.twice()), (9, 1), "{quality}");
    // A bot on a busy machine may be late by itself.
    assert!(done.late() >= 2 && done.reordered() >= 3 && count("bursts") >= 3 && count("longest_loss") >= 5, "{quality}");
    // The relay goes on for a moment after the call.
    let (packets, forwarded) = (count("packets"), done.numbers().len() as u64);
    assert!(packets <= forwarded && packets + 25 > forwarded, "{forwarded} {quality}");
    let loss = done.dropped as f64 / (packets + done.dropped) as f64;
    assert!((number(&quality["loss"]) - loss).abs() < 1e-9, "{quality}");
    assert!((1.0..4.5).contains(&number(&quality["mos"])) && number(&quality["level_dbov"]) > -40.0, "{quality}");
    assert!(number(&call["post_dial_delay_ms"]) < number(&call["setup_ms"]), "{call}");

    let greeting = &call["turns"][0];
    assert_eq!((greeting["quality"]["lost"].as_u64(), greeting["quality"]["gaps"].as_u64()), (Some(7), Some(1)), "{greeting}");
    let gap = number(&greeting["quality"]["longest_gap_ms"]);
    assert!((99.0..121.0).contains(&gap), "{greeting}");
    let checks = greeting["checks"].as_array().expect("checks");
    let failed: Vec<&str> =
        checks.iter().filter(|check| check["outcome"] == "failed").filter_map(|check| check["reason"].as_str()).collect();
    assert_eq!((checks.len(), failed.len()), (10, 3), "{failed:?}");
    assert!(failed[0].contains("(7 of ") && failed[0].contains("allowed < 1 %; longest run 5 packets at"), "{failed:?}");
    assert!(failed[1].contains("1 gap in mid-reply, allowed <= 0; the longest 100 ms at"), "{failed:?}");
    assert!(failed[2].contains("from dial to the first ringing, allowed < 0.1 ms"), "{failed:?}");
    // Titles are folded.
    let text = run.text().replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(failed[0]) && text.contains(failed[1]) && text.contains("line: MOS "), "{text}");
    let junit = run.junit();
    assert!(
        ["type=\"quality\"", "name=\"loss_percent\"", "name=\"reordered\"", "name=\"turn.1.mos\""].iter().all(|part| junit.contains(part)),
        "{junit}"
    );
}

/// Comfort noise (RFC 3389) in place of audio.
fn noise(packet: &[u8]) -> Vec<Vec<u8>> {
    vec![[&packet[..1], &[13], &packet[2..12], &[70]].concat()]
}

/// The same audio of another source with numbers and a clock of its own, and a copy of a payload type that nobody agreed on.
fn other_source(packet: &[u8]) -> Vec<Vec<u8>> {
    let mut packet = packet.to_vec();
    let sequence = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(20_000);
    let timestamp = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]).wrapping_add(1_000_000_000);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
    packet[11] ^= 0xff;
    let strange = [&packet[..1], &[18], &packet[2..]].concat();
    vec![strange, packet]
}

#[test]
fn a_bot_that_changes_its_source_in_mid_word_and_sends_strange_packets_is_heard_all_the_same() {
    let _seat = seat();
    let (_bot, address) = sample_bot();
    // Some 400 ms of silence come before the greeting.
    let relay = Relay::start(address, |packet| match packet {
        3..10 => Fate::As(noise),
        70.. => Fate::As(other_source),
        _ => Fate::Pass,
    });
    let (_run, call) = call(&relay, "{ loss: 0%, gaps: 0, reordered: 0% }", 0);
    assert_eq!(call["turns"][0]["heard"], "Thanks for calling Acme Dental. How can I help you today?", "{call}");
    let latency = number(&call["turns"][1]["latency_ms"]);
    assert!((600.0..1100.0).contains(&latency), "{call}");
    let quality = &call["quality"];
    assert_eq!(["lost", "reordered", "duplicates"].map(|name| quality[name].as_u64()), [Some(0); 3], "{quality}");
    assert!(relay.done().numbers().len() > 100 && number(&quality["jitter_max_ms"]) < 60.0, "{quality}");
}

#[test]
fn what_a_socket_cannot_tell_is_no_pass() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("socket.yaml");
    let text = "steps:\n  - bot: { within: 5s, quality: { loss: < 1%, gaps: 0, level: '>= -40dB' } }\n  - hangup: caller\n";
    std::fs::write(&file, text).expect("a scenario");
    let run = Run::of(&[file.to_str().expect("a path"), "--target", "bot:booking?over=twilio"]).expect(4);
    let call = &run.json()["calls"][0];
    let checks = call["turns"][0]["checks"].as_array().expect("checks");
    let failed: Vec<&str> =
        checks.iter().filter(|check| check["outcome"] == "failed").filter_map(|check| check["reason"].as_str()).collect();
    assert_eq!(failed, ["quality loss: no data; a media socket runs over TCP, which loses and reorders nothing; bound `gaps` instead"]);
    assert_eq!((&call["quality"]["packets"], &call["quality"]["mos"], &call["quality"]["gaps"]), (&Value::Null, &Value::Null, &0.into()));
}

/// Packets, lost, and mean and largest jitter in milliseconds of the only stream in a capture.
fn tshark(capture: &Path, port: u16) -> [f64; 4] {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(capture)
        .args(["-d", &format!("udp.port=={port},rtp"), "-q", "-z", "rtp,streams"])
        .output()
        .expect("tshark runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = text.lines().find(|line| line.contains("0x")).unwrap_or_else(|| panic!("a stream in {text}"));
    let cells: Vec<&str> = row.split_whitespace().collect();
    let lost = cells.iter().position(|cell| cell.starts_with('(') && cell.ends_with("%)")).unwrap_or_else(|| panic!("losses in {text}"));
    let at = |place: usize| cells[place].parse::<f64>().unwrap_or_else(|_| panic!("numbers in {text}"));
    // ... packets, lost, (share), then least, mean and largest delta, then jitter likewise.
    [at(lost - 2), at(lost - 1), at(lost + 5), at(lost + 6)]
}

/// Only root may record packets.
const AS_ROOT: &str = "as_root() { if [ \"$(id -u)\" = 0 ]; then exec \"$@\"; else exec sudo -n \"$@\"; fi; };";

/// Records what comes out of a port of the loopback; `None` where this user may not.
fn recorded(file: &Path, port: u16) -> Option<Running> {
    let filter = format!("udp and src port {port}");
    // The words to stdout, the packets to the file, which so belongs to this user.
    let script = format!("{AS_ROOT} as_root tshark -l -i lo -f \"$1\" -w - 2>&1 1>\"$2\"");
    let (running, line) = Running::until(Command::new("sh").args(["-c", &script, "sh", &filter]).arg(file), "Capturing on");
    if line.is_none() {
        missing("the right to record packets (tshark)");
        return None;
    }
    // dumpcap opens the interface right after it says so.
    std::thread::sleep(Duration::from_millis(800));
    Some(running)
}

#[test]
#[cfg_attr(missing_tshark, ignore = "tshark is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_root, not(missing_tshark)), ignore = "this user may not record packets or enter a chroot")]
fn tshark_says_the_same_of_the_same_packets() {
    let _turn = turn();
    if !peer("tshark") {
        return;
    }
    let (_bot, address) = sample_bot();
    // About 3 % lost and 20 % delayed by up to 17 ms, without chance in it.
    let relay = Relay::start(address, |packet| match packet * 2_654_435_761 % 97 {
        0..3 if packet > 10 => Fate::Drop,
        3..23 => Fate::Delay(packet * 7 % 18),
        _ => Fate::Pass,
    });
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("line.pcapng");
    let Some(mut running) = recorded(&capture, relay.near) else { return };
    let (_run, call) = call(&relay, "{ jitter: < 1s }", 0);
    std::thread::sleep(Duration::from_millis(500));
    let kill = format!("{AS_ROOT} as_root kill -INT {}", running.child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("kill").success());
    running.child.wait().expect("the capture ends");
    let theirs = tshark(&capture, relay.near);
    let quality = &call["quality"];
    let ours = ["packets", "lost", "jitter_mean_ms", "jitter_max_ms"].map(|name| number(&quality[name]));
    eprintln!("packets, lost, mean and largest jitter: {ours:?} here, {theirs:?} in tshark");
    // The capture goes on until the bot has heard of the end: a packet or two, more on a busy machine, some of them lost ones.
    let after = theirs[0] - ours[0];
    assert!(
        (0.0..25.0).contains(&after) && (theirs[1] - ours[1]).abs() <= (after / 10.0).ceil(),
        "{ours:?} here, {theirs:?} in tshark: {quality}"
    );
    for (ours, theirs) in ours.into_iter().zip(theirs).skip(2) {
        assert!((ours - theirs).abs() <= theirs * 0.01, "{ours} here, {theirs} in tshark: {quality}");
    }
    assert!(ours[1] > 5.0, "{quality}");
}

/// A stream of PCMU with a pause of 3 s whose timestamps follow the wall clock (Asterisk), 2 % lost, packets out of order, jitter of
/// up to 35 ms, and wraps of sequence numbers and timestamps.
fn awkward_stream() -> Vec<MediaFrame> {
    let frame = |k: u16| {
        let number = u64::from(k);
        let pause = if k >= 600 { 150 } else { 0 };
        let delay = number * 2_654_435_761 % 35_000;
        let arrival = CallTime::from_nanos(((number + pause) * 20_000 + delay) as i64 * 1000);
        let timestamp = (u32::MAX - 40_000).wrapping_add((u32::from(k) + pause as u32) * 160);
        let marker = k == 0 || k == 600;
        MediaFrame { arrival, received: arrival, ssrc: 9, sequence: 65_400_u16.wrapping_add(k), timestamp, marker, samples: vec![0; 160] }
    };
    let lost = |k: &u16| k % 50 == 20 || (300..306).contains(k);
    let mut frames: Vec<MediaFrame> = (0..1200).filter(|k| !lost(k)).map(frame).collect();
    frames.sort_by_key(|frame| frame.arrival);
    frames
}

/// The stream as a capture of raw IPv4 packets with timestamps in nanoseconds.
fn captured(frames: &[MediaFrame], port: u16) -> Vec<u8> {
    let mut file: Vec<u8> = Vec::new();
    // Magic number of nanoseconds, version 2.4, no offset, whole packets, LINKTYPE_RAW.
    for word in [0xa1b2_3c4d, 0x0004_0002, 0, 0, 65_535, 101_u32] {
        file.extend(word.to_le_bytes());
    }
    for frame in frames {
        let mut rtp = vec![0x80, if frame.marker { 0x80 } else { 0 }];
        rtp.extend(frame.sequence.to_be_bytes());
        rtp.extend(frame.timestamp.to_be_bytes());
        rtp.extend(frame.ssrc.to_be_bytes());
        rtp.extend([0xff; 160]);
        let udp: Vec<u8> = [port, 40_000, rtp.len() as u16 + 8, 0].iter().flat_map(|word| word.to_be_bytes()).chain(rtp).collect();
        let length = (udp.len() as u16 + 20).to_be_bytes();
        let mut ip = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1];
        ip.extend(udp);
        let nanos = frame.arrival.as_nanos();
        for word in [(nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32, ip.len() as u32, ip.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(ip);
    }
    file
}

#[test]
#[cfg_attr(missing_tshark, ignore = "tshark is not installed: run tests/peers/install")]
fn tshark_says_the_same_of_an_awkward_stream() {
    if !peer("tshark") {
        return;
    }
    let frames = awkward_stream();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("stream.pcap");
    std::fs::write(&file, captured(&frames, 30_000)).expect("a capture");
    let theirs = tshark(&file, 30_000);
    let mut log = PacketLog::default();
    frames.iter().for_each(|frame| log.push(frame));
    let evidence = Evidence { packets: Some(&log), codec: "PCMU", round_trip_ms: None, recording: &[], missing: &[] };
    let quality = Assessor::new(evidence).assess(None, &[], &|index| index as f64);
    let jitter = [quality.jitter_mean_ms, quality.jitter_max_ms].map(|jitter| jitter.expect("jitter"));
    assert_eq!([quality.packets, quality.lost].map(|count| count.expect("a count") as f64), theirs[..2], "{quality:?}");
    assert!(quality.reordered > Some(10) && quality.late == Some(0), "{quality:?}");
    for (ours, theirs) in jitter.into_iter().zip(&theirs[2..]) {
        assert!((ours - theirs).abs() <= theirs * 0.01, "{ours} here, {theirs} in tshark: {quality:?}");
    }
    eprintln!("{jitter:?} here, {theirs:?} in tshark");
}

#[test]
#[cfg_attr(missing_tshark, ignore = "tshark is not installed: run tests/peers/install")]
fn the_capture_of_a_call_holds_what_the_report_tells() {
    let _seat = seat();
    if !peer("tshark") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("line.yaml");
    std::fs::write(&file, "name: A line\nsteps:\n  - bot: { within: 5s }\n  - hangup: caller\n").expect("a scenario");
    let mut command = goldencall();
    command.current_dir(folder.path());
    let run = Run::with(command, &["line.yaml", "--target", "bot:booking", "--set", "sip.srtp=sdes", "--pcap"]).expect(0);
    let call = run.json()["calls"][0].clone();
    let capture = run.path("out").join("calls/001-a-line.pcap");
    let tshark = |arguments: &[&str]| {
        let output = Command::new("tshark").arg("-r").arg(&capture).args(arguments).output().expect("tshark runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let codes = tshark(&["-Y", "sip.Status-Code && sip.CSeq.method == \"INVITE\"", "-T", "fields", "-e", "sip.Status-Code"]);
    let told: Vec<String> =
        call["sip_responses"].as_array().expect("responses").iter().map(|response| response["code"].to_string()).collect();
    assert_eq!(codes.lines().collect::<Vec<_>>(), told, "{call}");
    assert_eq!(told, ["100", "180", "200"]);
    // Media goes encrypted over the wire and stands here as it can be listened to.
    let streams = tshark(&["-o", "rtp.heuristic_rtp:TRUE", "-q", "-z", "rtp,streams"]);
    let rows: Vec<&str> = streams.lines().filter(|line| line.contains("0x")).collect();
    assert_eq!(rows.len(), 2, "{streams}");
    let packets = call["quality"]["packets"].as_u64().expect("packets");
    // A few more may come after the last that is judged, before the call is down: 100 ms of them.
    let same =
        |row: &&str| row.split_whitespace().any(|cell| cell.parse().is_ok_and(|captured: u64| (packets..=packets + 5).contains(&captured)));
    assert!(rows.iter().filter(|row| row.contains("g711U")).any(same), "{packets}\n{streams}");
    let reports = tshark(&["-Y", "srtcp"]);
    assert!(reports.contains("Sender Report") && reports.contains("Receiver Report"), "of both sides: {reports}");
    let sdp = tshark(&["-Y", "sdp", "-V"]);
    assert!(sdp.contains("inline:xxxx"), "{sdp}");
}
