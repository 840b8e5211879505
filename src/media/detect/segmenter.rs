//! From probabilities to segments: hysteresis, a minimum length and a hang-over, in whole frames.

/// Milliseconds of a frame.
const FRAME_MS: u32 = 32;
/// A candidate that is too short to count is dropped after this many frames without speech: a
/// click some time before a word must not become its onset.
const CANDIDATE_HANG: u64 = 3;

/// A candidate without any pitch counts only after this many frames more: a whisper may last, the
/// burst of noise with which a line opens does not convince the network for long.
const UNVOICED_FRAMES: u64 = 8;

/// Frames without speech after which a pause is worth a look: 160 ms.
pub(super) const PAUSE_FRAMES: u64 = 5;

/// What a frame decided. Frames are numbered from the start of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    /// Speech goes on long enough to count; it began with frame `first`.
    Start { first: u64 },
    /// Speech paused after frame `last`: it may go on yet.
    Pause { last: u64 },
    /// Speech ended with frame `last`.
    End { last: u64 },
}

#[derive(Debug, Clone, Copy)]
enum State {
    Silence,
    Candidate { first: u64, last: u64, pitched: bool },
    Speech { last: u64 },
}

/// The state machine over the frames of one stream.
#[derive(Debug, Clone)]
pub(super) struct Segmenter {
    enter: f32,
    stay: f32,
    hang: u64,
    min_frames: u64,
    state: State,
}

impl Segmenter {
    /// Times are rounded up to whole frames.
    pub(super) fn new(enter: f32, stay: f32, hang_ms: u32, min_speech_ms: u32) -> Self {
        Self {
            enter,
            stay: stay.min(enter),
            hang: u64::from(hang_ms.div_ceil(FRAME_MS).max(1)),
            min_frames: u64::from(min_speech_ms.div_ceil(FRAME_MS).max(1)),
            state: State::Silence,
        }
    }

    /// Whether nothing is going on: no segment, and no candidate for one.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.state, State::Silence)
    }

    /// Whether there is something that may yet turn out to be speech.
    pub(super) fn has_candidate(&self) -> bool {
        matches!(self.state, State::Candidate { .. })
    }

    /// Takes the probability of the next frame. `has_pitch` says whether the frame has a pitch, and
    /// is asked only where it matters.
    pub(super) fn step(&mut self, frame: u64, probability: f32, has_pitch: impl FnOnce() -> bool) -> Option<Transition> {
        let speech = probability >= self.stay;
        match &mut self.state {
            State::Silence => {
                if probability < self.enter {
                    return None;
                }
                self.state = State::Candidate { first: frame, last: frame, pitched: has_pitch() };
                self.promote()
            }
            State::Candidate { last, pitched, .. } => {
                if speech {
                    *last = frame;
                    *pitched = *pitched || has_pitch();
                    return self.promote();
                }
                if frame - *last > CANDIDATE_HANG {
                    self.state = State::Silence;
                }
                None
            }
            State::Speech { last, .. } => {
                if speech {
                    *last = frame;
                    return None;
                }
                match frame - *last {
                    pause if pause >= self.hang => self.finish(),
                    PAUSE_FRAMES => Some(Transition::Pause { last: *last }),
                    _ => None,
                }
            }
        }
    }

    /// Ends the open segment, if there is one, where the stream ends.
    pub(super) fn finish(&mut self) -> Option<Transition> {
        match std::mem::replace(&mut self.state, State::Silence) {
            State::Speech { last, .. } => Some(Transition::End { last }),
            State::Silence | State::Candidate { .. } => None,
        }
    }

    fn promote(&mut self) -> Option<Transition> {
        let State::Candidate { first, last, pitched } = self.state else {
            return None;
        };
        let needed = self.min_frames + if pitched { 0 } else { UNVOICED_FRAMES };
        if last + 1 - first < needed {
            return None;
        }
        self.state = State::Speech { last };
        Some(Transition::Start { first })
    }
}

#[cfg(test)]
mod tests {
    use super::Transition::{End, Pause, Start};
    use super::*;

    fn run(probabilities: &[f32]) -> Vec<(u64, Transition)> {
        run_with(probabilities, true)
    }

    fn run_with(probabilities: &[f32], pitched: bool) -> Vec<(u64, Transition)> {
        let mut s = Segmenter::new(0.5, 0.35, 96, 60);
        let mut out: Vec<_> = (0u64..).zip(probabilities).filter_map(|(frame, p)| Some((frame, s.step(frame, *p, || pitched)?))).collect();
        out.extend(s.finish().map(|t| (probabilities.len() as u64, t)));
        out
    }

    #[test]
    fn speech_needs_two_frames_and_ends_after_the_hang() {
        let got = run(&[0.1, 0.6, 0.4, 0.9, 0.1, 0.2, 0.3, 0.1]);
        assert_eq!(got, [(2, Start { first: 1 }), (6, End { last: 3 })]);
    }

    #[test]
    fn a_pause_shorter_than_the_hang_does_not_split() {
        let got = run(&[0.6, 0.6, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1]);
        assert_eq!(got, [(1, Start { first: 0 }), (7, End { last: 4 })]);
    }

    #[test]
    fn one_loud_frame_is_not_speech() {
        assert_eq!(run(&[0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4]), []);
    }

    #[test]
    fn sound_without_pitch_needs_longer() {
        assert_eq!(run_with(&[0.9; 9], false), []);
        assert_eq!(run_with(&[0.9; 10], false)[0], (9, Start { first: 0 }));
    }

    #[test]
    fn every_pause_is_reported_once() {
        let mut segmenter = Segmenter::new(0.5, 0.35, 300, 60);
        let speech = |frame: u64| matches!(frame, 0..=3 | 9..=10);
        let mut step = |frame| segmenter.step(frame, if speech(frame) { 0.9 } else { 0.0 }, || true);
        let got: Vec<_> = (0..30).filter_map(|frame| Some((frame, step(frame)?))).collect();
        assert_eq!(got, [(1, Start { first: 0 }), (8, Pause { last: 3 }), (15, Pause { last: 10 }), (20, End { last: 10 })]);
    }

    #[test]
    fn the_end_of_the_stream_ends_the_segment() {
        assert_eq!(run(&[0.9, 0.9, 0.9]), [(1, Start { first: 0 }), (3, End { last: 2 })]);
        assert_eq!(run(&[0.1, 0.9]), []);
    }

    proptest::proptest! {
        #[test]
        fn starts_and_ends_alternate_in_order(p in proptest::collection::vec(0f32..1.0, 0..200)) {
            let mut open = None;
            for (at, transition) in run(&p) {
                match transition {
                    Start { first } => {
                        assert!(open.is_none() && first <= at);
                        open = Some(first);
                    }
                    Pause { .. } => assert!(open.is_some()),
                    End { last } => assert!(open.take().is_some_and(|first| first <= last && last < at)),
                }
            }
            assert!(open.is_none());
        }
    }
}
