//! How often words are judged wrongly: by their text, and by the audio where the text cannot tell.
//!
//! `cargo bench --bench matching [-- MODEL_DIR] [--audio FOLDER]`. The folder is `benches/names` or one like it: `prompts.tsv` (a
//! sentence with `{}`, what the voice says there, and another word) and `VOICE_NN.wav`, `NN` being the line from 00.
//!
//! Each recording is judged twice: against what was said, which should be accepted however it was heard, and against the sentence
//! with the other word, which should be refused. The even lines choose the thresholds, the odd lines report.

#![allow(clippy::disallowed_methods, reason = "this measures how long the work takes")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use audio_codec_algorithms::{decode_ulaw, encode_ulaw};
use goldencall::internals::expect::{Doubt, Ear, Fit, Leniency, Matcher};
use goldencall::internals::media::read_wav;
use goldencall::internals::media::{SpeechModel, word_segments};
use goldencall::internals::speech::{Embedded, ModelId, ModelStore, Transcriber, segment_audio};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Samples in a packet of 20 ms.
const FRAME: usize = 160;
/// Share of the wrong words that may pass while the thresholds are chosen.
const MOST_WRONG: f64 = 0.06;

type Failure = Box<dyn std::error::Error>;

/// What happens to the audio on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Clean,
    Noise,
    Loss,
}

const LINES: [(Line, &str); 3] = [(Line::Clean, "clean"), (Line::Noise, "noise -45 dBFS"), (Line::Loss, "1 % loss")];

/// Words that were heard where others were expected, and what the audio says about them.
#[derive(Debug)]
struct Span {
    /// The expected words are what was said: the recogniser misheard them.
    misheard: bool,
    /// Of the half by which the thresholds are chosen.
    chooses: bool,
    voice: String,
    line: Line,
    heard: String,
    expected: String,
    fit: Fit,
}

/// A whole sentence judged by `says`.
#[derive(Debug)]
struct Sentence {
    right: bool,
    line: Line,
    by_text: bool,
    by_audio: bool,
}

#[derive(Debug, Default)]
struct Results {
    spans: Vec<Span>,
    sentences: Vec<Sentence>,
    transcribing: Duration,
    comparing: Duration,
    compared: usize,
    transcribed: usize,
}

fn main() -> ExitCode {
    match texts().and_then(|()| audio()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Rates on pairs of texts: `benches/pairs.tsv`, by kind.
fn texts() -> Result<(), Failure> {
    let table = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/pairs.tsv"))?;
    let mut kinds: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut all = Counts::default();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let [verdict, kind, expected, heard] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err("pairs.tsv: four columns".into());
        };
        let accepted = Matcher::Says(expected.to_owned()).judge(heard, &Leniency::default()).met;
        for counts in [kinds.entry(kind.split('-').next().unwrap_or(kind)).or_default(), &mut all] {
            counts.add(verdict == "accept", accepted);
        }
    }
    println!("pairs of texts, judged by `says` without audio");
    println!("| kind | refused wrongly | accepted wrongly |\n|---|---|---|");
    for (kind, counts) in kinds.iter().chain([(&"all", &all)]) {
        println!("| {kind} | {} | {} |", rate(counts.refused, counts.equal), rate(counts.accepted, counts.different));
    }
    Ok(())
}

/// Wrong verdicts on pairs of texts.
#[derive(Debug, Default)]
struct Counts {
    equal: usize,
    refused: usize,
    different: usize,
    accepted: usize,
}

impl Counts {
    fn add(&mut self, equal: bool, accepted: bool) {
        self.equal += usize::from(equal);
        self.different += usize::from(!equal);
        self.refused += usize::from(equal && !accepted);
        self.accepted += usize::from(!equal && accepted);
    }
}

/// `2 of 150 (1.3 %)`.
fn rate(part: usize, all: usize) -> String {
    format!("{part} of {all} ({:.1} %)", 100.0 * part as f64 / all.max(1) as f64)
}

fn audio() -> Result<(), Failure> {
    let store = ModelStore::new(model_dir());
    let detector = SpeechModel::from_onnx(store.ensure(ModelId::SileroVad, &mut |_| ())?.read()?)?;
    let engine = Embedded::load(&store.ensure(ModelId::MoonshineBaseEn, &mut |_| ())?)?;
    let folder = option("--audio").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/names"), PathBuf::from);
    let prompts = std::fs::read_to_string(folder.join("prompts.tsv"))?;
    let prompts: Vec<Vec<&str>> = prompts.lines().map(|line| line.split('\t').collect()).collect();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "wav"));
    files.sort();
    let mut results = Results::default();
    for file in &files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let (voice, number) = name.rsplit_once('_').ok_or("a recording is called VOICE_NN.wav")?;
        let number: usize = number.parse()?;
        let [text, said, other] = prompts.get(number).ok_or("a recording without its line in prompts.tsv")?[..] else {
            return Err("prompts.tsv: three columns".into());
        };
        let clip = read_wav(&std::fs::read(file)?)?.at_rate(8000).samples;
        for (line, _) in LINES {
            let recording = over(&clip, line, number as u64);
            let Some(heard) = Heard::new(&detector, &engine, &recording, &mut results)? else { continue };
            for (misheard, word) in [(true, said), (false, other)] {
                let expected = text.replace("{}", word);
                let place = Place { misheard, word, chooses: number.is_multiple_of(2), voice, line };
                heard.judge(&engine, &expected, &place, &mut results)?;
            }
        }
    }
    report(&results);
    Ok(())
}

/// Which recording, and whether it says what is expected.
struct Place<'a> {
    misheard: bool,
    /// What is expected in the place that matters.
    word: &'a str,
    chooses: bool,
    voice: &'a str,
    line: Line,
}

/// A recording and what was heard in it.
struct Heard {
    audio: Vec<f32>,
    text: String,
}

impl Heard {
    fn new(detector: &SpeechModel, engine: &Embedded, recording: &[i16], results: &mut Results) -> Result<Option<Self>, Failure> {
        let segments = word_segments(detector, recording);
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return Ok(None) };
        let audio = segment_audio(recording, first.start..last.end);
        let started = Instant::now();
        let text = engine.transcribe(&audio)?;
        results.transcribing += started.elapsed();
        results.transcribed += 1;
        Ok(Some(Self { audio, text }))
    }

    fn judge(&self, engine: &Embedded, expected: &str, place: &Place<'_>, results: &mut Results) -> Result<(), Failure> {
        let mut doubts = differences(&self.text, expected);
        // Elsewhere in the sentence the bot was right.
        doubts.retain(|doubt| place.misheard || words(&doubt.expected).contains(&words(place.word)));
        let started = Instant::now();
        let fits = engine.compare(&self.audio, &self.text, &doubts)?;
        if !doubts.is_empty() {
            results.comparing += started.elapsed();
            results.compared += 1;
        }
        for (doubt, fit) in doubts.into_iter().zip(fits) {
            let Some(fit) = fit else { continue };
            results.spans.push(Span {
                misheard: place.misheard,
                chooses: place.chooses,
                voice: place.voice.to_owned(),
                line: place.line,
                heard: self.text.get(doubt.heard).unwrap_or_default().to_owned(),
                expected: doubt.expected,
                fit,
            });
        }
        let says = Matcher::Says(expected.to_owned());
        results.sentences.push(Sentence {
            right: place.misheard,
            line: place.line,
            by_text: says.judge(&self.text, &Leniency::default()).met,
            by_audio: self.says(engine, &says)?,
        });
        Ok(())
    }

    /// The verdict of a call: doubts are asked until there are none.
    fn says(&self, engine: &Embedded, says: &Matcher) -> Result<bool, Failure> {
        let known: RefCell<Vec<(Doubt, Fit)>> = RefCell::default();
        loop {
            let answer = |doubt: &Doubt| known.borrow().iter().find(|(other, _)| other == doubt).map(|(_, fit)| *fit);
            let judgement = says.judge(&self.text, &Leniency { ear: Ear::Audio(&answer), heard_as: None });
            if judgement.met || judgement.doubts.is_empty() {
                return Ok(judgement.met);
            }
            let fits = engine.compare(&self.audio, &self.text, &judgement.doubts)?;
            let fits = fits.into_iter().map(|fit| fit.unwrap_or(Fit::UNKNOWN));
            known.borrow_mut().extend(judgement.doubts.into_iter().zip(fits));
        }
    }
}

/// The recording after a line; lost packets are silence, as the recogniser gets them.
fn over(clip: &[i16], line: Line, seed: u64) -> Vec<i16> {
    let mut state = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let mut line_out = clip.to_vec();
    match line {
        Line::Clean => {}
        Line::Noise => {
            let amplitude = 10f32.powf(-45.0 / 20.0) * 32768.0;
            for sample in &mut line_out {
                // The sum of twelve has unit variance and a normal shape.
                let noise = (0..12).map(|_| uniform() - 0.5).sum::<f32>() * amplitude;
                *sample = (f32::from(*sample) + noise).round().clamp(-32768.0, 32767.0) as i16;
            }
        }
        Line::Loss => line_out.chunks_mut(FRAME).filter(|_| uniform() < 0.01).for_each(|frame| frame.fill(0)),
    }
    line_out.into_iter().map(|sample| decode_ulaw(encode_ulaw(sample))).collect()
}

/// The stretches of words that differ, where both texts have some.
fn differences(heard: &str, expected: &str) -> Vec<Doubt> {
    let place = |word: &str| word.as_ptr() as usize - heard.as_ptr() as usize;
    let words: Vec<&str> = heard.split_whitespace().collect();
    let wanted: Vec<&str> = expected.split_whitespace().collect();
    let keys = |words: &[&str]| -> Vec<String> { words.iter().map(|word| key(word)).collect() };
    let operations = capture_diff_slices(Algorithm::Myers, &keys(&words), &keys(&wanted));
    let doubts = operations.into_iter().filter_map(|operation| match operation {
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            let (was, wanted) = (words.get(old_index..old_index + old_len)?, wanted.get(new_index..new_index + new_len)?);
            let (first, last) = (was.first()?, was.last()?);
            let heard: Range<usize> = place(first)..place(last) + last.len();
            let digits = was.iter().chain(wanted).any(|word| word.contains(|c: char| c.is_ascii_digit()));
            (!digits).then(|| Doubt { heard, expected: wanted.join(" ") })
        }
        _ => None,
    });
    doubts.collect()
}

/// A text with a space around each of its words.
fn words(text: &str) -> String {
    format!(" {} ", text.split_whitespace().map(key).collect::<Vec<_>>().join(" "))
}

/// Words that are equal but for this are not in doubt.
fn key(word: &str) -> String {
    let word: String = word.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '\'').collect();
    match word.as_str() {
        "doctor" => "dr".to_owned(),
        "mister" => "mr".to_owned(),
        "street" => "st".to_owned(),
        "avenue" => "ave".to_owned(),
        _ => word,
    }
}

fn report(results: &Results) {
    let odd: Vec<&Span> = results.spans.iter().filter(|span| !span.chooses).collect();
    let even: Vec<&Span> = results.spans.iter().filter(|span| span.chooses).collect();
    println!("words that differ        misheard  forgiven   wrong   passed    AUC");
    for (line, name) in LINES {
        row(name, &odd.iter().copied().filter(|span| span.line == line).collect::<Vec<_>>());
    }
    let mut voices: Vec<&str> = odd.iter().map(|span| span.voice.as_str()).collect();
    voices.sort_unstable();
    voices.dedup();
    for voice in voices {
        row(voice, &odd.iter().copied().filter(|span| span.voice == voice).collect::<Vec<_>>());
    }
    row("all (odd lines)", &odd);
    row("all (even lines)", &even);
    if let Some((advantage, confidence)) = choose(&even) {
        let allows = |span: &&Span| span.fit.advantage >= advantage && span.fit.confidence <= confidence;
        println!(
            "the even lines choose an advantage of {advantage:.1} and a confidence of {confidence:.2}: {:.1} % forgiven and {:.1} % passed there, \
             {:.1} % and {:.1} % on the odd lines",
            share(&even, true, allows),
            share(&even, false, allows),
            share(&odd, true, allows),
            share(&odd, false, allows)
        );
    }
    println!("\nsentences, `says`     right  refused by text  by audio   wrong  accepted by text  by audio");
    for (line, name) in LINES {
        sentences(name, &results.sentences.iter().filter(|sentence| sentence.line == line).collect::<Vec<_>>());
    }
    sentences("all", &results.sentences.iter().collect::<Vec<_>>());
    let each = |time: Duration, count: usize| 1e3 * time.as_secs_f64() / count.max(1) as f64;
    let (transcription, comparison) = (each(results.transcribing, results.transcribed), each(results.comparing, results.compared));
    println!(
        "\na transcription takes {transcription:.0} ms, a comparison {comparison:.0} ms ({:.2} of it)",
        comparison / transcription.max(1e-9)
    );
    if std::env::args().any(|argument| argument == "--spans") {
        for span in &results.spans {
            let Span { misheard, chooses, voice, line, heard, expected, fit } = span;
            println!("{misheard}\t{chooses}\t{voice}\t{line:?}\t{heard}\t{expected}\t{:.3}\t{:.3}", fit.advantage, fit.confidence);
        }
    }
}

/// Percent of the misheard or of the wrong words that the audio allows.
fn share(spans: &[&Span], misheard: bool, allows: impl Fn(&&Span) -> bool) -> f64 {
    let those: Vec<&Span> = spans.iter().copied().filter(|span| span.misheard == misheard).collect();
    100.0 * those.iter().filter(|span| allows(span)).count() as f64 / those.len().max(1) as f64
}

fn row(name: &str, spans: &[&Span]) {
    let count = |misheard| spans.iter().filter(|span| span.misheard == misheard).count();
    let allows = |span: &&Span| span.fit.allows();
    println!(
        "{name:22} {:10} {:7.1} % {:7} {:6.1} % {:6.3}",
        count(true),
        share(spans, true, allows),
        count(false),
        share(spans, false, allows),
        area(spans)
    );
}

/// Area under the curve: how often a misheard word fits better than a wrong one.
fn area(spans: &[&Span]) -> f64 {
    let of = |misheard: bool| spans.iter().filter(move |span| span.misheard == misheard).map(|span| span.fit.advantage);
    let (mut above, mut pairs) = (0.0, 0usize);
    for right in of(true) {
        for wrong in of(false) {
            pairs += 1;
            above += if right > wrong { 1.0 } else { f64::from(u8::from(right >= wrong)) / 2.0 };
        }
    }
    above / pairs.max(1) as f64
}

/// The thresholds that forgive most of the misheard words while few wrong ones pass.
fn choose(spans: &[&Span]) -> Option<(f64, f64)> {
    let advantages = (0..60).map(|step| -6.0 + 0.1 * f64::from(step));
    let grid = advantages.flat_map(|advantage| (0..11).map(move |step| (advantage, 0.9 + 0.01 * f64::from(step))));
    let rated = grid.filter_map(|(advantage, confidence)| {
        let allows = |span: &&Span| span.fit.advantage >= advantage && span.fit.confidence <= confidence;
        let few = share(spans, false, allows) <= 100.0 * MOST_WRONG;
        few.then(|| (share(spans, true, allows), (advantage, confidence)))
    });
    rated.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, thresholds)| thresholds)
}

fn sentences(name: &str, sentences: &[&Sentence]) {
    let rate = |right: bool, is: fn(&Sentence) -> bool| {
        let those: Vec<&&Sentence> = sentences.iter().filter(|sentence| sentence.right == right).collect();
        100.0 * those.iter().filter(|sentence| is(sentence)).count() as f64 / those.len().max(1) as f64
    };
    let count = |right: bool| sentences.iter().filter(|sentence| sentence.right == right).count();
    println!(
        "{name:20} {:6} {:14.1} % {:7.1} % {:7} {:15.1} % {:7.1} %",
        count(true),
        rate(true, |sentence| !sentence.by_text),
        rate(true, |sentence| !sentence.by_audio),
        count(false),
        rate(false, |sentence| sentence.by_text),
        rate(false, |sentence| sentence.by_audio)
    );
}

/// The value of an option.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// The folder given as argument, `GOLDENCALL_MODEL_DIR`, or one in the user's cache.
fn model_dir() -> PathBuf {
    let mut arguments = std::env::args().skip(1);
    let mut named = None;
    while let Some(argument) = arguments.next() {
        if argument == "--audio" {
            arguments.next();
        } else if !argument.starts_with('-') {
            named = Some(argument);
        }
    }
    let named = named.map(PathBuf::from).or_else(|| Some(std::env::var_os("GOLDENCALL_MODEL_DIR")?.into()));
    let cache = ["XDG_CACHE_HOME", "LOCALAPPDATA"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    named.unwrap_or_else(|| cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("goldencall/models"))
}
