//! The bot's speech detection: by energy only, and independent of the tester's.

/// Mean absolute level above which a 5 ms stretch is speech (about -46 dBFS).
const LEVEL: i32 = 160;
const STRETCH: usize = 40;
/// Level of a sample that still belongs to a word's decay.
const AUDIBLE: i16 = 40;
/// How long a word may decay.
const DECAY_NS: i64 = 300_000_000;
/// Speech shorter than this is a click.
const LEAST_NS: i64 = 60_000_000;

/// Follows the caller's speech.
#[derive(Debug, Default)]
pub(super) struct SpeechDetector {
    start: Option<i64>,
    /// Just after the last loud sample heard.
    end: i64,
    /// Just after the last audible one.
    audible: i64,
}

impl SpeechDetector {
    /// Takes samples of which the first was received at `at` (nanoseconds).
    pub fn push(&mut self, samples: &[i16], at: i64) {
        for (index, stretch) in samples.chunks(STRETCH).enumerate() {
            let offset = |sample: usize| at + (index * STRETCH + sample) as i64 * 125_000;
            if let Some(last) = stretch.iter().rposition(|sample| sample.unsigned_abs() > AUDIBLE.unsigned_abs()) {
                self.audible = offset(last + 1);
            }
            let sum: i32 = stretch.iter().map(|sample| i32::from(*sample).abs()).sum();
            if sum / stretch.len().max(1) as i32 <= LEVEL {
                continue;
            }
            self.start.get_or_insert(offset(0));
            self.end = self.audible;
        }
    }

    /// The start of speech that goes on and is longer than a click.
    pub fn speaking(&self, now: i64) -> Option<i64> {
        self.start.filter(|start| self.end - start >= LEAST_NS && now - self.end < 200_000_000)
    }

    /// The end of the caller's speech, once it has been quiet for so long; a click is forgotten.
    pub fn ended(&mut self, now: i64, quiet: i64) -> Option<i64> {
        let start = self.start?;
        if now - self.end < quiet {
            return None;
        }
        self.start = None;
        let end = if self.audible - self.end <= DECAY_NS { self.audible.max(self.end) } else { self.end };
        (self.end - start >= LEAST_NS).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_the_end_of_speech_to_the_sample() {
        let mut detector = SpeechDetector::default();
        for packet in 0..10 {
            let mut samples = [0_i16; 160];
            if packet < 5 {
                samples.fill(2000);
            }
            if packet == 5 {
                samples[..40].fill(2000);
            }
            detector.push(&samples, packet * 20_000_000);
        }
        assert_eq!(detector.ended(200_000_000, 200_000_000), None);
        assert_eq!(detector.ended(400_000_000, 200_000_000), Some(105_000_000));
        assert_eq!(detector.ended(900_000_000, 200_000_000), None);
    }

    #[test]
    fn a_click_is_not_speech() {
        let mut detector = SpeechDetector::default();
        detector.push(&[9000; 40], 0);
        assert_eq!(detector.ended(1_000_000_000, 100_000_000), None);
    }
}
