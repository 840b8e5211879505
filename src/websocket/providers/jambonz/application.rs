//! jambonz's control socket: the bot's application answers a call there with verbs, one of which streams the audio.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

use super::control::{self, Control, Listen, Step, Verb};
use super::media::FORMATS;
use crate::clock::CallClock;
use crate::codec::Codec;
use crate::scenario::WebSocketTarget;
use crate::transport::{BoxFuture, CallEvent, DialError, DialErrorKind, EventSender};
use crate::websocket::control::Shared;
use crate::websocket::link::{self, LinkEnd, LinkReader, LinkWriter, Outgoing};
use crate::websocket::protocol::{Message, StreamStart, WireFormat};
use crate::websocket::providers::control_socket::{Application, ControlSocket, Controlled, WantedStream};

/// The control socket.
pub(super) struct CallControl;

impl ControlSocket for CallControl {
    fn subprotocol(&self) -> &'static str {
        control::SUBPROTOCOL
    }

    fn call<'a>(&self, target: &'a WebSocketTarget, start: &'a StreamStart) -> BoxFuture<'a, Result<Option<Controlled>, DialError>> {
        Box::pin(call(target, start))
    }

    fn sample(&self, message: &str, media: &str) -> Result<Option<String>, serde_json::Error> {
        let message: Value = serde_json::from_str(message)?;
        let ack = || json!({ "type": "ack", "msgid": message["msgid"], "data": sample_verbs(media) });
        Ok((message["type"] == "session:new").then(|| ack().to_string()))
    }
}

fn sample_verbs(media: &str) -> Value {
    let audio = json!({ "enabled": true, "streaming": true, "sampleRate": 8000 });
    json!([{ "verb": "answer" }, { "verb": "listen", "url": media, "sampleRate": 8000, "bidirectionalAudio": audio }])
}

/// An application that has answered.
struct JambonzApplication {
    reader: LinkReader,
    writer: LinkWriter,
    start: StreamStart,
    /// Messages sent.
    messages: u32,
}

/// Announces the call to the application and runs its verbs up to the one that streams. `None` where the URL is a media socket
/// instead, of a bot whose application answers by HTTP.
async fn call(target: &WebSocketTarget, start: &StreamStart) -> Result<Option<Controlled>, DialError> {
    let open = link::open_if_spoken(&target.url, &target.headers, control::SUBPROTOCOL).await;
    let Some((reader, writer)) = open.map_err(|error| error.with_hint("`headers`"))? else {
        return Ok(None);
    };
    let mut application = JambonzApplication { reader, writer, start: start.clone(), messages: 0 };
    application.notify(control::session_new);
    let listen = application.verbs().await?;
    application.notify(|id, start| control::call_status(id, start, "in-progress", 200));
    let wanted = wanted(&target.url, listen, start)?;
    Ok(Some((Box::new(application), wanted)))
}

impl JambonzApplication {
    fn notify(&mut self, message: impl FnOnce(&str, &StreamStart) -> Message) {
        self.messages += 1;
        // A socket that is gone shows on its reading side.
        let _gone = self.writer.send(Outgoing::Message(message(&self.messages.to_string(), &self.start)));
    }

    /// Runs verbs until one streams.
    async fn verbs(&mut self) -> Result<Listen, DialError> {
        loop {
            let message = self.reader.next().await.map_err(|end| bad(before_any_audio(end)))?;
            let verbs = match control::read(&message).map_err(|error| bad(error.to_string()))? {
                Control::Ack { verbs, .. } | Control::Redirect { verbs, .. } => verbs,
                Control::HangUp => return Err(refused()),
                Control::Other(_) => continue,
            };
            for step in verbs.into_iter().filter(is_heard) {
                match step.verb {
                    Verb::Listen(listen) => return Ok(listen),
                    Verb::Hangup => return Err(refused()),
                    Verb::Pause { length } => sleep(Duration::try_from_secs_f64(length).unwrap_or_default()).await,
                    _ => return Err(bad(unheard(&step))),
                }
            }
        }
    }

    async fn follow(mut self, shared: Arc<Shared>, clock: CallClock, events: EventSender) {
        loop {
            let message = tokio::select! {
                () = shared.stop.cancelled() => break,
                message = self.reader.next() => message,
            };
            // jambonz continues a call whose application has closed its socket.
            let Ok(message) = message else { return };
            let end = match control::read(&message) {
                Ok(Control::HangUp) => CallEvent::HungUp(clock.now()),
                // Queued behind the stream: the call ends with the stream in any case.
                Ok(Control::Redirect { queued: true, .. }) => continue,
                Ok(Control::Ack { verbs, .. } | Control::Redirect { verbs, .. }) => match verbs.iter().find(|step| is_heard(step)) {
                    None => continue,
                    Some(Step { verb: Verb::Hangup, .. }) => CallEvent::HungUp(clock.now()),
                    Some(step) => CallEvent::Broken(clock.now(), unheard(step)),
                },
                Ok(Control::Other(_)) => continue,
                Err(error) => CallEvent::Broken(clock.now(), error.to_string()),
            };
            if !shared.over.swap(true, Ordering::SeqCst) {
                let _call_over = events.send(end);
            }
            shared.close();
            shared.stop.cancel();
        }
        self.notify(|id, start| control::call_status(id, start, "completed", 200));
        let _gone = self.writer.send(Outgoing::Close);
    }
}

impl Application for JambonzApplication {
    fn follow(self: Box<Self>, shared: Arc<Shared>, clock: CallClock, events: EventSender) -> BoxFuture<'static, ()> {
        Box::pin(Self::follow(*self, shared, clock, events))
    }
}

fn bad(why: String) -> DialError {
    DialError::new(DialErrorKind::BadAnswer, why)
}

fn refused() -> DialError {
    DialError::new(DialErrorKind::Rejected, "the bot's application hung up before it streamed any audio")
}

fn before_any_audio(end: LinkEnd) -> String {
    match end {
        LinkEnd::Closed(_) => "the bot's application closed its socket before it asked for a `listen` or `stream`".to_owned(),
        LinkEnd::Broken(why) => why,
    }
}

/// Whether the caller would hear a verb.
fn is_heard(step: &Step) -> bool {
    !matches!(&step.verb, Verb::Answer) && !matches!(&step.verb, Verb::Other(name) if ["config", "tag", "alert"].contains(&name.as_str()))
}

/// The error of a verb for which jambonz itself would make the sound, or transfer the caller.
fn unheard(step: &Step) -> String {
    let name = match &step.verb {
        Verb::Answer => "answer",
        Verb::Listen(_) => "listen",
        Verb::Say { .. } => "say",
        Verb::Play { .. } => "play",
        Verb::Hangup => "hangup",
        Verb::Pause { .. } => "pause",
        Verb::Other(name) => name,
    };
    format!("the bot's application asks for `{name}`, which goldencall does not do: it hears what one `listen` or `stream` brings")
}

fn wanted(application: &str, listen: Listen, start: &StreamStart) -> Result<WantedStream, DialError> {
    let url = Url::parse(application).and_then(|base| base.join(&listen.url));
    let url = url.map_err(|error| bad(format!("the bot's application streams to `{}`, which is not a URL ({error})", listen.url)))?;
    if !listen.bidirectional {
        return Err(bad("the bot's `listen` has no audio from the bot (`bidirectionalAudio`): it would never be heard".to_owned()));
    }
    let to_bot = format(listen.sample_rate)?;
    let from_bot = format(listen.bidirectional_sample_rate)?;
    let start = StreamStart { format: Some(to_bot), parameters: listen.metadata, ..start.clone() };
    Ok(WantedStream { url: url.into(), from_bot, start })
}

fn format(rate: u32) -> Result<WireFormat, DialError> {
    let format = WireFormat { codec: Codec::L16, rate };
    if FORMATS.contains(&format) {
        Ok(format)
    } else {
        Err(bad(format!("the bot's application asks for {rate} samples a second, which jambonz does not have")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(url: &str) -> Listen {
        Listen {
            url: url.to_owned(),
            sample_rate: 16_000,
            bidirectional: true,
            streaming: true,
            bidirectional_sample_rate: 24_000,
            metadata: [("a".to_owned(), "1".to_owned())].into(),
        }
    }

    #[test]
    fn the_stream_is_where_and_what_the_application_says() {
        let start = StreamStart { call_id: "CA1".to_owned(), ..StreamStart::default() };
        let wanted = super::wanted("wss://bot:3000/app?x=1", listen("/audio"), &start).expect("a stream");
        assert_eq!((wanted.url.as_str(), wanted.start.format, wanted.from_bot.rate), ("wss://bot:3000/audio", format(16_000).ok(), 24_000));
        assert_eq!((wanted.start.call_id.as_str(), wanted.start.parameters.len()), ("CA1", 1));
        let elsewhere = super::wanted("ws://bot/app", listen("ws://other/a"), &start).expect("a stream");
        assert_eq!(elsewhere.url, "ws://other/a");
    }

    #[test]
    fn a_bot_that_cannot_be_heard_is_an_error() {
        let one_way = Listen { bidirectional: false, ..listen("/audio") };
        assert!(wanted("ws://bot/app", one_way, &StreamStart::default()).is_err());
        let odd = Listen { sample_rate: 11_025, ..listen("/audio") };
        assert!(wanted("ws://bot/app", odd, &StreamStart::default()).is_err());
        assert!(wanted("ws://bot/app", listen("http://["), &StreamStart::default()).is_err());
    }
}
