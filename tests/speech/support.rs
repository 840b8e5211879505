//! Audio and folders for the speech tests.

use std::path::{Path, PathBuf};

use audio_codec_algorithms::{decode_ulaw, encode_ulaw};
use goldencall::internals::media::read_wav;

/// The folder of models: `GOLDENCALL_MODEL_DIR`, or one in the user's cache.
pub fn store_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("GOLDENCALL_MODEL_DIR") {
        return dir.into();
    }
    let cache = ["XDG_CACHE_HOME", "LOCALAPPDATA"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("goldencall/models")
}

/// A clip of the bench corpus at 8 kHz.
pub fn corpus(name: &str) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/corpus").join(name);
    read_wav(&std::fs::read(path).unwrap()).unwrap().at_rate(8000).samples
}

/// The clip without the zeros around it: its edges are the truth.
pub fn trimmed(clip: &[i16]) -> Vec<i16> {
    let first = clip.iter().position(|s| *s != 0).unwrap();
    let last = clip.iter().rposition(|s| *s != 0).unwrap();
    clip[first..=last].to_vec()
}

/// What a G.711 line leaves of samples.
pub fn mu_law(samples: &[i16]) -> Vec<i16> {
    samples.iter().map(|s| decode_ulaw(encode_ulaw(*s))).collect()
}

/// Sound (-1 to 1) after a G.711 line.
pub fn telephone(sound: &[f32]) -> Vec<i16> {
    let pcm: Vec<i16> = sound.iter().map(|s| (s * 32768.0).round() as i16).collect();
    mu_law(&pcm)
}

/// White noise of a level in dBFS.
pub fn noise(length: usize, dbfs: f32, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let amplitude = 10f32.powf(dbfs / 20.0);
    // The sum of twelve has unit variance and a normal shape.
    (0..length).map(|_| amplitude * (0..12).map(|_| uniform()).sum::<f32>()).collect()
}

/// A percentile by nearest rank.
pub fn percentile(values: impl Iterator<Item = f64>, at: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at).round() as usize]
}

/// A shell script that can be run.
#[cfg(unix)]
pub fn script(path: &Path, lines: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{lines}")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}
