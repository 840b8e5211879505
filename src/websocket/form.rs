//! Whether a stream's audio is in the form that it is said to be in. Audio in another form is noise: no words are heard in
//! it, and the silence alone does not say why.

use super::protocol::WireFormat;
use crate::codec::Codec;

/// So many pairs of bytes tell the forms apart: half a second of mu-law at 8 kHz.
const ENOUGH: u32 = 2000;

/// Looks at the bytes of a stream until it is sure.
///
/// A 16-bit sample of speech has a low byte of any value and a high byte near zero (0x00 to 0x0F, 0xF0 to 0xFF), since
/// speech is quiet most of the time. Bytes of G.711 look the same at odd and even places.
#[derive(Debug, Default)]
pub(super) struct FormCheck {
    pairs: u32,
    small_even: u32,
    small_odd: u32,
    told: bool,
}

impl FormCheck {
    /// Takes the payload of one message; the sentence that names the mistake comes once.
    pub fn look(&mut self, format: WireFormat, payload: &[u8]) -> Option<String> {
        if self.told {
            return None;
        }
        let mistake = container(payload).map(|name| format!("begins with {name}: send the samples alone")).or_else(|| {
            self.count(payload);
            (self.pairs >= ENOUGH)
                .then(|| self.other_form(format))
                .flatten()
                .map(|is| format!("looks like {is}, where {format} is expected"))
        })?;
        self.told = true;
        Some(format!("the bot's audio {mistake}"))
    }

    fn count(&mut self, payload: &[u8]) {
        let small = |byte: u8| u32::from(matches!(byte, 0x00..=0x0F | 0xF0..=0xFF));
        // Silence looks alike in every form.
        let silence = |byte: u8| matches!(byte, 0xFE | 0xFF | 0x7E | 0x7F | 0xD5 | 0x55);
        for pair in payload.chunks_exact(2) {
            let [even, odd] = [pair[0], pair[1]];
            if even != odd && !(silence(even) && silence(odd)) {
                self.pairs += 1;
                self.small_even += small(even);
                self.small_odd += small(odd);
            }
        }
    }

    /// The form that the bytes seem to have, where it is another one.
    fn other_form(&mut self, format: WireFormat) -> Option<&'static str> {
        let share = |small: u32| f64::from(small) / f64::from(self.pairs);
        let (even, odd) = (share(self.small_even), share(self.small_odd));
        *self = Self::default();
        match format.codec {
            Codec::Pcmu | Codec::Pcma if odd - even > 0.3 && odd > 0.6 => Some("16-bit linear samples (L16)"),
            Codec::Pcmu | Codec::Pcma if even - odd > 0.3 && even > 0.6 => Some("16-bit linear samples in big-endian order"),
            Codec::L16 if even - odd > 0.3 && even > 0.6 => Some("samples in big-endian order"),
            Codec::L16 if (odd - even).abs() < 0.05 && odd < 0.6 => Some("G.711 (mu-law or A-law), or samples cut at an odd byte"),
            _ => None,
        }
    }
}

/// The file format that these bytes begin.
fn container(payload: &[u8]) -> Option<&'static str> {
    match payload {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("a WAV header (RIFF)"),
        [b'O', b'g', b'g', b'S', ..] => Some("an Ogg header"),
        [b'I', b'D', b'3', 2..=4, ..] => Some("an MP3 header (ID3)"),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => Some("a WebM header"),
        [b'f', b'L', b'a', b'C', ..] => Some("a FLAC header"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::format::{PCMA, PCMU, l16};
    use super::*;
    use crate::media::{g711, wav};

    fn speech() -> Vec<i16> {
        wav::read(include_bytes!("../../audio/bot/booking-greeting.wav")).expect("speech").at_rate(8000).samples
    }

    fn named(format: WireFormat, bytes: &[u8]) -> Vec<String> {
        let mut check = FormCheck::default();
        bytes.chunks(320).filter_map(|message| check.look(format, message)).collect()
    }

    fn linear(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    #[test]
    fn audio_in_the_right_form_is_not_named() {
        let quiet: Vec<i16> = speech().iter().map(|sample| sample / 20).collect();
        let loud: Vec<i16> = speech().iter().map(|sample| sample.saturating_mul(6)).collect();
        for samples in [speech(), quiet, loud] {
            for (format, bytes) in [(PCMU, g711::encode_pcmu(&samples)), (PCMA, g711::encode_pcma(&samples)), (l16(8000), linear(&samples))]
            {
                assert_eq!(named(format, &bytes), [""; 0], "{format}");
            }
        }
    }

    #[test]
    fn audio_in_another_form_is_named_once() {
        let samples = speech();
        let swapped: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        let wav = include_bytes!("../../audio/bot/booking-greeting.wav");
        let all = [
            named(PCMU, &linear(&samples)),
            named(PCMA, &linear(&samples)),
            named(l16(8000), &g711::encode_pcmu(&samples)),
            named(l16(8000), &g711::encode_pcma(&samples)),
            named(l16(8000), &swapped),
            named(PCMU, wav),
            named(PCMU, b"ID3\x04 and more"),
        ];
        assert!(all.iter().all(|each| each.len() == 1), "{all:?}");
        insta::assert_snapshot!(all.concat().join("\n"), @"
        the bot's audio looks like 16-bit linear samples (L16), where PCMU is expected
        the bot's audio looks like 16-bit linear samples (L16), where PCMA is expected
        the bot's audio looks like G.711 (mu-law or A-law), or samples cut at an odd byte, where L16/8000 is expected
        the bot's audio looks like G.711 (mu-law or A-law), or samples cut at an odd byte, where L16/8000 is expected
        the bot's audio looks like samples in big-endian order, where L16/8000 is expected
        the bot's audio begins with a WAV header (RIFF): send the samples alone
        the bot's audio begins with an MP3 header (ID3): send the samples alone
        ");
    }
}
