//! Everything that can be written on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::runner::Ramp;
use crate::scenario::parse_duration;

/// Calls per second that a load may ask for.
const MOST_ARRIVALS: f64 = 1000.0;

/// Test runner for voice bots: real calls, recorded caller audio, offline transcription, JUnit.
#[derive(Debug, Parser)]
#[command(name = "goldencall", version, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    /// What to do.
    pub command: Command,
    /// Folder with the speech models (default: the user's cache folder).
    #[arg(long, global = true, env = "GOLDENCALL_MODEL_DIR", value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Configuration file (default: goldencall.yaml here or in a folder above).
    #[arg(long, global = true, env = "GOLDENCALL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios: call the bot and judge what it says. Without a target, call the built-in sample bot.
    Run(RunArgs),
    /// Place calls for a time, by a number of callers or at a rate, and judge each of them and the whole.
    Load(LoadArgs),
    /// Check scenarios for mistakes without placing a call.
    Check(SelectArgs),
    /// List scenarios.
    List(SelectArgs),
    /// Write an example scenario to a folder.
    Init(InitArgs),
    /// Run the built-in sample bot.
    Bot(BotArgs),
    /// Measure goldencall's own error: its turn latencies against those that the sample bot logs.
    Calibrate(CalibrateArgs),
    /// Try a wording: judge pairs of texts without a call.
    Match(MatchArgs),
    /// Fetch and inspect the speech models.
    Model {
        #[command(subcommand)]
        /// What to do with them.
        action: ModelAction,
    },
    /// Write the reports of an earlier run again.
    Report(ReportArgs),
    /// Put the parts of a run that was split over machines together.
    Merge(MergeArgs),
    /// Print the JSON schema for scenarios, for your editor.
    Schema,
    /// Print shell completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// The scenarios.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct SelectArgs {
    /// Files or folders; file:line stops after the step on that line (default: `scenarios` in goldencall.yaml, or
    /// ./scenarios).
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only scenarios with this tag; repeat it to match any of several tags.
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Only scenarios whose name matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub grep: Option<String>,
    /// Set a scenario variable.
    #[arg(long, value_name = "NAME=VALUE")]
    pub variable: Vec<String>,
}

/// Where reports go.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct OutputArgs {
    /// Write JUnit XML here as well as to the results folder.
    #[arg(long, env = "GOLDENCALL_REPORT_JUNIT", value_name = "FILE")]
    pub report_junit: Option<PathBuf>,
    /// Write JSON here as well as to the results folder.
    #[arg(long, env = "GOLDENCALL_REPORT_JSON", value_name = "FILE")]
    pub report_json: Option<PathBuf>,
}

/// What is called.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct DialArgs {
    /// The bot to call: a name from goldencall.yaml, or a URI such as sip:bot@host:5060 or bot:booking.
    #[arg(long, env = "GOLDENCALL_TARGET", value_name = "NAME|URI")]
    pub target: Option<String>,
    /// Change a setting of a SIP target: sip.username, password, srtp, codecs, insecure, proxy, register, from, ptime, dtmf, ca_file, dns.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `goldencall run`.
#[derive(Clone, Debug, ClapArgs)]
pub struct RunArgs {
    #[command(flatten)]
    /// The scenarios.
    pub select: SelectArgs,
    #[command(flatten)]
    /// Where reports go.
    pub output: OutputArgs,
    #[command(flatten)]
    /// What is called.
    pub dial: DialArgs,
    /// Write every SIP message of the run to this file; passwords, digest responses and media keys are masked.
    #[arg(long, value_name = "FILE")]
    pub trace_sip: Option<PathBuf>,
    /// Capture the packets of every SIP call, decrypted, next to its recording (calls/001-....pcap).
    #[arg(long)]
    pub pcap: bool,
    /// Only scenarios that did not pass in the last run.
    #[arg(long)]
    pub last_failed: bool,
    /// One part of a run that is split over machines: 2/4, or auto to take it from the CI system (auto/4 where that knows no total).
    #[arg(long, env = "GOLDENCALL_SHARD", value_name = "M/N|auto")]
    pub shard: Option<String>,
    /// Results of an earlier run, by which the longest calls are dealt out and placed first; every part needs the same file.
    #[arg(long, env = "GOLDENCALL_HISTORY", value_name = "DIR|FILE")]
    pub history: Option<PathBuf>,
    /// Run each scenario N times.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub repeat: usize,
    /// Retry calls that errored (never failed expectations).
    #[arg(long, default_value_t = 0, env = "GOLDENCALL_RETRIES", value_name = "N")]
    pub retries: usize,
    /// Calls at the same time; `auto` is as many as this machine can transcribe in real time.
    #[arg(long, default_value = "auto", env = "GOLDENCALL_JOBS", value_name = "N|auto")]
    pub jobs: String,
    /// Which replies are transcribed: those whose words a verdict depends on, or all, for the reports.
    #[arg(long, value_enum, default_value_t, env = "GOLDENCALL_TRANSCRIBE", value_name = "WHICH")]
    pub transcribe: Transcribe,
    /// How the first calls start: each so long after the one before (250ms, or 0 for all at once), or evenly over a time (linear:30s).
    #[arg(long, default_value = "250ms", value_parser = ramp, value_name = "TIME|linear:TIME")]
    pub ramp: Ramp,
    /// Folder for events.jsonl, reports and recordings.
    #[arg(long, default_value = "goldencall-results", env = "GOLDENCALL_OUT", value_name = "DIR")]
    pub out: PathBuf,
}

/// Which replies are transcribed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Transcribe {
    /// Those whose words a verdict depends on.
    #[default]
    Needed,
    /// Every one.
    All,
}

/// `goldencall load`.
#[derive(Clone, Debug, ClapArgs)]
pub struct LoadArgs {
    #[command(flatten)]
    /// The scenarios.
    pub select: SelectArgs,
    #[command(flatten)]
    /// Where reports go.
    pub output: OutputArgs,
    #[command(flatten)]
    /// What is called.
    pub dial: DialArgs,
    /// Callers: each of them places its next call when its call has ended.
    #[arg(long, value_name = "N", required_unless_present = "arrivals", conflicts_with = "arrivals", value_parser = at_least_one)]
    pub calls_at_once: Option<usize>,
    /// Calls that come per second, minute or hour, however long they last: 2/s, 30/m.
    #[arg(long, value_name = "N/s|N/m|N/h", value_parser = arrivals)]
    pub arrivals: Option<f64>,
    /// With --arrivals, calls under way at most; what arrives above that is dropped, counted and reported.
    #[arg(long, default_value = "500", value_name = "N", value_parser = at_least_one)]
    pub max_calls: usize,
    /// The time over which the callers start, or the arrivals rise to their rate; 0 for at once.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = time)]
    pub ramp: Duration,
    /// How long calls are placed after the ramp; calls under way then go on to their end.
    #[arg(long, value_name = "TIME", value_parser = positive)]
    pub hold: Duration,
    /// A scenario's share of the calls, in place of its `weight`; repeat it for more.
    #[arg(long, value_name = "NAME=N")]
    pub weight: Vec<String>,
    /// Which recordings are kept: of the first 100 calls that failed, of all, or of none.
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub recordings: Recorded,
    /// Folder for load.json, junit.xml and recordings.
    #[arg(long, default_value = "goldencall-load", env = "GOLDENCALL_OUT", value_name = "DIR")]
    pub out: PathBuf,
}

/// Which recordings of a load are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Recorded {
    /// Of the first calls in which the bot was wrong or the line broke.
    #[default]
    Failed,
    /// Of every call.
    All,
    /// Of no call.
    None,
}

/// `goldencall init`.
#[derive(Clone, Debug, ClapArgs)]
pub struct InitArgs {
    /// Folder to write into.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

/// `goldencall bot`.
#[derive(Clone, Debug, ClapArgs)]
pub struct BotArgs {
    /// Address for SIP over UDP.
    #[arg(long, default_value = "127.0.0.1:5060", value_name = "IP:PORT")]
    pub listen: SocketAddr,
    /// Address for WebRTC offers and media sockets over HTTP.
    #[arg(long, default_value = "127.0.0.1:7860", value_name = "IP:PORT")]
    pub web: SocketAddr,
    /// Address for AudioSocket over TCP.
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "IP:PORT")]
    pub audiosocket: SocketAddr,
    /// Script file instead of the built-in scripts.
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Misbehave: late[:TIME], silent, wrong_reply, talks_over, drops, garbled, hiss, deaf, busy, no_answer.
    #[arg(long, value_name = "FAULT")]
    pub fault: Option<String>,
    /// Refuse requests from Twilio, Plivo and Vonage that are not signed with this token.
    #[arg(long, env = "GOLDENCALL_BOT_AUTH_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub auth_token: Option<String>,
}

/// `goldencall calibrate`.
#[derive(Clone, Debug, ClapArgs)]
pub struct CalibrateArgs {
    /// Number of calls.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub calls: usize,
    /// Calls at the same time.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub jobs: usize,
    /// Transport: sip, webrtc, twilio, or any other kind of target.
    #[arg(long, default_value = "sip", value_name = "KIND")]
    pub transport: String,
    /// Write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    pub report_json: Option<PathBuf>,
    /// Fail (exit 4) if the 99th percentile exceeds this many milliseconds.
    #[arg(long, value_name = "MS")]
    pub max_p99: Option<f64>,
}

/// `goldencall model ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelAction {
    /// Fetch every model that is missing or damaged.
    Pull,
    /// List the models and whether they are installed.
    List,
    /// Print the folder with the models.
    Path,
}

/// `goldencall match`.
#[derive(Clone, Debug, ClapArgs)]
pub struct MatchArgs {
    /// What is expected.
    #[arg(required_unless_present = "file")]
    pub expected: Option<String>,
    /// What was heard.
    #[arg(required_unless_present = "file")]
    pub heard: Option<String>,
    /// The matcher.
    #[arg(long, value_enum, default_value_t = MatcherKind::Says)]
    pub matcher: MatcherKind,
    /// Put nothing down to the recogniser, as `strict: true` does.
    #[arg(long)]
    pub strict: bool,
    /// What a name is heard as, as in `heard_as`; repeat it for more.
    #[arg(long, value_name = "NAME=WORDING")]
    pub heard_as: Vec<String>,
    /// Judge a table of pairs instead: accept or refuse, kind, expected, heard, with tabs between. Lists the pairs that came out
    /// otherwise, and then exits with 4.
    #[arg(long, value_name = "TSV", conflicts_with_all = ["expected", "heard"])]
    pub file: Option<PathBuf>,
}

/// Matchers of one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MatcherKind {
    /// The whole reply; forgives what a recogniser gets wrong.
    Says,
    /// The text somewhere in the reply.
    Contains,
    /// A regular expression.
    Matches,
    /// The whole reply, equal after normalisation.
    Exact,
    /// A near-verbatim paraphrase.
    Similar,
}

/// `goldencall report`.
#[derive(Clone, Debug, ClapArgs)]
pub struct ReportArgs {
    /// The run's results folder, or its events.jsonl.
    #[arg(default_value = "goldencall-results")]
    pub results: PathBuf,
    #[command(flatten)]
    /// Where reports go.
    pub output: OutputArgs,
}

/// `goldencall merge`.
#[derive(Clone, Debug, ClapArgs)]
pub struct MergeArgs {
    /// Results folders of the parts; of two attempts at one part the later counts.
    #[arg(required = true, value_name = "DIR")]
    pub results: Vec<PathBuf>,
    #[command(flatten)]
    /// Where reports go.
    pub output: OutputArgs,
    /// Folder for events.jsonl, reports and recordings of the whole.
    #[arg(long, default_value = "goldencall-results", env = "GOLDENCALL_OUT", value_name = "DIR")]
    pub out: PathBuf,
}

/// Reads `--ramp`.
fn ramp(text: &str) -> Result<Ramp, String> {
    match text.strip_prefix("linear:") {
        Some(whole) => Ok(Ramp::Over(parse_duration(whole)?)),
        None if text == "0" => Ok(Ramp::Apart(Duration::ZERO)),
        None => Ok(Ramp::Apart(parse_duration(text)?)),
    }
}

/// A duration, or 0.
fn time(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { parse_duration(text) }
}

fn positive(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time.is_zero() { Err("write a time longer than zero: 10m".to_owned()) } else { Ok(time) }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "write a whole number of at least 1".to_owned())
}

/// Reads `--arrivals`, per second.
fn arrivals(text: &str) -> Result<f64, String> {
    let seconds = |unit: &str| match unit.trim() {
        "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let rate = text.split_once('/').and_then(|(number, unit)| Some(number.trim().parse::<f64>().ok()? / seconds(unit)?));
    rate.filter(|rate| *rate > 0.0 && *rate <= MOST_ARRIVALS)
        .ok_or_else(|| format!("write calls per second, minute or hour, above zero and at most {MOST_ARRIVALS} per second: 2/s, 30/m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_carry_their_unit() {
        assert_eq!([arrivals("2/s"), arrivals("30/m"), arrivals(" 900 / h")], [Ok(2.0), Ok(0.5), Ok(0.25)]);
        assert!(["2", "2/d", "0/s", "-1/s", "x/s", "nan/s", "inf/s", "1e9/s"].iter().all(|text| arrivals(text).is_err()));
    }

    #[test]
    fn a_load_is_closed_or_open() {
        let parsed = |arguments: &str| Args::try_parse_from(["goldencall", "load"].into_iter().chain(arguments.split_whitespace()));
        assert!(parsed("--calls-at-once 4 --hold 10m").is_ok() && parsed("--arrivals 2/s --hold 10m --ramp 0").is_ok());
        for wrong in [
            "--hold 1m",
            "--calls-at-once 4",
            "--calls-at-once 4 --arrivals 2/s --hold 1m",
            "--calls-at-once 0 --hold 1m",
            "--arrivals 2/s --hold 0s",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
