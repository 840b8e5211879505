//! A provider's media socket, in the bot's role.

use std::sync::{Arc, Mutex, mpsc};

use tokio::sync::mpsc::UnboundedSender;

use super::super::log::now_ns;
use super::{ReceivedAudio, Wire};
use crate::lock::lock;
use crate::websocket::protocol::{BotRole, FromBot, Message, WireFormat};
use crate::websocket::{WireDecoder, WireEncoder};

/// The bot's end of one stream, shared with whoever reads its socket.
pub(in crate::bot) type SharedRole = Arc<Mutex<Box<dyn BotRole>>>;

/// One stream's audio.
pub(in crate::bot) struct SocketWire {
    role: SharedRole,
    decoder: WireDecoder,
    encoder: WireEncoder,
    /// The caller's encoded audio and when it came.
    inbox: mpsc::Receiver<(Vec<u8>, i64)>,
    outbox: UnboundedSender<Message>,
    /// Samples of earlier messages that the resampler still holds back.
    owed: i64,
}

impl SocketWire {
    /// A wire on an open socket.
    pub fn new(role: SharedRole, format: WireFormat, inbox: mpsc::Receiver<(Vec<u8>, i64)>, outbox: UnboundedSender<Message>) -> Self {
        Self { role, decoder: WireDecoder::new(format), encoder: WireEncoder::new(format), inbox, outbox, owed: 0 }
    }

    fn write(&self, event: &FromBot) {
        let messages = lock(&self.role).write(event);
        for message in messages {
            // A caller that is gone shows as the end of the call, not here.
            let _gone = self.outbox.send(message);
        }
    }
}

impl Wire for SocketWire {
    fn receive(&mut self) -> Vec<ReceivedAudio> {
        let mut heard = Vec::new();
        while let Ok((payload, at)) = self.inbox.try_recv() {
            let samples = self.decoder.decode(None, &payload);
            // What the resampler held back of earlier messages comes first, and belongs before this one.
            let at = at - self.owed * 125_000;
            self.owed += self.decoder.samples_of(payload.len()) - samples.len() as i64;
            heard.push(ReceivedAudio { samples, at });
        }
        heard
    }

    fn send(&mut self, frame: &[i16], _marker: bool) -> i64 {
        let payload = self.encoder.encode(frame);
        let at = now_ns();
        self.write(&FromBot::Audio { payload, format: None, chunk: None });
        at + self.encoder.delay_nanos()
    }

    fn takes_bursts(&self) -> bool {
        true
    }

    fn press(&mut self, digits: &str) {
        if !digits.is_empty() {
            self.write(&FromBot::Dtmf(digits.to_owned()));
        }
    }

    fn clear(&mut self) {
        self.write(&FromBot::Clear(None));
    }
}
