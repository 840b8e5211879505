//! Whether a caller's recording can be played. Nothing else in parsing reads other files.

use std::io::ErrorKind;
use std::path::Path;

use super::problem::suggestion;

/// Why a recording cannot be played, and what to do.
#[derive(Debug)]
pub(crate) struct Unplayable {
    pub message: String,
    pub help: String,
}

/// Reads the recording and drops it: a bad file must be found before the call.
pub(crate) fn playable(path: &Path) -> Result<(), Unplayable> {
    let shown = path.display();
    let bytes = match std::fs::read(path) {
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
    match crate::media::wav::read(&bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(Unplayable { message: format!("{shown} cannot be played"), help: error.to_string() }),
    }
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
