//! CPU and memory of goldencall per call: the same scenario at 1, 10 and 20 calls at once, the sample bot in a process
//! of its own.
//!
//! `cargo bench --bench calls`

#![expect(clippy::disallowed_methods, reason = "a bench reads the wall clock")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

fn main() {
    let (mut bot, address) = start_bot();
    println!("| calls at once | seconds | CPU % of a core | CPU % a call | peak memory MB |\n|---|---|---|---|---|");
    for jobs in [1, 10, 20] {
        println!("{}", measure(jobs, &address));
    }
    bot.kill().expect("the bot ends");
    bot.wait().expect("the bot ends");
}

fn start_bot() -> (Child, String) {
    let mut bot = Command::new(env!("CARGO_BIN_EXE_goldencall"))
        .args(["bot", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the bot starts");
    let mut line = String::new();
    BufReader::new(bot.stdout.take().expect("output")).read_line(&mut line).expect("an address");
    let address = line.trim().rsplit('@').next().expect("an address").to_owned();
    (bot, address)
}

fn measure(jobs: usize, address: &str) -> String {
    let (before, start) = (children(), Instant::now());
    let text = jobs.to_string();
    let target = format!("sip:booking@{address}");
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["run", "scenarios/booking.yaml", "--target", &target, "--repeat", &text, "--jobs", &text, "--out"];
    let output = Command::new(env!("CARGO_BIN_EXE_goldencall")).args(arguments).arg(folder.path()).output().expect("it runs");
    let seconds = start.elapsed().as_secs_f64();
    let (cpu, memory) = (children().0 - before.0, children().1);
    let share = cpu / seconds * 100.0;
    let note = if output.status.success() { "" } else { " (some calls did not pass)" };
    format!("| {jobs} | {seconds:.1} | {share:.0} | {:.1} | {memory:.0} |{note}", share / jobs as f64)
}

/// CPU seconds and the peak memory in MB of the processes that have ended.
fn children() -> (f64, f64) {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    (seconds(usage.user_time()) + seconds(usage.system_time()), usage.max_rss() as f64 / 1024.0)
}
