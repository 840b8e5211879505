//! Just enough of WAV for a bot's `playAudio`: linear 16-bit mono.

use crate::websocket::protocol::WireFormat;
use crate::websocket::protocol::format::{RATES, l16};

const LINEAR: u16 = 1;

/// The samples of a file and their format; `None` for any other kind of file.
pub(super) fn samples(file: &[u8]) -> Option<(Vec<u8>, WireFormat)> {
    let mut rest = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut format = None;
    loop {
        let (name, after) = rest.split_at_checked(4)?;
        let (length, body) = after.split_at_checked(4)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        match name {
            b"fmt " => format = Some(read_format(body)?),
            // Files that were made as a stream give a length beyond their end.
            b"data" => return Some((body.get(..length).unwrap_or(body).to_vec(), format?)),
            _ => {}
        }
        rest = body.get(length.checked_add(length % 2)?..)?;
    }
}

fn read_format(body: &[u8]) -> Option<WireFormat> {
    let short = |at: usize| Some(u16::from_le_bytes(body.get(at..at + 2)?.try_into().ok()?));
    let rate = u32::from_le_bytes(body.get(4..8)?.try_into().ok()?);
    let known = short(0)? == LINEAR && short(2)? == 1 && short(14)? == 16 && RATES.contains(&rate);
    known.then(|| l16(rate))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(channels: u8, length: u8) -> Vec<u8> {
        let format = [b"fmt \x10\0\0\0\x01\0".as_slice(), &[channels, 0], b"\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"].concat();
        [b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0".as_slice(), &format, b"data", &[length, 0, 0, 0], &[1, 2, 3, 4]].concat()
    }

    #[test]
    fn samples_and_rate_are_read() {
        assert_eq!(samples(&file(1, 4)), Some((vec![1, 2, 3, 4], l16(8_000))));
        assert_eq!(samples(&file(1, 2)), Some((vec![1, 2], l16(8_000))));
        assert_eq!(samples(&file(1, 255)), Some((vec![1, 2, 3, 4], l16(8_000))));
        assert_eq!(samples(&file(2, 4)), None);
        let mut wrong = file(1, 4);
        let rate = wrong.windows(4).position(|four| four == 8_000_u32.to_le_bytes()).unwrap();
        wrong[rate..rate + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(samples(&wrong), None);
    }

    proptest! {
        #[test]
        fn no_file_panics(place in 0_usize..60, byte in any::<u8>(), cut in 0_usize..64) {
            let mut file = file(1, 4);
            if let Some(old) = file.get_mut(place) {
                *old = byte;
            }
            file.truncate(cut);
            let _ = samples(&file);
        }
    }
}
