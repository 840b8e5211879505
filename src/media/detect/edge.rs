//! The exact place of a speech edge, from the energy around the place the network gives.
//!
//! Every function takes audio in which the way out of the speech is towards index 0; for the end of
//! a segment the caller reverses the samples.

/// Samples of a millisecond at 8 kHz.
pub(super) const MS: usize = 8;
/// Window in which energy is judged while walking: a whole half-wave pair of 50 Hz hum.
const WINDOW: usize = 10 * MS;
/// Window in which the edge is finally placed.
const FINE: usize = 20;
/// Quiet stretch that the walk crosses: a stop's closure before its burst is part of the word.
const GAP: usize = 50 * MS;
/// How far into the speech solid energy is looked for. In noise the network may hold on for most
/// of a second after the last word.
pub(super) const INWARD: usize = 1000 * MS;
/// How far out of the speech the walk goes.
const OUTWARD: usize = 250 * MS;
/// Energy over the noise that counts as sound, in decibels.
const OVER_NOISE_DB: f32 = 3.0;
/// Range below the speech's peak that belongs to it, in decibels.
const UNDER_PEAK_DB: f32 = 50.0;
/// Level below which sound does not count whatever the noise, in dBFS.
const INAUDIBLE_DBFS: f32 = -66.0;
/// The level reported for digital silence, in dBFS.
pub(super) const SILENCE_DBFS: f32 = -100.0;
const PRE_EMPHASIS: f32 = 0.9;

/// Levels in dBFS of the signal as it is and of its pre-emphasised copy, in which weak fricatives
/// stand out of low noise.
pub(super) type Levels = [f32; 2];

/// Sums of squares up to each sample, of the signal and of its pre-emphasised copy.
pub(super) struct Energy([Vec<f64>; 2]);

impl Energy {
    /// `offset` is the constant to leave aside.
    pub(super) fn new(samples: impl Iterator<Item = f32>, offset: f32) -> Self {
        let mut sums = [vec![0.0f64], vec![0.0f64]];
        let (mut totals, mut before) = ([0.0f64; 2], None);
        for sample in samples {
            let sample = sample - offset;
            let emphasised = sample - PRE_EMPHASIS * before.unwrap_or(sample);
            before = Some(sample);
            for ((sums, total), value) in sums.iter_mut().zip(&mut totals).zip([sample, emphasised]) {
                *total += f64::from(value) * f64::from(value);
                sums.push(*total);
            }
        }
        Self(sums)
    }

    fn len(&self) -> usize {
        self.0[0].len() - 1
    }

    /// Mean power of `width` samples from `at`; silence outside the audio.
    pub(super) fn level(&self, channel: usize, at: usize, width: usize) -> f32 {
        let sums = &self.0[channel];
        match (sums.get(at), sums.get(at + width)) {
            (Some(from), Some(to)) => decibels((to - from) / width as f64),
            _ => SILENCE_DBFS,
        }
    }

    /// The noise: the median of 20 ms windows. `None` below 60 ms.
    pub(super) fn noise(&self) -> Option<Levels> {
        let last = self.len().checked_sub(60 * MS)? + 40 * MS;
        let median = |channel| {
            let mut levels: Vec<f32> = (0..=last).step_by(5 * MS).map(|at| self.level(channel, at, 20 * MS)).collect();
            levels.sort_by(f32::total_cmp);
            levels[levels.len() / 2]
        };
        Some([median(0), median(1)])
    }

    fn any_above(&self, thresholds: Levels, at: usize, width: usize) -> bool {
        (0..2).any(|channel| self.level(channel, at, width) > thresholds[channel])
    }
}

fn decibels(power: f64) -> f32 {
    ((10.0 * power.log10()) as f32).max(SILENCE_DBFS)
}

/// The levels above which sound belongs to a segment of this peak (dBFS) in this noise.
pub(super) fn thresholds(noise: Levels, peak: f32) -> Levels {
    noise.map(|db| (db + OVER_NOISE_DB).max(peak - UNDER_PEAK_DB).max(INAUDIBLE_DBFS))
}

/// Which edge is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Onset,
    End,
}

impl Side {
    /// Longest stretch of windows with sound that does not count when quiet parts it from the
    /// speech. Before the speech that is a click: it fills the windows that see it. After it,
    /// speech dies away in pieces nearly as short.
    fn ignored(self) -> usize {
        match self {
            Self::Onset => WINDOW + 2 * MS,
            Self::End => WINDOW / 2,
        }
    }
}

/// The outermost sample of the speech that the network found at `start`: the first sample of sound
/// reached from there, over gaps of up to 50 ms. `offset` is left aside. Without solid energy near
/// `start` the answer is `start` itself.
pub(super) fn outermost(x: &[f32], start: usize, offset: f32, thresholds: Levels, side: Side) -> usize {
    let energy = Energy::new(x.iter().copied(), offset);
    let Some(solid) = solid_energy(&energy, start, thresholds) else {
        return start;
    };
    let window = walk_out(&energy, solid, thresholds, side.ignored());
    place(&energy, x, offset, window, thresholds)
}

/// The first place inwards from `start` where two windows in a row hold sound.
fn solid_energy(energy: &Energy, start: usize, thresholds: Levels) -> Option<usize> {
    let above = thresholds.map(|db| db + 1.0);
    (start..start + INWARD).step_by(MS).find(|at| energy.any_above(above, *at, WINDOW) && energy.any_above(above, at + WINDOW, WINDOW))
}

/// The outermost window with sound.
fn walk_out(energy: &Energy, from: usize, thresholds: Levels, ignored: usize) -> usize {
    // The speech itself is a stretch that always counts.
    let (mut outermost, mut stretch) = (from, usize::MAX / 2);
    for at in (from.saturating_sub(OUTWARD)..from).rev().step_by(MS) {
        if energy.any_above(thresholds, at, WINDOW) {
            stretch += MS;
            if stretch > ignored {
                outermost = at;
            }
        } else {
            stretch = 0;
            if outermost - at > GAP {
                break;
            }
        }
    }
    outermost
}

/// The first loud sample of the first short window with sound inside the window at `at`.
fn place(energy: &Energy, x: &[f32], offset: f32, at: usize, thresholds: Levels) -> usize {
    let fine = (at..=at + WINDOW - FINE).step_by(MS / 2).find(|at| energy.any_above(thresholds, *at, FINE));
    let Some(fine) = fine else {
        return at;
    };
    let amplitude = 10f32.powf(thresholds[0] / 20.0);
    let loud = |k: &usize| x.get(*k).is_some_and(|s| (s - offset).abs() >= amplitude);
    (fine..fine + FINE).find(loud).unwrap_or(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONSET: usize = 4321;

    /// A voice-like buzz from `ONSET` on, after whatever `before` gives.
    fn signal(before: impl Fn(usize) -> f32) -> Vec<f32> {
        let voice = |k: usize| 0.2 * (k as f32 * 0.5).sin() * if k % 64 < 40 { 1.0 } else { 0.3 };
        (0..8000).map(|k| before(k) + if k > ONSET { voice(k - ONSET) } else { 0.0 }).collect()
    }

    fn find(x: &[f32], network: usize) -> usize {
        let quiet = x.get(network.saturating_sub(4400)..network - 1200).unwrap_or_default();
        let mean = quiet.iter().sum::<f32>() / quiet.len() as f32;
        let noise = Energy::new(quiet.iter().copied(), mean).noise().unwrap();
        outermost(x, network, mean, thresholds(noise, -20.0), Side::Onset)
    }

    fn noise(k: usize) -> f32 {
        let mixed = (k as u32).wrapping_mul(2_654_435_761) ^ (k as u32).wrapping_mul(40_503) << 7;
        mixed as f32 / u32::MAX as f32 - 0.5
    }

    #[test]
    fn finds_the_first_sample_wherever_the_network_points() {
        let x = signal(|_| 0.0);
        for network in [ONSET - 800, ONSET - 100, ONSET, ONSET + 100, ONSET + 1500] {
            assert!(find(&x, network).abs_diff(ONSET) <= 2, "{network}: {}", find(&x, network));
        }
    }

    #[test]
    fn hum_offset_and_noise_do_not_move_it_far() {
        let hum = |k: usize| 0.003 * (k as f32 * std::f32::consts::TAU * 50.0 / 8000.0).sin();
        assert!(find(&signal(hum), ONSET + 300).abs_diff(ONSET) <= 16);
        assert!(find(&signal(|_| 0.1), ONSET + 300).abs_diff(ONSET) <= 2);
        assert!(find(&signal(|k| 0.02 * noise(k)), ONSET + 300).abs_diff(ONSET) <= 40);
    }

    #[test]
    fn a_click_before_the_speech_does_not_count() {
        let x = signal(|k| if k == ONSET - 320 { 0.9 } else { 0.0 });
        assert!(find(&x, ONSET + 300).abs_diff(ONSET) <= 2);
    }

    #[test]
    fn a_burst_over_a_short_gap_belongs_to_the_word() {
        let burst = |k: usize| {
            if (ONSET - 400..ONSET - 240).contains(&k) { 0.1 * noise(k) } else { 0.0 }
        };
        assert!(find(&signal(burst), ONSET + 300).abs_diff(ONSET - 400) <= 4);
    }

    #[test]
    fn without_any_energy_the_network_is_believed() {
        assert_eq!(outermost(&[0.0; 4000], 2000, 0.0, [-60.0; 2], Side::End), 2000);
        assert_eq!(outermost(&[], 0, 0.0, [-60.0; 2], Side::End), 0);
    }
}
