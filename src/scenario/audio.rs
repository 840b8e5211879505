//! Whether a caller's recording can be played. Nothing else in parsing reads other files.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::problem::suggestion;
use crate::files;
use crate::lock::lock;
use crate::media::wav::{self, Channel, Clip};

/// Why a recording cannot be played, and what to do.
#[derive(Debug)]
pub(crate) struct Unplayable {
    pub message: String,
    pub help: String,
}

/// Reads the recording and drops it: a bad file must be found before the call.
pub(crate) fn playable(path: &Path, channel: Option<Channel>) -> Result<(), Unplayable> {
    let shown = path.display();
    let bytes = match files::read(path, files::MOST_AUDIO) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing(path)),
        Err(_) if path.is_dir() => {
            return Err(Unplayable {
                message: format!("{shown} is a folder"),
                help: "write the path of a WAV file in that folder".to_owned(),
            });
        }
        Err(error) => {
            return Err(Unplayable {
                message: format!("cannot read {shown}: {error}"),
                help: "write the path of a WAV file, relative to this scenario file".to_owned(),
            });
        }
    };
    match wav::read_speaker(&bytes, channel) {
        Ok(clip) => audible(&clip).map_err(|why| Unplayable { message: format!("{shown} {}", why.message), help: why.help }),
        Err(error) => Err(Unplayable { message: format!("{shown} cannot be played"), help: error.to_string() }),
    }
}

/// Recordings that can be played: each is looked at once, however many scenarios play it.
#[derive(Clone, Debug, Default)]
pub struct Playables(Arc<Mutex<HashSet<Played>>>);

/// A recording and the side of it that is played.
type Played = (PathBuf, Option<Channel>);

impl Playables {
    /// Looks at a recording unless it was found to be playable before.
    pub(super) fn check(&self, path: &Path, channel: Option<Channel>) -> Result<(), Unplayable> {
        let key = (path.to_owned(), channel);
        if !lock(&self.0).contains(&key) {
            playable(path, channel)?;
            lock(&self.0).insert(key);
        }
        Ok(())
    }
}

/// A bot cannot hear a caller whose recording is shorter than this, in seconds.
const SHORTEST: f64 = 0.1;
/// In decibels below full scale: no speech detector hears a caller whose loudest moments are below.
const FAINTEST: f64 = -50.0;
/// Samples at full scale, to hear no clipping in the speech of the loudest caller.
const MOST_CLIPPED: f64 = 0.01;
/// Full scale, as G.711 has it too.
const FULL_SCALE: u16 = 32_100;
/// The loudness of speech is that of the loudest stretch of this length, in seconds.
const STRETCH: f64 = 0.2;

/// Whether a bot could hear what is in the recording.
fn audible(clip: &Clip) -> Result<(), Unplayable> {
    let unplayable = |message: String, help: &str| Err(Unplayable { message, help: help.to_owned() });
    let (count, seconds) = (clip.samples.len(), clip.seconds());
    if seconds < SHORTEST {
        let samples = if count == 1 { "1 sample".to_owned() } else { format!("{count} samples") };
        return unplayable(format!("holds only {samples} ({:.1} ms)", seconds * 1000.0), "record the caller again");
    }
    let Some(level) = loudest(clip) else {
        return unplayable("is silent: every sample is zero".to_owned(), "record the caller again; for silence, write `silence: 2s`");
    };
    if level < FAINTEST {
        let message = format!("is nearly silent: its loudest {:.0} ms have {level:.0} dBFS", STRETCH * 1000.0);
        return unplayable(message, "raise its level: callers speak at about -26 dBFS");
    }
    let clipped = clip.samples.iter().filter(|sample| sample.unsigned_abs() >= FULL_SCALE).count() as f64 / count as f64;
    if clipped > MOST_CLIPPED {
        let message = format!(
            "is clipped: {:.1} % of its samples are at full scale (0 dBFS), {level:.0} dBFS on average where it is loudest",
            clipped * 100.0
        );
        return unplayable(message, "record it again at a lower level: callers speak at about -26 dBFS");
    }
    Ok(())
}

/// The level of the loudest stretch in dBFS; `None` where there is no sound at all.
fn loudest(clip: &Clip) -> Option<f64> {
    let stretch = ((f64::from(clip.rate) * STRETCH) as usize).max(1);
    let power = |part: &[i16]| part.iter().map(|sample| (f64::from(*sample) / 32_768.0).powi(2)).sum::<f64>() / part.len() as f64;
    let most = clip.samples.chunks(stretch).map(power).fold(0.0, f64::max);
    (most > 0.0).then(|| 10.0 * most.log10())
}

fn missing(path: &Path) -> Unplayable {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let files = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let files = files.into_iter().flatten().flatten();
    let names: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let help = match suggestion(&name, &names) {
        Some(best) => format!("did you mean `{best}`? The path is relative to this scenario file"),
        None => "write the path relative to this scenario file".to_owned(),
    };
    Unplayable { message: format!("no such file: {}", path.display()), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: Vec<i16>) -> String {
        audible(&Clip { rate: 8000, samples }).map_or_else(|why| format!("{}; {}", why.message, why.help), |()| "audible".to_owned())
    }

    fn tone(amplitude: f64) -> Vec<i16> {
        (0..8000).map(|k| ((f64::from(k) * 0.3).sin() * amplitude).clamp(-32_768.0, 32_767.0) as i16).collect()
    }

    #[test]
    fn a_caller_who_cannot_be_heard_is_named_with_the_level() {
        let quiet_but_for_a_word = [vec![0; 16_000], tone(600.0)].concat();
        let all =
            [vec![0; 8000], tone(20.0), vec![500], vec![500; 799], tone(100_000.0), tone(3000.0), tone(32_000.0), quiet_but_for_a_word];
        insta::assert_snapshot!(all.map(check).join("\n"), @"
        is silent: every sample is zero; record the caller again; for silence, write `silence: 2s`
        is nearly silent: its loudest 200 ms have -68 dBFS; raise its level: callers speak at about -26 dBFS
        holds only 1 sample (0.1 ms); record the caller again
        holds only 799 samples (99.9 ms); record the caller again
        is clipped: 79.2 % of its samples are at full scale (0 dBFS), -1 dBFS on average where it is loudest; record it again at a lower level: callers speak at about -26 dBFS
        audible
        audible
        audible
        ");
    }

    #[test]
    fn every_caller_of_the_project_can_be_heard() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("audio/caller");
        for file in std::fs::read_dir(folder).expect("folder").flatten() {
            assert!(playable(&file.path(), None).is_ok(), "{:?}", playable(&file.path(), None));
        }
    }
}
