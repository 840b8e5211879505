//! The media socket of jambonz's `listen` and `stream` verbs (<https://docs.jambonz.org/verbs/verbs/listen>).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::wav;
use crate::websocket::protocol::format::{HalfSample, RATES, adopt, choose, l16, whole_samples};
use crate::websocket::protocol::json::{BOT, Incoming, base64, extend, object, plain, quote, text};
use crate::websocket::protocol::{BotRole, FromBot, Message, ProtocolError, ProviderRole, StreamStart, ToBot, WireFormat};

pub(super) const FORMATS: &[WireFormat] = &[l16(8_000), l16(16_000), l16(24_000), l16(48_000), l16(64_000)];

const METADATA: [&str; 9] = ["sampleRate", "mixType", "callSid", "callId", "accountSid", "from", "to", "direction", "callStatus"];

/// One stream.
#[derive(Debug)]
pub(super) struct JambonzStream {
    format: WireFormat,
    half_sample: HalfSample,
    marks: Vec<String>,
    // Removed by `clearMarks`: jambonz does not report them.
    forgotten: Vec<String>,
    // The ids of `playAudio` messages without a `playDone` so far.
    plays: Vec<Value>,
    begun: bool,
}

impl JambonzStream {
    /// A stream that has not begun.
    pub(super) fn new(asked: Option<WireFormat>) -> Self {
        Self {
            format: choose(asked, FORMATS),
            half_sample: HalfSample::default(),
            marks: Vec::new(),
            forgotten: Vec::new(),
            plays: Vec::new(),
            begun: false,
        }
    }

    fn start_message(&mut self, start: &StreamStart) -> Message {
        self.format = adopt(start.format, self.format, FORMATS);
        let mut metadata = Map::new();
        extend(&mut metadata, object(&start.parameters));
        extend(
            &mut metadata,
            json!({
                "sampleRate": self.format.rate,
                "mixType": "mono",
                "callSid": start.call_id,
                "callId": start.stream_id,
                "accountSid": start.account_id,
                "direction": "inbound",
                "from": start.from,
                "to": start.to,
                "callStatus": "in-progress",
            }),
        );
        text(&metadata.into())
    }

    fn read_start(&mut self, message: &Incoming<'_>) -> StreamStart {
        let format = message.rate("sampleRate").map(l16);
        self.format = format.unwrap_or(self.format);
        self.begun = true;
        let custom = message.fields().iter().filter(|(name, _)| !METADATA.contains(&name.as_str()));
        StreamStart {
            call_id: message.string("callSid"),
            stream_id: message.string("callId"),
            account_id: message.string("accountSid"),
            from: message.string("from"),
            to: message.string("to"),
            format,
            parameters: custom.map(|(name, value)| (name.clone(), plain(value))).collect::<BTreeMap<_, _>>(),
        }
    }

    fn mark_reached(&mut self, name: &str, cleared: bool) -> Option<Message> {
        let take = |names: &mut Vec<String>| names.iter().position(|known| known == name).map(|place| names.remove(place));
        if take(&mut self.forgotten).is_some() {
            return None;
        }
        take(&mut self.marks);
        let event = if cleared { "cleared" } else { "playout" };
        Some(text(&json!({"type": "mark", "data": {"name": name, "event": event}})))
    }

    fn play_audio(&mut self, message: &Incoming<'_>) -> Result<Vec<FromBot>, ProtocolError> {
        let bytes = message.audio("data.audioContent")?;
        let (payload, format) = match message.required("data.audioContentType")?.as_str() {
            "raw" => (bytes, l16(raw_rate(message)?)),
            "wav" | "wave" => {
                wav::samples(&bytes).ok_or_else(|| message.error("has a WAV file that is not linear 16-bit mono of 8000 to 192000 Hz"))?
            }
            _ => return Err(message.error("has a `data.audioContentType` that is neither `raw` nor `wav`")),
        };
        let payload = whole_samples(BOT, payload, format)?;
        // Without `queuePlay`, jambonz begins at once and drops what still plays.
        let interrupts = !self.plays.is_empty() && message.get("data.queuePlay") != Some(&Value::Bool(true));
        message.room(self.plays.len())?;
        self.plays.push(message.get("data.id").cloned().unwrap_or(Value::Null));
        let audio = FromBot::Audio { payload, format: Some(format), chunk: message.optional("data.id") };
        Ok(interrupts.then_some(FromBot::Clear(None)).into_iter().chain([audio]).collect())
    }

    fn request(&mut self, message: &Incoming<'_>) -> Result<Vec<FromBot>, ProtocolError> {
        Ok(match message.kind() {
            "playAudio" => self.play_audio(message)?,
            "killAudio" => vec![FromBot::Clear(None)],
            "mark" => {
                // jambonz's documentation has the name under `data`; its Python SDK sends it flat.
                let name = message.optional("name").map_or_else(|| message.required("data.name"), Ok)?;
                message.room(self.marks.len() + self.forgotten.len())?;
                self.marks.push(name.clone());
                vec![FromBot::Mark(name)]
            }
            "clearMarks" => {
                self.forgotten.append(&mut self.marks);
                Vec::new()
            }
            "disconnect" => vec![FromBot::HangUp { reason: message.optional("data.reason") }],
            other => vec![FromBot::Other(quote(other))],
        })
    }
}

impl ProviderRole for JambonzStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Start(start) => vec![self.start_message(start)],
            ToBot::Audio(payload) => vec![Message::Binary(payload.clone())],
            ToBot::Dtmf(digit) => vec![text(&json!({"event": "dtmf", "dtmf": digit, "duration": "1600"}))],
            ToBot::MarkReached { name, cleared } => self.mark_reached(name, *cleared).into_iter().collect(),
            ToBot::Playback { started: false } => {
                self.plays.drain(..).map(|id| text(&json!({"type": "playDone", "data": {"id": id}}))).collect()
            }
            ToBot::Playback { .. } | ToBot::Stop => Vec::new(),
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        match message {
            Message::Binary(bytes) => {
                let payload = self.half_sample.join(bytes);
                Ok(vec![FromBot::Audio { payload, format: None, chunk: None }])
            }
            Message::Text(text) => self.request(&Incoming::read(BOT, "type", text)?.with_kind("type")?),
        }
    }
}

impl BotRole for JambonzStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let text = match message {
            Message::Binary(bytes) => return Ok(vec![ToBot::Audio(whole_samples("jambonz", bytes.clone(), self.format)?)]),
            Message::Text(text) => text,
        };
        let message = Incoming::read("jambonz", "type", text)?;
        Ok(match message.kind() {
            "mark" => {
                let cleared = message.string("data.event") == "cleared";
                vec![ToBot::MarkReached { name: message.required("data.name")?, cleared }]
            }
            "playDone" => vec![ToBot::Playback { started: false }],
            "" if message.string("event") == "dtmf" => vec![ToBot::Dtmf(message.digit("dtmf")?)],
            "" if !self.begun && message.get("event").is_none() => vec![ToBot::Start(self.read_start(&message))],
            _ => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        let message = match event {
            FromBot::Audio { payload, format: None, .. } => return vec![Message::Binary(payload.clone())],
            FromBot::Audio { payload, format: Some(format), chunk } => {
                let content = json!({"audioContent": base64(payload), "audioContentType": "raw", "sampleRate": format.rate});
                let mut data = Map::from_iter([("queuePlay".to_owned(), true.into())]);
                extend(&mut data, content);
                data.extend(chunk.iter().map(|chunk| ("id".to_owned(), chunk.as_str().into())));
                json!({"type": "playAudio", "data": data})
            }
            FromBot::Mark(name) => json!({"type": "mark", "data": {"name": name}}),
            FromBot::Clear(None) => json!({"type": "killAudio"}),
            FromBot::HangUp { reason: None } => json!({"type": "disconnect"}),
            FromBot::HangUp { reason } => json!({"type": "disconnect", "data": {"reason": reason}}),
            _ => return Vec::new(),
        };
        vec![text(&message)]
    }
}

/// The rate of raw samples; jambonz' default is 16 kHz.
fn raw_rate(message: &Incoming<'_>) -> Result<u32, ProtocolError> {
    let path = "data.sampleRate";
    match (message.optional(path), message.rate(path)) {
        (None, _) => Ok(16_000),
        (Some(_), Some(rate)) => Ok(rate),
        (Some(named), None) => {
            let (least, most) = (RATES.start(), RATES.end());
            Err(message.error(format!("has a `{path}` of {}: write samples a second, {least} to {most}", quote(&named))))
        }
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
