//! Speech detection and transcription with the real models.
//!
//! The models are fetched once into the folder named by `GOLDENCALL_MODEL_DIR`, or else into the
//! user's cache folder.

#[path = "speech/ear.rs"]
mod ear;
#[path = "speech/engines.rs"]
mod engines;
#[path = "speech/silero.rs"]
mod silero;
#[path = "speech/store.rs"]
mod store;
#[path = "speech/support.rs"]
mod support;

use std::f32::consts::TAU;
use std::sync::OnceLock;

use goldencall::internals::media::{DetectorConfig, SpeechDetector, SpeechEdge, SpeechModel, speech_segments};
use goldencall::internals::speech::{Embedded, Transcriber, segment_audio};
use goldencall::internals::speech::{ModelId, ModelStore};
use proptest::prelude::*;
use support::{corpus, mu_law, noise, percentile, store_dir, telephone, trimmed};

fn detector_model() -> SpeechModel {
    static MODEL: OnceLock<SpeechModel> = OnceLock::new();
    let load = || {
        let files = ModelStore::new(store_dir()).ensure(ModelId::SileroVad, &mut |_| ()).unwrap();
        SpeechModel::from_onnx(files.read().unwrap()).unwrap()
    };
    MODEL.get_or_init(load).clone()
}

fn engine() -> &'static Embedded {
    static ENGINE: OnceLock<Embedded> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let store = ModelStore::new(store_dir());
        Embedded::load(&store.ensure(ModelId::MoonshineBaseEn, &mut |_| ()).unwrap()).unwrap()
    })
}

fn words(samples: &[i16]) -> String {
    let segments = speech_segments(&detector_model(), samples);
    let texts = segments.into_iter().map(|s| engine().transcribe(&segment_audio(samples, s)).unwrap());
    texts.collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn edges(samples: &[i16], chunks: impl Iterator<Item = usize>) -> Vec<SpeechEdge> {
    let mut detector = SpeechDetector::new(detector_model(), DetectorConfig::default());
    let (mut rest, mut edges) = (samples, Vec::new());
    for chunk in chunks {
        let (now, later) = rest.split_at(chunk.min(rest.len()));
        edges.extend(detector.push(now));
        rest = later;
    }
    edges.extend(detector.push(rest));
    edges.extend(detector.finish());
    assert_eq!(detector.finish(), []);
    edges
}

#[test]
fn a_recorded_reply_gives_its_words() {
    assert_eq!(words(&corpus("hibari_01.wav")), "Sure, I can help you book an appointment. What day works best for you?");
    assert_eq!(words(&corpus("hibari_10.wav")).trim_end_matches(['.', ',']), "Yes");
}

#[test]
fn one_engine_serves_several_threads() {
    let clip = corpus("hibari_12.wav");
    let audio = segment_audio(&clip, 0..clip.len());
    let alone = engine().transcribe(&audio).unwrap();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| engine().transcribe(&audio).unwrap())).collect();
        for call in calls {
            assert_eq!(call.join().unwrap(), alone);
        }
    });
}

#[test]
fn no_audio_gives_no_words() {
    assert_eq!(engine().transcribe(&[]).unwrap(), "");
    assert_eq!(engine().transcribe(&[0.1; 100]).unwrap(), "");
    assert_eq!(engine().transcribe(&[0.0; 48000]).unwrap(), "");
}

/// The sum of sines (hertz), `on` seconds of every `on + off`.
fn tones(hertz: &[f32], on: f32, off: f32) -> Vec<f32> {
    let sound = |k: usize| {
        let t = k as f32 / 8000.0;
        let active = t % (on + off) < on;
        let level = if active { 0.15 } else { 0.0 };
        hertz.iter().map(|f| (TAU * f * t).sin()).sum::<f32>() * level
    };
    (0..8000 * 8).map(sound).collect()
}

fn dtmf() -> Vec<f32> {
    let (rows, columns) = ([697.0, 770.0, 852.0, 941.0], [1209.0, 1336.0, 1477.0]);
    let digit = |k: usize| {
        let t = k as f32 / 8000.0;
        let number = (t / 0.2) as usize;
        let pair: [f32; 2] = [rows[number % 4], columns[number % 3]];
        let level = if t % 0.2 < 0.1 { 0.2 } else { 0.0 };
        pair.iter().map(|f| (TAU * f * t).sin()).sum::<f32>() * level
    };
    (0..8000 * 5).map(digit).collect()
}

/// Plucked chords with overtones over a bass, two a second.
fn music() -> Vec<f32> {
    let chords = [[261.6, 329.6, 392.0], [220.0, 277.2, 329.6], [174.6, 220.0, 261.6], [196.0, 246.9, 293.7]];
    let sound = |k: usize| {
        let t = k as f32 / 8000.0;
        let chord = chords[(t * 2.0) as usize % chords.len()];
        let pluck = (-(t % 0.5) * 5.0).exp();
        let strings = chord.iter().flat_map(|f| (1..5).map(move |n| (TAU * f * n as f32 * t).sin() / n as f32));
        0.08 * pluck * strings.sum::<f32>() + 0.05 * (TAU * chord[0] / 2.0 * t).sin()
    };
    (0..8000 * 10).map(sound).collect()
}

#[test]
fn no_words_are_heard_where_nobody_speaks() {
    let cases = [
        ("silence", vec![0.0; 40000]),
        ("ring-back tone", tones(&[440.0, 480.0], 2.0, 4.0)),
        ("European ring-back tone", tones(&[425.0], 1.0, 4.0)),
        ("busy tone", tones(&[480.0, 620.0], 0.5, 0.5)),
        ("fax calling tone", tones(&[1100.0], 0.5, 3.0)),
        ("hum", tones(&[50.0, 100.0], 10.0, 0.0)),
        ("DTMF", dtmf()),
        ("white noise -30 dBFS", noise(64000, -30.0, 1)),
        ("white noise -40 dBFS", noise(64000, -40.0, 2)),
        ("music", music()),
    ];
    for (name, sound) in cases {
        assert_eq!(words(&telephone(&sound)), "", "{name}");
    }
}

/// Where the detector puts the outer edges of a clip with 1 s of line before it and 1.2 s after
/// it, in milliseconds off the truth.
fn edge_errors(clip: &[i16], line: Option<f32>, seed: u64) -> (f64, f64) {
    let lead = 8000 + (seed as usize * 613) % 4800;
    let mut sound = vec![0.0f32; lead];
    sound.extend(clip.iter().map(|s| f32::from(*s) / 32768.0));
    sound.resize(lead + clip.len() + 9600, 0.0);
    if let Some(level) = line {
        sound.iter_mut().zip(noise(lead + clip.len() + 9600, level, seed + 1)).for_each(|(s, n)| *s += n);
    }
    let segments = speech_segments(&detector_model(), &telephone(&sound));
    let (first, last) = (segments.first().unwrap(), segments.last().unwrap());
    let ms = |found: usize, truth: usize| (found as f64 - truth as f64) / 8.0;
    (ms(first.start, lead), ms(last.end, lead + clip.len()))
}

#[test]
fn edges_are_right_to_the_sample_on_a_clean_line() {
    let names = (0..44).step_by(4).flat_map(|n| [format!("hibari_{n:02}.wav"), format!("joe_{n:02}.wav")]);
    let errors: Vec<_> = names.map(|name| edge_errors(&trimmed(&corpus(&name)), None, 7)).collect();
    assert!(percentile(errors.iter().map(|e| e.0.abs()), 0.95) <= 1.0, "onsets: {errors:?}");
    assert!(percentile(errors.iter().map(|e| e.1.abs()), 0.5) <= 1.0, "ends: {errors:?}");
}

#[test]
fn onsets_stay_close_in_noise() {
    let names = (0..44).step_by(5).map(|n| format!("hibari_{n:02}.wav"));
    let errors: Vec<_> = (0..).zip(names).map(|(k, name)| edge_errors(&trimmed(&corpus(&name)), Some(-50.0), k).0).collect();
    assert!(percentile(errors.iter().map(|e| e.abs()), 0.5) <= 10.0, "{errors:?}");
}

#[test]
fn speech_is_announced_soon_and_ended_once() {
    let clip = trimmed(&corpus("hibari_14.wav"));
    let mut line = vec![0i16; 12345];
    line.extend(mu_law(&clip));
    line.resize(line.len() + 8000, 0);
    let mut detector = SpeechDetector::new(detector_model(), DetectorConfig::default());
    let mut seen = Vec::new();
    for (k, frame) in line.chunks(160).enumerate() {
        seen.extend(detector.push(frame).into_iter().map(|edge| ((k + 1) * 160, edge)));
    }
    let [
        (known, SpeechEdge::Started { onset }),
        ..,
        (paused, SpeechEdge::Paused { words_end, .. }),
        (ended, SpeechEdge::Ended { onset: again, end, words_end: same, noise_dbfs }),
    ] = seen[..]
    else {
        panic!("{seen:?}");
    };
    assert_eq!((onset, again, words_end), (12345, onset, same));
    let after = |at: usize| at - 12345 - clip.len();
    assert!(after(paused) <= 230 * 8 && after(ended) >= 300 * 8, "known {} and {} samples after the end", after(paused), after(ended));
    assert!(same.abs_diff(end) <= 160);
    assert!(known - 12345 <= 200 * 8, "known after {} samples", known - 12345);
    assert!(end.abs_diff(12345 + clip.len() as u64) < 80);
    assert_eq!(noise_dbfs, -100.0);
}

#[test]
fn speech_under_way_at_the_start_and_at_the_end_is_found() {
    let clip = trimmed(&corpus("hibari_14.wav"));
    let part = &clip[2000..clip.len() - 3000];
    let segments = speech_segments(&detector_model(), part);
    assert!(segments[0].start < 400, "{segments:?}");
    assert!(segments.last().unwrap().end + 400 > part.len(), "{segments:?}");
}

#[test]
fn an_offset_and_a_click_do_not_move_the_onset() {
    let clip = trimmed(&corpus("hibari_05.wav"));
    let mut line = vec![0i16; 16000];
    line.extend(&clip);
    line.resize(line.len() + 8000, 0);
    line[15000] = 25000;
    let shifted: Vec<i16> = line.iter().map(|s| s.saturating_add(300)).collect();
    for line in [line, shifted] {
        let onset = speech_segments(&detector_model(), &line)[0].start;
        assert!(onset.abs_diff(16000) <= 8, "onset at {onset}");
    }
}

#[test]
fn a_line_that_opens_with_noise_is_not_speech() {
    for seed in 0..40 {
        let opening = telephone(&noise(4000, -40.0, seed));
        assert_eq!(edges(&opening, std::iter::empty()), [], "seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn edges_do_not_depend_on_the_chunks(
        clip in 0usize..44,
        sizes in prop::collection::vec(1usize..3000, 1..40),
        level in prop::option::of(-60.0f32..-35.0),
    ) {
        let mut sound: Vec<f32> = corpus(&format!("joe_{clip:02}.wav")).iter().map(|s| f32::from(*s) / 32768.0).collect();
        if let Some(level) = level {
            let line = noise(sound.len(), level, 3);
            sound.iter_mut().zip(line).for_each(|(s, n)| *s += n);
        }
        let line = telephone(&sound);
        prop_assert_eq!(edges(&line, std::iter::empty()), edges(&line, sizes.into_iter().cycle().take(2000)));
    }
}
