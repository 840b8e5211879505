//! Audio for engines outside this process.

use std::io::Cursor;

use super::error::SttError;
use crate::media::resample::MODEL_RATE;

/// 16 kHz audio (-1 to 1) as a mono 16-bit WAV file.
pub(super) fn encode(audio: &[f32]) -> Result<Vec<u8>, SttError> {
    let spec = hound::WavSpec { channels: 1, sample_rate: MODEL_RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut bytes = Cursor::new(Vec::new());
    let mut write = || -> Result<(), hound::Error> {
        let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
        for sample in audio {
            writer.write_sample((sample * 32768.0).round() as i16)?;
        }
        writer.finalize()
    };
    write().map_err(|e| SttError::Audio(e.to_string()))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_back_unchanged() {
        let clip = crate::media::wav::read(&encode(&[0.0, 0.5, -1.0, 1.0]).unwrap()).unwrap();
        assert_eq!((clip.rate, clip.samples), (16000, vec![0, 16384, -32768, 32767]));
    }
}
