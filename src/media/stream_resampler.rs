//! Sample-rate conversion of a stream whose end is not known yet.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Steps per second: 10 ms each, short enough to keep up with playout.
const STEPS: u32 = 100;

/// Converts a stream in which output sample `k` is the input at time `k / rate`: the filter's delay is known and
/// subtracted, so that the last 5 to 15 ms of the input come out only with what follows or with [`StreamResampler::flush`].
pub struct StreamResampler {
    filter: Option<Fft<f32>>,
    from: u32,
    to: u32,
    pending: Vec<f32>,
    /// Output samples still to be thrown away: the filter's delay.
    skip: usize,
    taken: u64,
    given: u64,
}

impl StreamResampler {
    /// A converter at the start of a stream. Equal rates pass through.
    #[must_use]
    pub fn new(from: u32, to: u32) -> Self {
        let step = (from / STEPS).max(1) as usize;
        let filter = (from != to).then(|| Fft::<f32>::new(from as usize, to as usize, step, 1, FixedSync::Input).ok()).flatten();
        let skip = filter.as_ref().map_or(0, Resampler::output_delay);
        Self { filter, from, to, pending: Vec::new(), skip, taken: 0, given: 0 }
    }

    /// By how much the output of a converter that does not subtract it would be late, in nanoseconds.
    #[must_use]
    pub fn delay_nanos(&self) -> i64 {
        let samples = self.filter.as_ref().map_or(0, Resampler::output_delay);
        samples as i64 * 1_000_000_000 / i64::from(self.to.max(1))
    }

    /// A converter for a stream that has no end, such as the caller's line: it gives out exactly the share of samples of
    /// each 10 ms that goes in, late by [`StreamResampler::delay_nanos`].
    #[must_use]
    pub fn delayed(from: u32, to: u32) -> Self {
        Self { skip: 0, ..Self::new(from, to) }
    }

    /// By how much what comes out next lies before what goes in next, in nanoseconds: what the filter still owes of it.
    #[must_use]
    pub fn held_nanos(&self) -> i64 {
        let due = i128::from(self.taken) * 1_000_000_000 / i128::from(self.from.max(1));
        let given = i128::from(self.given) * 1_000_000_000 / i128::from(self.to.max(1));
        i64::try_from(due - given).unwrap_or(0)
    }

    /// Input samples that wait for the rest of their step.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Takes samples and gives out what is known by now.
    pub fn push(&mut self, samples: &[i16]) -> Vec<i16> {
        self.taken += samples.len() as u64;
        if self.filter.is_none() {
            self.given = self.taken;
            return if self.from == self.to { samples.to_vec() } else { Vec::new() };
        }
        self.pending.extend(samples.iter().copied().map(f32::from));
        let out = self.convert();
        self.given += out.len() as u64;
        out
    }

    /// Gives out the rest and starts a new stream.
    pub fn flush(&mut self) -> Vec<i16> {
        let due = (self.taken * u64::from(self.to)).div_ceil(u64::from(self.from.max(1)));
        let missing = usize::try_from(due.saturating_sub(self.given)).unwrap_or(0);
        let mut out = Vec::new();
        while let Some(step) = self.filter.as_ref().map(Resampler::input_frames_next).filter(|_| out.len() < missing) {
            self.pending.resize(self.pending.len() + step, 0.0);
            let more = self.convert();
            out.extend(more);
        }
        out.truncate(missing);
        *self = Self::new(self.from, self.to);
        out
    }

    fn convert(&mut self) -> Vec<i16> {
        let mut out: Vec<i16> = Vec::new();
        let Some(filter) = &mut self.filter else { return out };
        let step = filter.input_frames_next();
        let whole = self.pending.len() / step * step;
        for chunk in self.pending[..whole].chunks(step) {
            let Ok(input) = InterleavedSlice::new(chunk, 1, step) else { continue };
            // The filter takes any chunk of its own step.
            let Ok(data) = filter.process(&input, None) else { continue };
            // `as` saturates: a filter may overshoot a full-scale edge.
            out.extend(data.take_data().into_iter().map(|sample| sample.round() as i16));
        }
        self.pending.drain(..whole);
        let skipped = self.skip.min(out.len());
        self.skip -= skipped;
        out.drain(..skipped);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impulse_stays_where_it_is_and_nothing_is_lost() {
        for (from, to) in [(16_000, 8000), (24_000, 8000), (48_000, 8000), (8000, 16_000), (8000, 48_000), (8000, 8000)] {
            let mut stream = StreamResampler::new(from, to);
            let mut samples = vec![0_i16; from as usize];
            samples[from as usize / 2] = 20_000;
            let mut out: Vec<i16> = samples.chunks(37).flat_map(|chunk| stream.push(chunk)).collect();
            out.extend(stream.flush());
            assert_eq!(out.len(), to as usize, "{from} to {to}");
            let peak = (0..out.len()).max_by_key(|k| out[*k]).expect("samples");
            assert!(peak.abs_diff(to as usize / 2) <= 1, "{from} to {to}: {peak}");
        }
    }

    #[test]
    fn what_is_held_back_is_told() {
        let mut stream = StreamResampler::new(16_000, 8000);
        assert_eq!(stream.held_nanos(), 0);
        for taken in 1..10 {
            let out = stream.push(&[100; 320]).len();
            assert!(out < 160 || taken > 1);
            assert_eq!(stream.held_nanos(), taken * 20_000_000 - stream.given as i64 * 125_000);
            assert!((1_000_000..15_000_000).contains(&stream.held_nanos()), "{}", stream.held_nanos());
        }
        stream.flush();
        assert_eq!(stream.held_nanos(), 0);
        let mut same = StreamResampler::new(8000, 8000);
        same.push(&[1; 77]);
        assert_eq!(same.held_nanos(), 0);
    }

    #[test]
    fn a_second_stream_begins_like_the_first() {
        let mut stream = StreamResampler::new(16_000, 8000);
        let clip: Vec<i16> = (0..3200).map(|k| (f64::from(k) * 0.05).sin() as i16 * 9000).collect();
        let mut once = |clip: &[i16]| {
            let mut out = stream.push(clip);
            out.extend(stream.flush());
            out
        };
        assert_eq!(once(&clip), once(&clip));
    }

    #[test]
    fn a_line_gets_a_frame_for_a_frame() {
        let mut line = StreamResampler::delayed(8000, 16_000);
        assert!((0..5).all(|_| line.push(&[100; 160]).len() == 320));
        assert!(line.delay_nanos() > 0 && line.delay_nanos() < 12_000_000, "{}", line.delay_nanos());
    }
}
