//! The energy gate: finds frames in which nothing at all can be heard, so that the network need not
//! run on them.

/// Samples of one block at 8 kHz: 8 ms, so that speech which begins late in a frame opens the gate.
const BLOCK: usize = 64;
/// Mean power of a block below which nobody speaks, as a fraction of full scale: -60 dBFS.
const QUIET: f32 = 1e-6;

/// Whether every block of the frame (8 kHz, scale -1 to 1) stays below -60 dBFS, a constant offset
/// left aside.
pub(super) fn is_quiet(frame: &[f32]) -> bool {
    frame.chunks(BLOCK).all(|block| variance(block) < QUIET)
}

/// Whether nothing at all can be heard in these samples.
#[must_use]
pub fn is_silent(samples: &[i16]) -> bool {
    let floats: Vec<f32> = samples.iter().map(|sample| f32::from(*sample) / 32768.0).collect();
    is_quiet(&floats)
}

fn variance(block: &[f32]) -> f32 {
    let count = block.len().max(1) as f32;
    let mean = block.iter().sum::<f32>() / count;
    block.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_offset_and_idle_lines_are_quiet() {
        assert!(is_quiet(&[0.0; 256]));
        assert!(is_quiet(&[0.3; 256]));
        let idle: Vec<f32> = (0..256).map(|k| if k % 2 == 0 { 8.0 } else { -8.0 } / 32768.0).collect();
        assert!(is_quiet(&idle));
    }

    #[test]
    fn a_sound_late_in_the_frame_opens_the_gate() {
        let mut frame = [0.0f32; 256];
        for (k, s) in frame[230..].iter_mut().enumerate() {
            *s = 0.005 * (k as f32).sin();
        }
        assert!(!is_quiet(&frame));
    }
}
