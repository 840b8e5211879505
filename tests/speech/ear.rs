//! What the audio says about words that differ, by the real recogniser.

use goldencall::internals::expect::{Doubt, Fit};
use goldencall::internals::media::read_wav;
use goldencall::internals::speech::{CommandConfig, CommandTranscriber, Transcriber, segment_audio};

use super::engine;
use crate::support::corpus;

/// The speech of a clip as a call hands it to the recogniser.
fn audio(clip: &[i16]) -> Vec<f32> {
    segment_audio(clip, 0..clip.len())
}

/// A recording of `benches/names`.
fn spoken(name: &str) -> Vec<i16> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/names").join(name);
    read_wav(&std::fs::read(path).unwrap()).unwrap().at_rate(8000).samples
}

fn doubt(text: &str, heard: &str, expected: &str) -> Doubt {
    let start = text.find(heard).unwrap_or_else(|| panic!("no {heard:?} in {text:?}"));
    Doubt { heard: start..start + heard.len(), expected: expected.to_owned() }
}

/// What was heard in the place of the name that a voice says, and how well its audio fits another word there.
fn fit(voice: &str, said: &str, expected: &str) -> (String, Fit) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/names");
    let prompts = std::fs::read_to_string(folder.join("prompts.tsv")).unwrap();
    let found = prompts.lines().enumerate().find(|(_, line)| line.split('\t').nth(1) == Some(said));
    let (number, line) = found.unwrap_or_else(|| panic!("{said} is not in the prompts"));
    let audio = audio(&spoken(&format!("{voice}_{number:02}.wav")));
    let text = engine().transcribe(&audio).unwrap();
    let place = line.split_whitespace().position(|word| word.starts_with("{}")).unwrap();
    let word = text.split_whitespace().nth(place).unwrap().trim_matches(|c: char| !c.is_alphanumeric());
    let fits = engine().compare(&audio, &text, &[doubt(&text, word, expected)]).unwrap();
    (text.clone(), fits[0].unwrap_or_else(|| panic!("no answer: {text}")))
}

#[test]
fn a_misheard_name_is_forgiven_and_a_wrong_one_is_not() {
    for (voice, said, wrong) in [("hibari", "Celebrex", "Celexa"), ("joe", "Okonkwo", "Okafor"), ("joe", "Peugeot", "Pinto")] {
        let (text, right) = fit(voice, said, said);
        assert!(!text.contains(said), "{said} was heard right: {text}");
        assert!(right.allows(), "{said}: {text} {right:?}");
        let (text, wrong) = fit(voice, said, wrong);
        assert!(!wrong.allows(), "{said}: {text} {wrong:?}");
    }
}

#[test]
fn what_was_heard_fits_as_well_as_itself() {
    let (mut words, mut equal) = (0, 0);
    for clip in ["hibari_00.wav", "hibari_12.wav", "joe_21.wav", "joe_12.wav"] {
        let audio = audio(&corpus(clip));
        let text = engine().transcribe(&audio).unwrap();
        let heard: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect();
        let doubts: Vec<Doubt> = heard.iter().map(|word| doubt(&text, word, word)).collect();
        let fits = engine().compare(&audio, &text, &doubts).unwrap();
        words += fits.len();
        equal += fits.iter().flatten().filter(|fit| fit.advantage.abs() < 1e-9).count();
    }
    assert!(equal * 100 >= words * 95, "{equal} of {words} words are spelled as the recogniser spells them");
}

#[test]
fn audio_that_is_forgotten_is_heard_again() {
    let audio = audio(&corpus("joe_12.wav"));
    let known = {
        let text = engine().transcribe(&audio).unwrap();
        let word = text.split_whitespace().next().unwrap().to_owned();
        (engine().compare(&audio, &text, &[doubt(&text, &word, "Boston")]).unwrap(), text, word)
    };
    let files = goldencall::internals::speech::ModelStore::new(crate::support::store_dir());
    let files = files.ensure(goldencall::internals::speech::ModelId::MoonshineBaseEn, &mut |_| ()).unwrap();
    let other = goldencall::internals::speech::Embedded::load(&files).unwrap();
    let (fits, text, word) = known;
    assert_eq!(other.compare(&audio, &text, &[doubt(&text, &word, "Boston")]).unwrap(), fits);
    // A text that is not that of the audio has no answer.
    assert_eq!(other.compare(&audio, "Something else.", &[doubt("Something else.", "else", "more")]).unwrap(), [None]);
}

#[test]
fn long_speech_is_asked_about_piece_by_piece() {
    let clip: Vec<i16> = (0..9).flat_map(|number| corpus(&format!("hibari_{number:02}.wav"))).collect();
    assert!(clip.len() > 27 * 8000);
    let audio = audio(&clip);
    let text = engine().transcribe(&audio).unwrap();
    let last = text.trim_end_matches('.').rsplit(' ').next().unwrap();
    let start = text.rfind(last).unwrap();
    let late = Doubt { heard: start..start + last.len(), expected: "Boston".to_owned() };
    let across = Doubt { heard: 0..text.len(), expected: "Boston".to_owned() };
    let fits = engine().compare(&audio, &text, &[late, across]).unwrap();
    assert!(fits[0].is_some_and(|fit| !fit.allows()), "{fits:?} {text}");
    assert_eq!(fits[1], None);
}

#[test]
fn other_engines_say_that_they_cannot_be_asked() {
    let config = CommandConfig { program: "true".to_owned(), args: vec![], timeout: std::time::Duration::from_secs(2) };
    let engine = CommandTranscriber::new(config);
    assert!(!engine.can_compare());
    assert_eq!(engine.compare(&[0.1; 160], "hello", &[doubt("hello", "hello", "goodbye")]).unwrap(), [None]);
}
