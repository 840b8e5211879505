//! What the payload types of one direction stand for.

use crate::codec::Codec;

/// The static payload type of comfort noise (RFC 3389).
pub const COMFORT_NOISE: u8 = 13;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// Voice.
    Voice(Codec),
    /// Telephone events (RFC 4733) on an RTP clock of so many units per second.
    Events(u32),
    /// Comfort noise (RFC 3389).
    Noise,
}

/// Payload types in the order in which a description lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats(Vec<(u8, Payload)>);

impl Formats {
    /// Adds a payload type unless its number is taken.
    pub fn add(&mut self, number: u8, payload: Payload) {
        if self.get(number).is_none() {
            self.0.push((number, payload));
        }
    }

    /// What a number stands for.
    pub fn get(&self, number: u8) -> Option<Payload> {
        self.0.iter().find(|(other, _)| *other == number).map(|(_, payload)| *payload)
    }

    /// The first number that stands for this.
    pub fn number(&self, payload: Payload) -> Option<u8> {
        self.0.iter().find(|(_, other)| *other == payload).map(|(number, _)| *number)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Payload)> {
        self.0.iter().copied()
    }

    /// The voice codecs, in order.
    pub fn codecs(&self) -> impl Iterator<Item = Codec> {
        self.0.iter().filter_map(|(_, payload)| match payload {
            Payload::Voice(codec) => Some(*codec),
            _ => None,
        })
    }

    /// With those of `other` whose numbers are free here: a peer that goes on with its own numbers is understood too.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut all = self.clone();
        other.iter().for_each(|(number, payload)| all.add(number, payload));
        all
    }
}

impl FromIterator<(u8, Payload)> for Formats {
    fn from_iter<I: IntoIterator<Item = (u8, Payload)>>(all: I) -> Self {
        let mut formats = Self::default();
        all.into_iter().for_each(|(number, payload)| formats.add(number, payload));
        formats
    }
}
