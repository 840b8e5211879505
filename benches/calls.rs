//! CPU and memory of goldencall per call: the same scenario at 1, 10 and 20 calls at once, the sample bot in a process
//! of its own.
//!
//! `cargo bench --bench calls`

#![expect(clippy::disallowed_methods, reason = "a bench reads the wall clock")]

#[path = "support/bot.rs"]
mod bot;
#[path = "support/usage.rs"]
mod usage;

use std::process::Command;
use std::time::Instant;

use bot::SampleBot;

fn main() {
    let bot = SampleBot::start();
    println!("| calls at once | seconds | CPU % of a core | CPU % a call | peak memory MB |\n|---|---|---|---|---|");
    for jobs in [1, 10, 20] {
        println!("{}", measure(jobs, &bot));
    }
}

fn measure(jobs: usize, bot: &SampleBot) -> String {
    let (before, start) = (usage::children(), Instant::now());
    let text = jobs.to_string();
    let target = bot.target("sip:");
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["run", "scenarios/booking.yaml", "--target", &target, "--repeat", &text, "--jobs", &text, "--out"];
    let output = Command::new(env!("CARGO_BIN_EXE_goldencall")).args(arguments).arg(folder.path()).output().expect("it runs");
    let (seconds, after) = (start.elapsed().as_secs_f64(), usage::children());
    let share = (after.cpu_seconds - before.cpu_seconds) / seconds * 100.0;
    let note = if output.status.success() { "" } else { " (some calls did not pass)" };
    format!("| {jobs} | {seconds:.1} | {share:.0} | {:.1} | {:.0} |{note}", share / jobs as f64, after.peak_megabytes)
}
