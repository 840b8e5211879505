//! Opens media socket calls.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::audio::{WireDecoder, WireEncoder};
use super::control::Shared;
use super::form::FormCheck;
use super::link::{self, LinkEnd, LinkReader, LinkWriter, Outgoing};
use super::protocol::{FromBot, ProviderRole, StreamStart, ToBot, WireFormat};
use super::providers::{provider, provider_role};
use super::session::SocketSession;
use super::sink::SocketSink;
use super::{answer, rtvi};
use crate::clock::CallClock;
use crate::codec::Codec;
use crate::media::Playout;
use crate::scenario::{SocketProtocol, Target, WebSocketTarget, is_listed};
use crate::transport::{BoxFuture, Call, CallEvent, Dial, DialError, DialErrorKind, EventSender, Ignored, MediaLane, Transport, http};

/// Places calls to bots' media sockets.
#[derive(Debug, Default)]
pub struct WebSocketTransport {
    lane: MediaLane,
}

impl Transport for WebSocketTransport {
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>> {
        Box::pin(async move {
            let Target::WebSocket(target) = dial.target.clone() else {
                return Err(DialError::new(DialErrorKind::Local, "this transport calls WebSocket targets only"));
            };
            let limit = target.timeout;
            let label = dial.target.label();
            let message = move || format!("{label} did not open a stream within {} s", limit.as_secs_f32());
            let opened = async move {
                timeout(limit, open(dial, *target)).await.unwrap_or_else(|_| Err(DialError::new(DialErrorKind::NoResponse, message())))
            };
            self.lane.run(opened).await
        })
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.lane.quiet())
    }
}

async fn open(dial: Dial, mut target: WebSocketTarget) -> Result<Call, DialError> {
    dial.trace.add_to(&mut target.headers);
    let mut start = start(&target);
    let named = target.answer_url.clone().unwrap_or_else(|| target.url.clone());
    follow_answer(&mut target, &mut start).await?;
    let target = trusting(target, &named, &dial.events);
    if target.answer_url.is_none()
        && let Some(control) = provider(target.protocol).control_socket()
        && let Some((application, wanted)) = control.call(&target, &start).await?
    {
        let (clock, events) = (dial.clock, dial.events.clone());
        let socket = trusting(WebSocketTarget { url: wanted.url, ..target }, &named, &dial.events);
        let (call, shared) = stream(dial, socket, wanted.start, Some(wanted.from_bot)).await?;
        tokio::spawn(application.follow(shared, clock, events));
        return Ok(call);
    }
    let format = wanted(&target).map_err(|why| DialError::new(DialErrorKind::Local, why))?;
    let (call, _) = stream(dial, target, StreamStart { format, ..start }, None).await?;
    Ok(call)
}

/// The target without what must not go to a host that the user did not name.
fn trusting(mut target: WebSocketTarget, named: &str, events: &EventSender) -> WebSocketTarget {
    let (Ok(named), Ok(stream)) = (Url::parse(named), Url::parse(&target.url)) else { return target };
    let host = stream.host_str().unwrap_or_default();
    let port = stream.port_or_known_default();
    let own = |(name, _): &(String, String)| !http::IMPERSONAL.contains(&name.to_ascii_lowercase().as_str());
    let nothing = !target.headers.iter().any(own) && target.auth_token.is_none();
    if nothing || is_listed(&target.trusted_hosts, host, port) || http::same_host(&named, &stream) {
        return target;
    }
    let note = format!(
        "the bot sends the stream to {}, not to the host of {named}: `headers` and `auth_token` did not go there; if it is yours, write \
         `trusted_hosts: [\"{host}\"]` into the target",
        target.url,
    );
    let _over = events.send(CallEvent::Note(note));
    target.headers.retain(|header| !own(header));
    target.auth_token = None;
    target
}

/// Opens the media socket. The bot's audio has the caller's format unless `from_bot` is given.
async fn stream(
    dial: Dial,
    target: WebSocketTarget,
    start: StreamStart,
    from_bot: Option<WireFormat>,
) -> Result<(Call, Arc<Shared>), DialError> {
    let provider = provider(target.protocol);
    let mut role = provider.provider_role(start.format);
    let format = start.format.unwrap_or_else(|| role.format());
    let start = StreamStart { format: Some(format), ..start };
    let headers =
        provider.request_headers(&start).into_iter().chain(provider.sign_handshake(&target)).chain(target.headers.clone()).collect();
    let (mut reader, writer) = connect(&target, headers).await?;
    for message in role.write(&ToBot::Start(start.clone())) {
        let _gone = writer.send(Outgoing::Message(message));
    }
    let format = if provider.waits_for_acceptance() { accepted(&mut reader, role.as_mut(), &writer, format).await? } else { format };
    let answered_at = dial.clock.now();
    let (sink, shared) =
        start_stream((reader, writer), role, [format, from_bot.unwrap_or(format)], (dial.clock, dial.events), target.protocol);
    let control = Arc::clone(&shared);
    let call = Call { answered_at, codec: format.to_string(), call_id: start.call_id, sink: Box::new(sink), control };
    Ok((call, shared))
}

/// Starts the stream on an open link, in the formats of the caller's audio and of the bot's.
pub(super) fn start_stream(
    (reader, writer): (LinkReader, LinkWriter),
    role: Box<dyn ProviderRole>,
    [to_bot, from_bot]: [WireFormat; 2],
    (clock, events): (CallClock, EventSender),
    protocol: SocketProtocol,
) -> (SocketSink, Arc<Shared>) {
    let (encoder, (sender, outbox)) = (WireEncoder::new(to_bot), mpsc::unbounded_channel());
    let sink = SocketSink { outbox: sender.clone(), delay_nanos: encoder.delay_nanos() };
    // Not the stream's own, which would count the message.
    let without_digits = provider_role(protocol, None).write(&ToBot::Dtmf('1')).is_empty();
    let shared = Arc::new(Shared {
        outbox: sender,
        over: false.into(),
        stop: CancellationToken::new(),
        goodbye: provider(protocol).answers_the_end().then(CancellationToken::new),
        messages: 0.into(),
        gauges: reader.gauges(),
        ignored: Ignored::default(),
        without_digits: without_digits.then(|| protocol.name()),
    });
    let session = SocketSession {
        shared: Arc::clone(&shared),
        role,
        outbox,
        encoder,
        reader,
        writer,
        decoder: WireDecoder::new(from_bot),
        form: FormCheck::default(),
        clock,
        events,
        playout: Playout::default(),
        last_audio: None,
        protocol: protocol.name(),
        deaf: false,
    };
    tokio::spawn(session.run());
    (sink, shared)
}

/// Asks the bot where the stream goes, if the target has an `answer_url`.
async fn follow_answer(target: &mut WebSocketTarget, start: &mut StreamStart) -> Result<(), DialError> {
    let Some(answer_url) = target.answer_url.clone() else { return Ok(()) };
    let directions = answer::ask(target, &answer_url, start).await?;
    target.url = directions.url;
    target.encoding = target.encoding.or(directions.encoding);
    target.sample_rate = target.sample_rate.or(directions.rate);
    start.parameters.extend(directions.parameters);
    Ok(())
}

async fn connect(target: &WebSocketTarget, headers: Vec<(String, String)>) -> Result<(LinkReader, LinkWriter), DialError> {
    let provider = provider(target.protocol);
    match provider.tcp() {
        Some(split) => link::open_tcp(&target.url, split).await,
        None => {
            let open = link::open(&target.url, &headers, provider.subprotocol()).await;
            open.map_err(|error| error.with_hint(provider.handshake_credentials()))
        }
    }
}

/// Waits until the bot accepts the stream.
async fn accepted(
    reader: &mut LinkReader,
    role: &mut dyn ProviderRole,
    writer: &LinkWriter,
    offered: WireFormat,
) -> Result<WireFormat, DialError> {
    let bad = |why: String| DialError::new(DialErrorKind::BadAnswer, why);
    loop {
        let message = reader.next().await.map_err(|end| match end {
            LinkEnd::Closed(said) => {
                let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
                bad(format!("the bot closed the socket instead of accepting the stream{said}"))
            }
            LinkEnd::Broken(why) => bad(why),
        })?;
        if rtvi::reports(&message).is_some() {
            continue;
        }
        for event in role.read(&message).map_err(|error| bad(error.to_string()))? {
            match event {
                FromBot::Accepted { format } => return Ok(format.unwrap_or(offered)),
                FromBot::HangUp { reason } => {
                    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                    return Err(DialError::new(DialErrorKind::Rejected, format!("the bot refused the stream{reason}")));
                }
                FromBot::Reply(reply) => drop(writer.send(Outgoing::Message(reply))),
                _ => {}
            }
        }
    }
}

/// The format that the target asks for.
fn wanted(target: &WebSocketTarget) -> Result<Option<WireFormat>, String> {
    let default = provider_role(target.protocol, None).format();
    if target.encoding.is_none() && target.sample_rate.is_none() {
        return Ok(None);
    }
    let codec = target.encoding.unwrap_or(default.codec);
    let rate = match codec {
        Codec::L16 => target.sample_rate.unwrap_or(default.rate),
        _ => target.sample_rate.unwrap_or(8000),
    };
    let format = WireFormat { codec, rate };
    let can = provider(target.protocol).formats();
    if can.contains(&format) {
        return Ok(Some(format));
    }
    let can: Vec<String> = can.iter().map(ToString::to_string).collect();
    Err(format!("{} does not carry {format}; it carries {}", target.protocol.name(), can.join(", ")))
}

/// Made-up ids, as the provider would give them.
fn start(target: &WebSocketTarget) -> StreamStart {
    let id = |prefix: &str| format!("{prefix}{:032x}", rand::random::<u128>());
    let (call_id, stream_id, account_id) = match provider(target.protocol).id_prefixes() {
        Some(prefixes) => (id(prefixes.call), id(prefixes.stream), id(prefixes.account)),
        None => (Uuid::new_v4().to_string(), Uuid::new_v4().to_string(), "goldencall".to_owned()),
    };
    StreamStart {
        call_id,
        stream_id,
        account_id,
        from: target.from.clone(),
        to: target.to.clone(),
        format: None,
        parameters: target.parameters.iter().cloned().collect(),
    }
}
