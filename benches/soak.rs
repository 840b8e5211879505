//! Thousands of short calls on bad days: lost packets, a bot that crashes, goldencall stopped, interrupted and killed at random. Every planned
//! call must have a result on disk, every answered INVITE its BYE, no verdict may be wrong, and nothing may leak.
//!
//! `cargo bench --bench soak [-- CALLS]`: 10 000 calls unless another number is given. The table is that of docs/reliability.md.

#![expect(clippy::disallowed_methods, reason = "a bench reads the wall clock")]

#[path = "support/bot.rs"]
mod bot;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bot::SampleBot;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Calls of a round, and how many of them at once.
const CALLS: usize = 400;
const AT_ONCE: usize = 100;
/// Packets of the bot's that are lost, one in so many.
const LOST: u32 = 50;

/// The greeting, a caller who says nothing, and what the bot says to that.
const SCENARIO: &str = "name: A short call
steps:
  - bot: { within: 5s, latency: 2s }
  - caller: { silence: 500ms }
  - hangup: caller
";

/// What happens in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Day {
    Loss,
    Stalls,
    Interrupt,
    BotCrash,
    Killed,
}

impl Day {
    const ALL: [Self; 5] = [Self::Loss, Self::Stalls, Self::Interrupt, Self::BotCrash, Self::Killed];

    fn name(self) -> &'static str {
        match self {
            Self::Loss => "2 % of the bot's packets lost",
            Self::Stalls => "the same, and goldencall stopped three times for 0.7 s",
            Self::Interrupt => "the same, and Ctrl-C",
            Self::BotCrash => "the same, and the bot's process killed",
            Self::Killed => "the same, and goldencall killed (SIGKILL)",
        }
    }
}

#[derive(Default)]
struct Sums {
    rounds: usize,
    calls: usize,
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    peak: u64,
    /// Answered INVITEs without a BYE.
    open: usize,
    wrong: Vec<String>,
    descriptors: usize,
    threads: usize,
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok()).unwrap_or(10_000);
    let mut days: BTreeMap<Day, Sums> = BTreeMap::new();
    let started = Instant::now();
    for round in 0..asked.div_ceil(CALLS) {
        let day = Day::ALL[round % Day::ALL.len()];
        one(day, CALLS.min(asked - round * CALLS), days.entry(day).or_default());
    }
    println!(
        "| day | rounds | calls | at once (peak) | passed | failed | errors | skipped | dialogs left open | descriptors, threads (most) | wrong |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for (day, sums) in &days {
        let Sums { rounds, calls, passed, failed, errors, skipped, peak, open, descriptors, threads, .. } = sums;
        let of_day = sums.wrong.len();
        println!(
            "| {} | {rounds} | {calls} | {peak} | {passed} | {failed} | {errors} | {skipped} | {open} | {descriptors}, {threads} | {of_day} |",
            day.name()
        );
        wrong.extend(sums.wrong.iter().map(|what| format!("{}: {what}", day.name())));
    }
    println!("{} calls in {:.0} s", days.values().map(|sums| sums.calls).sum::<usize>(), started.elapsed().as_secs_f64());
    wrong.iter().for_each(|what| println!("WRONG {what}"));
    std::process::exit(i32::from(!wrong.is_empty()));
}

/// A number below `bound`, of no importance.
fn random(bound: u64) -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| u64::from(now.subsec_nanos()) / 977 % bound)
}

fn one(day: Day, calls: usize, sums: &mut Sums) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bot = Some(SampleBot::start());
    let target = bot.as_ref().expect("a bot").target("sip:");
    let address = target.rsplit('@').next().and_then(|address| address.parse().ok()).expect("the bot's address");
    let relay = relay(address);
    std::fs::write(folder.path().join("call.yaml"), SCENARIO).expect("a scenario");
    let mut child = Command::new(env!("CARGO_BIN_EXE_goldencall"))
        .current_dir(folder.path())
        .args(["run", "call.yaml", "--target", &format!("sip:booking@{relay}"), "--out", "out", "--trace-sip", "trace.txt"])
        .args(["--repeat", &calls.to_string(), "--jobs", &AT_ONCE.min(calls).to_string(), "--ramp", "linear:3s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let signal = |child: &Child, signal| kill(Pid::from_raw(child.id() as i32), signal);
    let pause = |from: u64, spread: u64| std::thread::sleep(Duration::from_millis(from + random(spread)));
    match day {
        Day::Loss => {}
        Day::Stalls => {
            for _ in 0..3 {
                pause(1500, 4000);
                let _over = signal(&child, Signal::SIGSTOP);
                std::thread::sleep(Duration::from_millis(700));
                let _over = signal(&child, Signal::SIGCONT);
            }
        }
        Day::Interrupt => {
            pause(2000, 12_000);
            let _over = signal(&child, Signal::SIGINT);
        }
        Day::BotCrash => {
            pause(3000, 6000);
            bot = None;
        }
        Day::Killed => {
            pause(4000, 6000);
            let _over = signal(&child, Signal::SIGKILL);
        }
    }
    let (mut descriptors, mut threads) = (0, 0);
    while child.try_wait().expect("status").is_none() {
        let count = |what: &str| std::fs::read_dir(format!("/proc/{}/{what}", child.id())).map_or(0, Iterator::count);
        (descriptors, threads) = (descriptors.max(count("fd")), threads.max(count("task")));
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(bot);
    judge(day, folder.path(), calls, sums);
    (sums.descriptors, sums.threads) = (sums.descriptors.max(descriptors), sums.threads.max(threads));
}

fn judge(day: Day, folder: &Path, planned: usize, sums: &mut Sums) {
    if day == Day::Killed {
        // What is on disk is made into reports again.
        let report = folder.join("again.json");
        let status = Command::new(env!("CARGO_BIN_EXE_goldencall"))
            .args(["report", "out", "--report-json"])
            .arg(&report)
            .current_dir(folder)
            .output();
        let code = status.expect("report").status.code();
        if code != Some(3) {
            sums.wrong.push(format!("report of a killed run exits with {code:?}"));
        }
        std::fs::copy(report, folder.join("out/results.json")).expect("a report");
    }
    let results: Value = serde_json::from_slice(&std::fs::read(folder.join("out/results.json")).expect("results")).expect("JSON");
    let all = results["calls"].as_array().expect("calls");
    sums.rounds += 1;
    sums.calls += all.len();
    sums.peak = sums.peak.max(results["peak_calls"].as_u64().unwrap_or(0));
    if all.len() != planned {
        sums.wrong.push(format!("{} of {planned} calls have a result", all.len()));
    }
    for call in all {
        let kind = call["error"]["kind"].as_str().unwrap_or_default();
        match call["outcome"].as_str().unwrap_or_default() {
            "passed" => sums.passed += 1,
            "skipped" => sums.skipped += 1,
            // A bot that has crashed said nothing, and that is its failure.
            "failed" if day == Day::BotCrash => sums.failed += 1,
            "failed" => {
                sums.failed += 1;
                sums.wrong.push(format!("a right bot failed: {}", call["turns"]));
            }
            _ => {
                sums.errors += 1;
                let expected: &[&str] = match day {
                    Day::Loss => &[],
                    Day::Stalls => &["tester"],
                    Day::Interrupt => &["interrupted"],
                    Day::BotCrash => &["no_response", "unreachable", "broken", "no_answer"],
                    Day::Killed => &["unfinished"],
                };
                if !expected.contains(&kind) {
                    sums.wrong.push(format!("an error `{kind}`: {}", call["error"]["message"]));
                }
            }
        }
    }
    if !matches!(day, Day::Killed | Day::BotCrash) {
        let open = open_dialogs(&std::fs::read_to_string(folder.join("trace.txt")).unwrap_or_default());
        sums.open += open;
        if open > 0 {
            sums.wrong.push(format!("{open} answered INVITEs have no BYE"));
        }
    }
}

/// Calls whose INVITE was answered with 200 and that have no BYE of either side.
fn open_dialogs(trace: &str) -> usize {
    let (mut answered, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for message in trace.split("\n--- ") {
        let id = message.lines().find_map(|line| line.strip_prefix("Call-ID: "));
        let Some(id) = id else { continue };
        if message.contains("\nSIP/2.0 200") && message.contains("CSeq: 1 INVITE") {
            answered.insert(id);
        }
        if message.contains("\nBYE sip:") {
            ended.insert(id);
        }
    }
    answered.difference(&ended).count()
}

/// Carries signalling between goldencall and the bot, and the bot's audio with losses. Where it listens.
fn relay(bot: SocketAddr) -> SocketAddr {
    let sip = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = sip.local_addr().expect("an address");
    std::thread::spawn(move || {
        sip.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let mut caller = None;
        let mut ports: BTreeMap<String, u16> = BTreeMap::new();
        let mut buffer = [0_u8; 8192];
        let mut idle = 0;
        while idle < 2 {
            let (length, from) = match sip.recv_from(&mut buffer) {
                Ok(received) => received,
                // A party that is gone answers with ICMP.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => continue,
                Err(_) => {
                    idle += 1;
                    continue;
                }
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if from == bot {
                if let Some(caller) = caller {
                    let _gone = sip.send_to(text.as_bytes(), caller);
                }
                continue;
            }
            caller = Some(from);
            let id = text.lines().find_map(|line| line.strip_prefix("Call-ID: ")).unwrap_or_default().to_owned();
            let text = match own_port(&text) {
                Some(port) => {
                    let lossy = *ports.entry(id).or_insert_with(|| lossy(port));
                    text.replacen(&format!("m=audio {port} "), &format!("m=audio {lossy} "), 1)
                }
                None => text,
            };
            let _gone = sip.send_to(text.as_bytes(), bot);
        }
    });
    address
}

fn own_port(message: &str) -> Option<u16> {
    message.split_once("m=audio ")?.1.split(' ').next()?.parse().ok()
}

/// A port of as many digits from which audio goes on to this one, with losses.
fn lossy(to: u16) -> u16 {
    let socket = loop {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        if socket.local_addr().expect("an address").port().to_string().len() == to.to_string().len() {
            break socket;
        }
    };
    let port = socket.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let (mut buffer, mut number) = ([0_u8; 2048], u32::from(to));
        while let Ok((length, _)) = socket.recv_from(&mut buffer) {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if number >> 8 & 0xffff >= 65_536 / LOST {
                let _gone = socket.send_to(&buffer[..length], ("127.0.0.1", to));
            }
        }
    });
    port
}
