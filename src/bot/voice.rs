//! The samples of a reply, faults included.

use super::script::Library;
use crate::scenario::{Fault, Reply};

/// Level of the first speech sample of a recording: exact, since the recordings begin with digital silence.
const AUDIBLE: i16 = 40;
/// Far below what speech detectors take for sound: -75 dBFS.
const HISS: i16 = 6;

/// A reply ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub samples: Vec<i16>,
    /// Index of the first speech sample.
    pub onset: usize,
}

/// Puts a reply together; `faulty` is true for the reply that is to be wrong.
pub(super) fn voice(library: &Library, reply: &Reply, fault: Option<Fault>, faulty: bool) -> Voice {
    let wrong = reply.wrong.as_ref().filter(|_| fault == Some(Fault::WrongReply));
    let parts = wrong.unwrap_or(&reply.parts);
    let mut samples: Vec<i16> = parts.iter().flat_map(|part| library.samples(part)).collect();
    if faulty && fault == Some(Fault::Garbled) {
        garble(&mut samples);
    }
    let onset = samples.iter().position(|sample| sample.abs() > AUDIBLE).unwrap_or(0);
    if fault == Some(Fault::Hiss) {
        samples.iter_mut().for_each(|sample| *sample = sample.saturating_add(rand::random_range(-HISS..=HISS)));
    }
    Voice { samples, onset }
}

/// Plays every 120 ms backwards: still a voice, but no words.
fn garble(samples: &mut [i16]) {
    for stretch in samples.chunks_mut(960) {
        stretch.reverse();
    }
}
