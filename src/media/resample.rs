//! Sample-rate conversion in which every delay is known and already subtracted: output sample `k`
//! is the input at time `k / rate`.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// Rate of the telephone network and of the speech detector's input, in hertz.
pub const TELEPHONE_RATE: u32 = 8_000;
/// Rate that the neural models take, in hertz.
pub const MODEL_RATE: u32 = 16_000;

/// Converts a whole clip. The result lasts as long as the input (rounded up to a whole sample);
/// equal rates give the samples unchanged; a rate of zero gives nothing.
#[must_use]
pub fn to_rate(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to {
        return samples.to_vec();
    }
    let floats: Vec<f32> = samples.iter().copied().map(f32::from).collect();
    // `as` saturates: a filter may overshoot a full-scale edge.
    convert(&floats, from, to).into_iter().map(|s| s.round() as i16).collect()
}

/// Converts a whole clip to what the recognisers take: 16 kHz, -1 to 1.
#[must_use]
pub fn to_f32_16k(samples: &[i16], from: u32) -> Vec<f32> {
    let floats: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32768.0).collect();
    if from == MODEL_RATE {
        return floats;
    }
    convert(&floats, from, MODEL_RATE)
}

/// Input frames of one step of the converter, at least: long enough for a steep filter.
const STEP: u32 = 1024;

fn convert(input: &[f32], from: u32, to: u32) -> Vec<f32> {
    let run = || {
        let (step, window) = (step(from, to)?, WindowFunction::BlackmanHarris2);
        let (from, to) = (from as usize, to as usize);
        let mut resampler = Fft::<f32>::new_custom(from, to, step, 1, 1, window, FixedSync::Input).ok()?;
        let buffer = InterleavedSlice::new(input, 1, input.len()).ok()?;
        let output = resampler.process_all(&buffer, input.len(), None).ok()?;
        let mut output = output.take_data();
        // The converter rounds the length in floating point, which may be one sample off.
        output.resize((input.len() * to).div_ceil(from), 0.0);
        Some(output)
    };
    // The converter refuses only a rate of zero and an empty clip: neither has any audio.
    run().unwrap_or_default()
}

/// A step whose half is a whole number of samples at both rates: the converter delays by half a
/// step and subtracts whole samples only.
fn step(from: u32, to: u32) -> Option<usize> {
    let (mut divisor, mut rest) = (from, to);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let unit = from.checked_div(divisor)?.checked_mul(2)?;
    Some((unit.max(1) * STEP.div_ceil(unit.max(1))) as usize)
}

/// Taps on each side of the half-band filter.
const HALF: usize = 16;

/// Doubles 8 kHz to 16 kHz as the samples come.
///
/// An interpolating half-band filter: the even output samples are the input itself, the odd ones
/// lie between. Output samples `2k` and `2k + 1` belong to input sample `k` and are given out as
/// soon as input sample `k + 16` is there ([`Upsampler::LOOKAHEAD`]), so nothing is shifted in time.
#[derive(Debug, Clone)]
pub struct Upsampler {
    taps: [f32; 2 * HALF],
    window: [f32; 2 * HALF],
}

impl Default for Upsampler {
    fn default() -> Self {
        Self::new()
    }
}

impl Upsampler {
    /// Input samples that must follow a sample before its two output samples are known: 2 ms.
    pub const LOOKAHEAD: usize = HALF;

    /// A converter at the start of a stream, with silence before it.
    #[must_use]
    pub fn new() -> Self {
        Self { taps: half_band(), window: [0.0; 2 * HALF] }
    }

    /// Takes input sample `n` (scale -1 to 1) and gives the two output samples of input sample
    /// `n - LOOKAHEAD` (those before the start of the stream are silence).
    pub fn push(&mut self, sample: f32) -> [f32; 2] {
        self.window.rotate_left(1);
        self.window[2 * HALF - 1] = sample;
        let between = self.window.iter().zip(&self.taps).map(|(x, h)| x * h).sum();
        [self.window[HALF - 1], between]
    }
}

/// Hann-windowed sinc at the points half a sample away from the input's, with unit gain.
fn half_band() -> [f32; 2 * HALF] {
    use std::f32::consts::PI;
    let mut taps = [0.0f32; 2 * HALF];
    for (k, tap) in taps.iter_mut().enumerate() {
        let t = k as f32 - HALF as f32 + 0.5;
        *tap = (0.5 + 0.5 * (PI * t / HALF as f32).cos()) * (PI * t).sin() / (PI * t);
    }
    let gain: f32 = taps.iter().sum();
    taps.map(|tap| tap / gain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    fn tone(rate: u32, hertz: f32, seconds: f32) -> Vec<f32> {
        (0..(rate as f32 * seconds) as usize).map(|k| (TAU * hertz * k as f32 / rate as f32).sin()).collect()
    }

    fn pcm(x: &[f32]) -> Vec<i16> {
        x.iter().map(|s| (s * 16000.0) as i16).collect()
    }

    #[test]
    fn keeps_time_and_level_at_every_rate() {
        for from in [8000, 11025, 16000, 22050, 24000, 44100, 48000] {
            for to in [8000, 16000, 48000] {
                let input = pcm(&tone(from, 440.0, 0.5));
                let got = to_rate(&input, from, to);
                let want = pcm(&tone(to, 440.0, 0.5));
                let length = (input.len() * to as usize).div_ceil(from as usize);
                assert_eq!(got.len(), length, "{from} to {to}");
                let middle = to as usize / 10..to as usize * 4 / 10;
                let worst = middle.map(|k| (got[k] - want[k]).abs()).max().unwrap();
                assert!(worst < 60, "{from} to {to}: {worst}");
            }
        }
    }

    #[test]
    fn an_impulse_stays_where_it_is() {
        let mut x = vec![0i16; 4000];
        x[1234] = 20000;
        let y = to_f32_16k(&x, 8000);
        let peak = (0..y.len()).max_by(|a, b| y[*a].total_cmp(&y[*b])).unwrap();
        assert_eq!((peak, y.len()), (2468, 8000));
    }

    #[test]
    fn degenerate_input_is_harmless() {
        assert!(to_rate(&[], 8000, 16000).is_empty());
        assert!(to_rate(&[1, 2, 3], 0, 8000).is_empty());
        assert_eq!(to_rate(&[5], 8000, 16000).len(), 2);
        assert_eq!(to_rate(&[1, 2, 3], 8000, 8000), [1, 2, 3]);
        let full = vec![i16::MAX; 800];
        assert!(to_rate(&full, 8000, 48000).iter().all(|s| *s > 0));
    }

    #[test]
    fn the_streaming_converter_is_not_shifted() {
        let x = tone(8000, 700.0, 0.2);
        let mut up = Upsampler::new();
        let y: Vec<f32> = x.iter().flat_map(|s| up.push(*s)).collect();
        let want = tone(16000, 700.0, 0.2);
        for k in 200..2000 {
            let error = (y[k + 2 * Upsampler::LOOKAHEAD] - want[k]).abs();
            assert!(error < 1e-2, "sample {k}: {error}");
        }
    }
}
