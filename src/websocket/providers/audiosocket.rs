//! Asterisk's AudioSocket (<https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/>): frames on TCP, each
//! with a kind, a length of two bytes and a payload.

use super::interface::{Provider, Streams};
use crate::websocket::link::Split;
use crate::websocket::protocol::format::{adopt, choose, l16, whole_samples};
use crate::websocket::protocol::json::BOT;
use crate::websocket::protocol::{BotRole, FromBot, Message, ProtocolError, ProviderRole, StreamStart, ToBot, WireFormat};

const HANG_UP: u8 = 0x00;
const ID: u8 = 0x01;
const DTMF: u8 = 0x03;
const AUDIO: u8 = 0x10;
const ERROR: u8 = 0xff;

const HEADER: usize = 3;

// The kind of audio at a rate is `AUDIO` plus the rate's place here.
const FORMATS: &[WireFormat] =
    &[l16(8_000), l16(12_000), l16(16_000), l16(24_000), l16(32_000), l16(44_100), l16(48_000), l16(96_000), l16(192_000)];

/// Takes one whole frame, header included, off the front of the buffer; `None` while it is incomplete.
///
/// # Errors
/// The next byte is not a kind of frame: the two ends disagree on where frames begin.
pub fn split(buffer: &mut Vec<u8>) -> Result<Option<Vec<u8>>, ProtocolError> {
    let Some(kind) = buffer.first() else { return Ok(None) };
    if !matches!(*kind, HANG_UP | ID | DTMF | ERROR) && audio_format(*kind).is_none() {
        let begin = buffer.get(..buffer.len().min(8)).unwrap_or_default();
        return Err(ProtocolError(format!("the stream goes on with no AudioSocket frame: {begin:02x?}")));
    }
    let length = HEADER + payload_length(buffer);
    Ok((buffer.len() >= length).then(|| buffer.drain(..length).collect()))
}

fn payload_length(frame: &[u8]) -> usize {
    frame.iter().skip(1).take(2).fold(0, |length, byte| length << 8 | usize::from(*byte))
}

fn audio_format(kind: u8) -> Option<WireFormat> {
    FORMATS.get(usize::from(kind.checked_sub(AUDIO)?)).copied()
}

fn audio_kind(format: WireFormat) -> u8 {
    let place = FORMATS.iter().position(|known| *known == format).unwrap_or_default();
    u8::try_from(place).map_or(AUDIO, |place| AUDIO + place)
}

fn frame(kind: u8, payload: &[u8]) -> Message {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let payload = payload.iter().take(usize::from(length));
    Message::Binary([kind].into_iter().chain(length.to_be_bytes()).chain(payload.copied()).collect())
}

fn audio_frames(format: WireFormat, payload: &[u8]) -> Vec<Message> {
    payload.chunks(usize::from(u16::MAX) - 1).map(|part| frame(audio_kind(format), part)).collect()
}

fn parse<'a>(who: &str, message: &'a Message) -> Result<(u8, &'a [u8]), ProtocolError> {
    match message {
        Message::Binary(bytes) => match bytes.split_at_checked(HEADER) {
            Some((header, payload)) if payload.len() == payload_length(bytes) => Ok((header.first().copied().unwrap_or_default(), payload)),
            _ => Err(ProtocolError(format!("{who} sent {} bytes that are not one whole AudioSocket frame", bytes.len()))),
        },
        Message::Text(_) => Err(ProtocolError(format!("{who} sent text, but AudioSocket has only frames"))),
    }
}

/// The bot gives up; Asterisk's codes are one byte.
fn failed(payload: &[u8]) -> ProtocolError {
    let [code, ..] = payload else { return ProtocolError("the bot reported an error, without a code, and gave up".to_owned()) };
    let meaning = match code {
        0x01 => " (the caller hung up)",
        0x02 => " (a frame could not be forwarded)",
        0x04 => " (out of memory)",
        _ => "",
    };
    ProtocolError(format!("the bot reported the error {code:#04x}{meaning} and gave up"))
}

fn digit(who: &str, payload: &[u8]) -> Result<char, ProtocolError> {
    match payload {
        [key @ (b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'a'..=b'd')] => Ok(char::from(key.to_ascii_uppercase())),
        _ => Err(ProtocolError(format!("{who}'s DTMF frame is not a key of a telephone: {:02x?}", payload.get(..8).unwrap_or(payload)))),
    }
}

// A call's id has to become 16 bytes. Asterisk's ids are UUIDs; any other id is hashed (FNV-1a) into a UUID of version 8.
fn uuid(text: &str) -> [u8; 16] {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    match u128::from_str_radix(&digits, 16) {
        Ok(number) if digits.len() == 32 && !digits.starts_with('+') => number.to_be_bytes(),
        _ => {
            let hash = text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
                (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
            });
            let fixed = (0xf << 76) | (0x3 << 62);
            ((hash & !fixed) | (0x8 << 76) | (0x2 << 62)).to_be_bytes()
        }
    }
}

fn uuid_text(bytes: &[u8]) -> String {
    let part = |from, to| bytes.iter().take(to).skip(from).map(|byte| format!("{byte:02x}")).collect::<String>();
    [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16)].join("-")
}

/// Asterisk's AudioSocket.
#[derive(Debug)]
pub(super) struct AudioSocket;

impl Streams for AudioSocket {
    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(AudioSocketStream::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(AudioSocketStream::new(None))
    }
}

impl Provider for AudioSocket {
    fn tcp(&self) -> Option<Split> {
        Some(split)
    }
}

/// One stream.
#[derive(Debug)]
struct AudioSocketStream {
    format: WireFormat,
}

impl AudioSocketStream {
    /// A stream that has not begun.
    fn new(asked: Option<WireFormat>) -> Self {
        Self { format: choose(asked, FORMATS) }
    }

    fn read_start(&self, payload: &[u8]) -> Result<StreamStart, ProtocolError> {
        if payload.len() != 16 {
            return Err(ProtocolError(format!("Asterisk's id has {} bytes instead of 16", payload.len())));
        }
        let id = uuid_text(payload);
        Ok(StreamStart { call_id: id.clone(), stream_id: id, format: Some(self.format), ..StreamStart::default() })
    }
}

impl ProviderRole for AudioSocketStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Start(start) => {
                self.format = adopt(start.format, self.format, FORMATS);
                vec![frame(ID, &uuid(&start.call_id))]
            }
            ToBot::Audio(payload) => audio_frames(self.format, payload),
            ToBot::Dtmf(digit) => vec![frame(DTMF, digit.to_string().as_bytes())],
            ToBot::MarkReached { .. } | ToBot::Playback { .. } => Vec::new(),
            ToBot::Stop => vec![frame(HANG_UP, &[])],
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        let (kind, payload) = parse(BOT, message)?;
        Ok(vec![match (kind, audio_format(kind)) {
            (_, Some(format)) => {
                let payload = whole_samples(BOT, payload.to_vec(), format)?;
                FromBot::Audio { payload, format: Some(format), chunk: None }
            }
            (HANG_UP, _) => FromBot::HangUp { reason: None },
            (DTMF, _) => FromBot::Dtmf(digit(BOT, payload)?.to_string()),
            (ERROR, _) => return Err(failed(payload)),
            _ => FromBot::Other(format!("a frame of kind {kind:#04x}")),
        }])
    }
}

impl BotRole for AudioSocketStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let (kind, payload) = parse("Asterisk", message)?;
        Ok(match (kind, audio_format(kind)) {
            (_, Some(format)) => vec![ToBot::Audio(whole_samples("Asterisk", payload.to_vec(), format)?)],
            (ID, _) => vec![ToBot::Start(self.read_start(payload)?)],
            (DTMF, _) => vec![ToBot::Dtmf(digit("Asterisk", payload)?)],
            (HANG_UP, _) => vec![ToBot::Stop],
            _ => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        match event {
            FromBot::Audio { payload, format, .. } => audio_frames(format.unwrap_or(self.format), payload),
            FromBot::Dtmf(digits) => digits.bytes().map(|digit| frame(DTMF, &[digit])).collect(),
            FromBot::HangUp { .. } => vec![frame(HANG_UP, &[])],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
#[path = "audiosocket_tests.rs"]
mod tests;
