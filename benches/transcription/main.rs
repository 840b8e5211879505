//! How well the embedded engine hears, what it costs, and what the same model costs on the general runtime in 32-bit floats.
//!
//! `cargo bench --bench transcription [-- MODEL_DIR]`. The engines take turns over the same segments, three rounds: a gain is the
//! median of the rounds' ratios of CPU time, and words are counted in the first. Exits with 1 where a bound below is broken.

#![allow(clippy::disallowed_methods, reason = "this measures how long the work takes")]

mod floats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use floats::Floats;
use goldencall::internals::expect::word_error_rate;
use goldencall::internals::media::read_wav;
use goldencall::internals::media::{SpeechModel, word_segments};
use goldencall::internals::speech::{Batch, Embedded, ModelFiles, Transcriber, segment_audio};
use goldencall::internals::speech::{ModelId, ModelStore};
use goldencall_networks::on_one_thread;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const ROUNDS: usize = 3;
/// Words of a corpus that the embedded engine may get wrong.
const MOST_ERRORS: f64 = 0.05;
/// By how much more it may get wrong than the floats.
const MOST_WORSE: f64 = 0.003;
/// What one sequence must gain, and eight together.
const LEAST_GAIN: [f64; 2] = [2.0, 4.0];

/// What the bench ends with.
pub type Failure = Box<dyn std::error::Error>;

/// A reply of a corpus, cut into segments.
struct Reply {
    text: String,
    segments: Vec<Vec<f32>>,
}

/// One engine over one corpus, once.
struct Pass {
    heard: Vec<String>,
    cpu: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            broken.iter().for_each(|bound| println!("{bound}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The bounds that are broken.
fn run() -> Result<Vec<String>, Failure> {
    let store = ModelStore::new(model_dir());
    let detector = SpeechModel::from_onnx(store.ensure(ModelId::SileroVad, &mut |_| ())?.read()?)?;
    let files = store.ensure(ModelId::MoonshineBaseEn, &mut |_| ())?;
    let before = resident();
    let started = Instant::now();
    let engine = Embedded::load(&files)?;
    println!(
        "model loaded in {:.2} s; it takes {} MB, {} MB while it is loaded",
        started.elapsed().as_secs_f64(),
        resident().saturating_sub(before),
        peak()
    );
    drop(engine);

    let mut broken = Vec::new();
    println!("corpus  replies  words  speech  engine                errors  CPU x real time   gain");
    for corpus in ["corpus", "corpus-b"] {
        broken.extend(compare(corpus, &detector, &files)?);
    }
    Ok(broken)
}

fn compare(name: &str, detector: &SpeechModel, files: &ModelFiles) -> Result<Vec<String>, Failure> {
    let replies = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(name), detector)?;
    let seconds = replies.iter().flat_map(|reply| &reply.segments).map(Vec::len).sum::<usize>() as f64 / 16000.0;
    let floats = Floats::load(files)?;
    let mut passes: [Vec<Pass>; 3] = Default::default();
    for _ in 0..ROUNDS {
        passes[0].push(on_one_thread(|| each(&replies, |audio| floats.transcribe(audio).map_err(|e| e.to_string())))?);
        for (engines, at_once) in passes[1..].iter_mut().zip([1, 8]) {
            // It remembers what it has heard, so each pass has one of its own.
            let engine = Embedded::load(files)?;
            engines.push(on_one_thread(|| together(&replies, &mut *engine.batch(), at_once))?);
        }
    }
    let words: usize = replies.iter().map(|reply| reply.text.split_whitespace().count()).sum();
    let errors = passes.each_ref().map(|passes| errors(&replies, &passes[0].heard));
    let mut broken = Vec::new();
    for (at, engine) in ["floats, one by one", "embedded, one by one", "embedded, 8 at once"].into_iter().enumerate() {
        let gain = median(passes[0].iter().zip(&passes[at]).map(|(floats, own)| floats.cpu / own.cpu).collect());
        let cost = median(passes[at].iter().map(|pass| pass.cpu / seconds).collect());
        println!("{name:8} {:6} {words:6} {seconds:5.0} s  {engine:20} {:6.2} % {cost:16.4} {gain:6.2}", replies.len(), 100.0 * errors[at]);
        if at > 0 && gain < LEAST_GAIN[at - 1] {
            broken.push(format!("{name}: {engine}: {gain:.2} times cheaper is less than {}", LEAST_GAIN[at - 1]));
        }
        if errors[at] > MOST_ERRORS.min(errors[0] + MOST_WORSE) && at > 0 {
            broken.push(format!(
                "{name}: {engine}: {:.2} % of the words are wrong, {:.2} % in floats",
                100.0 * errors[at],
                100.0 * errors[0]
            ));
        }
    }
    Ok(broken)
}

fn read(folder: &Path, detector: &SpeechModel) -> Result<Vec<Reply>, Failure> {
    let mut replies = Vec::new();
    for line in std::fs::read_to_string(folder.join("texts.tsv"))?.lines() {
        let (file, text) = line.split_once('\t').ok_or("texts.tsv: a line without a tab")?;
        let clip = read_wav(&std::fs::read(folder.join(file))?)?.at_rate(8000).samples;
        let segments = word_segments(detector, &clip).into_iter().map(|segment| segment_audio(&clip, segment)).collect();
        replies.push(Reply { text: text.to_owned(), segments });
    }
    Ok(replies)
}

fn each(replies: &[Reply], transcribe: impl Fn(&[f32]) -> Result<String, String>) -> Result<Pass, String> {
    let started = cpu();
    let mut heard = Vec::new();
    for reply in replies {
        let words: Result<Vec<String>, String> = reply.segments.iter().map(|segment| transcribe(segment)).collect();
        heard.push(words?.join(" "));
    }
    Ok(Pass { heard, cpu: cpu() - started })
}

/// Keeps `at_once` segments under way.
fn together(replies: &[Reply], batch: &mut dyn Batch, at_once: usize) -> Result<Pass, String> {
    let started = cpu();
    let segments: Vec<(usize, &Vec<f32>)> =
        replies.iter().enumerate().flat_map(|(reply, whole)| whole.segments.iter().map(move |segment| (reply, segment))).collect();
    let mut words = vec![String::new(); segments.len()];
    let (mut begun, mut done) = (0, 0);
    while done < segments.len() {
        while begun < segments.len() && begun - done < at_once {
            batch.begin(begun, segments[begun].1);
            begun += 1;
        }
        for (number, text) in batch.step() {
            words[number] = text.map_err(|error| error.to_string())?;
            done += 1;
        }
    }
    let mut heard = vec![Vec::new(); replies.len()];
    segments.iter().zip(words).for_each(|((reply, _), words)| heard[*reply].push(words));
    Ok(Pass { heard: heard.iter().map(|words| words.join(" ")).collect(), cpu: cpu() - started })
}

/// The share of the words that are wrong.
fn errors(replies: &[Reply], heard: &[String]) -> f64 {
    let (mut wrong, mut words) = (0, 0);
    for (reply, heard) in replies.iter().zip(heard) {
        let errors = word_error_rate(&reply.text, heard);
        wrong += errors.substitutions + errors.insertions + errors.deletions;
        words += errors.reference_words;
    }
    wrong as f64 / words.max(1) as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of this process in seconds.
fn cpu() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
}

/// The folder given as argument, `GOLDENCALL_MODEL_DIR`, or one in the user's cache.
fn model_dir() -> PathBuf {
    let argument = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let named = argument.map(PathBuf::from).or_else(|| Some(std::env::var_os("GOLDENCALL_MODEL_DIR")?.into()));
    let cache = ["XDG_CACHE_HOME", "LOCALAPPDATA"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    named.unwrap_or_else(|| cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("goldencall/models"))
}

/// Memory of this process now, in MB, where the system says.
fn resident() -> u64 {
    status("VmRSS:")
}

/// The most that it had.
fn peak() -> u64 {
    status("VmHWM:")
}

fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|text| text.strip_prefix(line));
    value.and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes / 1024)
}
