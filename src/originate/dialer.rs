//! Places calls over providers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::control::Control;
use super::leg::{BackgroundRequests, Leg};
use super::listener::listen;
use super::pending_calls::{PendingCalls, Reservation};
use super::session::OriginatedSession;
use super::status::Stage;
use super::waiting::{Opened, Waiting};
use crate::scenario::{OriginateTarget, Target};
use crate::transport::{BoxFuture, Call, CallEvent, Dial, DialError, DialErrorKind, MediaLane, Transport};
use crate::websocket::sink::SocketSink;
use crate::websocket::{WireDecoder, WireEncoder};

/// Places calls over providers, with one listener per address from the first call that needs it to the end of the run.
#[derive(Default)]
pub struct OriginateTransport {
    lane: MediaLane,
    listeners: Arc<Mutex<HashMap<SocketAddr, Arc<PendingCalls>>>>,
    background: OnceLock<BackgroundRequests>,
}

impl Transport for OriginateTransport {
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>> {
        Box::pin(async move {
            let Target::Originate(target) = dial.target.clone() else {
                return Err(DialError::new(DialErrorKind::Local, "this transport places calls over providers only"));
            };
            let handle = self.lane.handle().map_err(|error| DialError::local("no thread for the media", error))?;
            let background = self.background.get_or_init(|| BackgroundRequests::on(handle)).clone();
            let listeners = Arc::clone(&self.listeners);
            self.lane.run(async move { place(dial, *target, &listeners, background).await }).await
        })
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            for (_, pending) in self.listeners.lock().await.drain() {
                pending.stop.cancel();
            }
            // First the calls that were dropped, then the hang-ups that they started.
            self.lane.quiet().await;
            if let Some(background) = self.background.get() {
                background.done().await;
            }
        })
    }
}

async fn place(
    dial: Dial,
    target: OriginateTarget,
    listeners: &Mutex<HashMap<SocketAddr, Arc<PendingCalls>>>,
    background: BackgroundRequests,
) -> Result<Call, DialError> {
    let pending = listener(listeners, target.listen).await?;
    let mut reservation = pending.expect(target.clone());
    if !target.url.starts_with("https://") {
        let note = format!("{} is not an https:// URL: the call's audio crosses the network in the clear", target.url);
        let _nobody = dial.events.send(CallEvent::Note(note));
    }
    let leg = ask(&target, &reservation.token, background).await?;
    let _nobody = dial.events.send(CallEvent::Named(leg.call_id.clone()));
    let mut waiting = Waiting { target: &target, leg: &leg, clock: dial.clock, events: &dial.events, stage: Stage::Dialling };
    match waiting.stream(&mut reservation).await {
        Ok(opened) => Ok(start_stream(opened, leg, reservation, dial)),
        Err(mut error) => {
            if let Some(why) = leg.hang_up().await {
                error.message = format!("{}. Besides, {why}", error.message);
            }
            Err(error)
        }
    }
}

async fn listener(listeners: &Mutex<HashMap<SocketAddr, Arc<PendingCalls>>>, address: SocketAddr) -> Result<Arc<PendingCalls>, DialError> {
    let mut listeners = listeners.lock().await;
    if let Some(pending) = listeners.get(&address) {
        return Ok(Arc::clone(pending));
    }
    let pending = listen(address).await?;
    listeners.insert(address, Arc::clone(&pending));
    Ok(pending)
}

/// Asks for the call in a task of its own: a dial that is dropped while the answer is on its way still learns which call to end.
async fn ask(target: &OriginateTarget, token: &str, background: BackgroundRequests) -> Result<Leg, DialError> {
    let api = Arc::new(Api::new(target)?);
    let (reply, placed) = oneshot::channel();
    let (token, more) = (token.to_owned(), background.clone());
    background.run(async move {
        let placed = api.place(&token).await.map(|call_id| Leg::new(Arc::clone(&api), call_id, more));
        // If the receiver is gone, the leg is dropped, which hangs up.
        drop(reply.send(placed));
    });
    placed.await.map_err(|error| DialError::local("the request for the call was lost", error))?
}

fn start_stream(opened: Opened, leg: Leg, reservation: Reservation, dial: Dial) -> Call {
    let Opened { reader, writer, role, start, at } = opened;
    let format = start.format.unwrap_or_else(|| role.format());
    let (encoder, (sender, outbox)) = (WireEncoder::new(format), mpsc::unbounded_channel());
    let sink = SocketSink { outbox: sender.clone(), delay_nanos: encoder.delay_nanos() };
    let control = Arc::new(Control {
        leg,
        outbox: sender,
        events: dial.events.clone(),
        over: false.into(),
        stop: CancellationToken::new(),
        received: std::sync::Mutex::default(),
        gauges: reader.gauges(),
    });
    let call = Call { answered_at: at, codec: format.to_string(), call_id: start.call_id, sink: Box::new(sink), control: control.clone() };
    let session = OriginatedSession::new(control, (reader, writer), role, (encoder, WireDecoder::new(format)), outbox, dial, reservation);
    tokio::spawn(session.run());
    call
}
