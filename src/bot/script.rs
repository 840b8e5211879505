//! The bot's scripts and recordings: built in, or from a user's file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use thiserror::Error;

use crate::files;
use crate::media::wav;
use crate::scenario::{Part, Problems, Script, Source};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/audio/bot");

/// Why the bot cannot start.
#[derive(Debug, Error)]
pub enum BotError {
    /// The script file has mistakes.
    #[error("{} has mistakes", .0.source.path.display())]
    Script(Box<Problems>),
    /// A file cannot be used.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// No script of this name.
    #[error("the sample bot has no script `{name}`; it has {known}")]
    NoScript {
        /// As asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The port.
    #[error("the sample bot cannot listen on {address}: {message}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        message: String,
    },
}

/// Scripts and every recording they use, at 8 kHz.
#[derive(Clone, Debug)]
pub struct Library {
    scripts: Arc<[Script]>,
    audio: Arc<HashMap<String, Arc<[i16]>>>,
}

impl Library {
    /// The scripts of a file, or the built-in ones.
    ///
    /// # Errors
    /// A script with mistakes or a recording that cannot be played.
    pub fn load(file: Option<&Path>) -> Result<Self, BotError> {
        let source = match file {
            Some(path) => Source { path: path.to_owned(), text: read_text(path)?.into() },
            None => Source { path: "scripts.yaml".into(), text: built_in_text().into() },
        };
        let scripts = Script::parse(&Arc::new(source)).map_err(|problems| BotError::Script(Box::new(problems)))?;
        let folder = file.and_then(Path::parent);
        let mut audio = HashMap::new();
        for name in scripts.iter().flat_map(names) {
            if !audio.contains_key(name) {
                audio.insert(name.to_owned(), read_audio(folder.filter(|_| file.is_some()), name)?);
            }
        }
        Ok(Self { scripts: scripts.into(), audio: Arc::new(audio) })
    }

    /// The script of this name; the first one where the name is empty.
    ///
    /// # Errors
    /// There is none.
    pub fn script(&self, name: &str) -> Result<&Script, BotError> {
        let found = if name.is_empty() { self.scripts.first() } else { self.scripts.iter().find(|script| script.name == name) };
        found.ok_or_else(|| BotError::NoScript {
            name: name.to_owned(),
            known: self.scripts.iter().map(|script| script.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The names of the scripts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.scripts.iter().map(|script| script.name.as_str())
    }

    pub(super) fn samples(&self, part: &Part) -> Vec<i16> {
        match part {
            Part::Audio(name) => self.audio.get(name).map(|samples| samples.to_vec()).unwrap_or_default(),
            Part::Pause(length) => vec![0; usize::try_from(length.as_millis() * 8).unwrap_or(0)],
        }
    }
}

fn names(script: &Script) -> impl Iterator<Item = &str> {
    let parts = script
        .replies
        .iter()
        .chain(script.keys.iter().map(|(_, reply)| reply))
        .flat_map(|reply| reply.parts.iter().chain(reply.wrong.iter().flatten()));
    parts.filter_map(|part| match part {
        Part::Audio(name) => Some(name.as_str()),
        Part::Pause(_) => None,
    })
}

fn built_in_text() -> &'static str {
    BUILT_IN.get_file("scripts.yaml").and_then(|file| file.contents_utf8()).unwrap_or_default()
}

fn read_text(path: &Path) -> Result<String, BotError> {
    files::read_text(path, files::MOST_TEXT).map_err(|error| BotError::File { path: path.to_owned(), message: error.to_string() })
}

fn read_audio(folder: Option<&Path>, name: &str) -> Result<Arc<[i16]>, BotError> {
    let path = folder.unwrap_or(Path::new("")).join(name);
    let fail = |message: String| BotError::File { path: path.clone(), message };
    let bytes = match (folder, BUILT_IN.get_file(name)) {
        (None, Some(file)) => file.contents().to_vec(),
        _ => files::read(&path, files::MOST_AUDIO).map_err(|error| fail(error.to_string()))?,
    };
    let clip = wav::read(&bytes).map_err(|error| fail(error.to_string()))?;
    Ok(clip.at_rate(8000).samples.into())
}

impl Library {
    /// One recording of the library, for measuring a recogniser on real speech.
    pub fn sample(&self) -> Vec<i16> {
        self.audio.get("booking-greeting.wav").or_else(|| self.audio.values().next()).map(|samples| samples.to_vec()).unwrap_or_default()
    }
}
