//! How well the embedded engine hears the corpus: word error rate, speed, memory.
//!
//! `cargo bench --bench transcription [-- MODEL_DIR]`. Exits with 1 above 5 % of errors.

#![allow(clippy::disallowed_methods, reason = "this measures how long the work takes")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use goldencall::internals::expect::word_error_rate;
use goldencall::internals::media::read_wav;
use goldencall::internals::media::{SpeechModel, speech_segments};
use goldencall::internals::speech::{Embedded, Transcriber, segment_audio};
use goldencall::internals::speech::{ModelId, ModelStore};

const LIMIT: f64 = 0.05;

type Failure = Box<dyn std::error::Error>;

/// What was counted for one voice, or for all.
#[derive(Debug, Default)]
struct Score {
    replies: usize,
    segments: usize,
    substitutions: usize,
    insertions: usize,
    deletions: usize,
    words: usize,
    speech: Duration,
    detecting: Duration,
    transcribing: Duration,
    clips: Duration,
}

impl Score {
    fn errors(&self) -> f64 {
        (self.substitutions + self.insertions + self.deletions) as f64 / self.words.max(1) as f64
    }

    fn add(&mut self, other: &Self) {
        self.replies += other.replies;
        self.segments += other.segments;
        self.substitutions += other.substitutions;
        self.insertions += other.insertions;
        self.deletions += other.deletions;
        self.words += other.words;
        self.speech += other.speech;
        self.detecting += other.detecting;
        self.transcribing += other.transcribing;
        self.clips += other.clips;
    }

    fn row(&self, name: &str) {
        println!(
            "{name:8} {:7} {:8} {:5} {:4} {:4} {:4} {:6.2} % {:12.3} {:11.1} ms",
            self.replies,
            self.segments,
            self.words,
            self.substitutions,
            self.insertions,
            self.deletions,
            100.0 * self.errors(),
            self.transcribing.as_secs_f64() / self.speech.as_secs_f64(),
            1e3 * self.detecting.as_secs_f64() / self.clips.as_secs_f64(),
        );
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(errors) if errors <= LIMIT => ExitCode::SUCCESS,
        Ok(_) => {
            println!("more than {:.0} % of the words are wrong", 100.0 * LIMIT);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<f64, Failure> {
    let store = ModelStore::new(model_dir());
    let detector = SpeechModel::from_onnx(store.ensure(ModelId::SileroVad, &mut |_| ())?.read()?)?;
    let files = store.ensure(ModelId::MoonshineBaseEn, &mut |_| ())?;
    let started = Instant::now();
    let engine = Embedded::load(&files)?;
    let loading = started.elapsed();

    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/corpus");
    let mut voices: Vec<(String, Score)> = Vec::new();
    for line in std::fs::read_to_string(corpus.join("texts.tsv"))?.lines() {
        let (file, text) = line.split_once('\t').ok_or("texts.tsv: a line without a tab")?;
        let voice = file.split('_').next().unwrap_or(file);
        let score = reply(&detector, &engine, &corpus.join(file), text)?;
        match voices.iter_mut().find(|(name, _)| name == voice) {
            Some((_, sum)) => sum.add(&score),
            None => voices.push((voice.to_owned(), score)),
        }
    }

    println!("voice    replies segments words  sub  ins  del   errors  x real time  detect 1 s");
    let mut all = Score::default();
    for (name, score) in &voices {
        score.row(name);
        all.add(score);
    }
    all.row("all");
    println!("model loaded in {:.2} s; {}", loading.as_secs_f64(), peak_memory());
    Ok(all.errors())
}

fn reply(detector: &SpeechModel, engine: &Embedded, file: &Path, text: &str) -> Result<Score, Failure> {
    let clip = read_wav(&std::fs::read(file)?)?.at_rate(8000).samples;
    let started = Instant::now();
    let segments = speech_segments(detector, &clip)?;
    let mut score = Score { replies: 1, segments: segments.len(), ..Score::default() };
    score.detecting = started.elapsed();
    score.clips = Duration::from_secs_f64(clip.len() as f64 / 8000.0);
    let mut heard = Vec::new();
    for segment in segments {
        let audio = segment_audio(&clip, segment);
        score.speech += Duration::from_secs_f64(audio.len() as f64 / 16000.0);
        let started = Instant::now();
        heard.push(engine.transcribe(&audio)?);
        score.transcribing += started.elapsed();
    }
    let errors = word_error_rate(text, &heard.join(" "));
    score.substitutions = errors.substitutions;
    score.insertions = errors.insertions;
    score.deletions = errors.deletions;
    score.words = errors.reference_words;
    Ok(score)
}

/// The folder given as argument, `GOLDENCALL_MODEL_DIR`, or one in the user's cache.
fn model_dir() -> PathBuf {
    let argument = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let named = argument.map(PathBuf::from).or_else(|| Some(std::env::var_os("GOLDENCALL_MODEL_DIR")?.into()));
    let cache = ["XDG_CACHE_HOME", "LOCALAPPDATA"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    named.unwrap_or_else(|| cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("goldencall/models"))
}

/// The most memory that this process had, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map_or("memory unknown".to_owned(), |kb| format!("{} MB at most", kb / 1024))
}
