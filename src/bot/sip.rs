//! The bot's SIP side: a user agent server that answers every call with a script.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rsipstack::dialog::dialog::{Dialog, DialogState};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode, Uri};
use rsipstack::transaction::TransactionReceiver;
use tokio_util::sync::CancellationToken;

use super::line::{self, Line};
use super::state::BotState;
use super::wire::{Encryption, RtpWire};
use crate::codec::Codec;
use crate::rtp::dtls::{Handshake, Role};
use crate::rtp::{Keys, Outgoing};
use crate::scenario::Fault;
use crate::sip::sdp::{Description, Setup};
use crate::sip::{Endpoint, digit_of, in_dialog, sdp};

/// Ports to try where any will do.
const PORTS: usize = 20;

/// UDP and TCP on one port number. Where any port will do, the one that UDP gets may be taken on TCP: then another is tried.
async fn listen(address: SocketAddr) -> Result<(Endpoint, TransactionReceiver), String> {
    let tries = if address.port() == 0 { PORTS } else { 1 };
    let mut taken = String::new();
    for _ in 0..tries {
        let (endpoint, incoming) = Endpoint::bind(address, "goldencall-bot", None).await?;
        match endpoint.listen_tcp().await {
            Ok(()) => return Ok((endpoint, incoming)),
            Err(error) => taken = error,
        }
    }
    Err(taken)
}

/// Serves SIP until the bot is stopped; returns where.
pub(super) async fn serve(state: Arc<BotState>, address: SocketAddr, stopped: CancellationToken) -> Result<SocketAddr, String> {
    let (endpoint, mut incoming) = listen(address).await?;
    let address = endpoint.address;
    let server = Arc::new(Server { endpoint, state });
    tokio::spawn(async move {
        loop {
            let transaction = tokio::select! {
                () = stopped.cancelled() => break,
                transaction = incoming.recv() => match transaction {
                    Some(transaction) => transaction,
                    None => break,
                },
            };
            Arc::clone(&server).serve(transaction).await;
        }
    });
    Ok(address)
}

struct Server {
    endpoint: Endpoint,
    state: Arc<BotState>,
}

impl Server {
    async fn serve(self: Arc<Self>, mut transaction: rsipstack::transaction::transaction::Transaction) {
        let in_a_dialog = transaction.original.to_header().is_ok_and(|to| to.tag().ok().flatten().is_some());
        match transaction.original.method {
            _ if in_a_dialog => in_dialog(&self.endpoint.dialogs, transaction).await,
            Method::Invite => self.invited(transaction),
            Method::Options => drop(transaction.reply(StatusCode::OK).await),
            Method::Ack => {}
            Method::Cancel => in_dialog(&self.endpoint.dialogs, transaction).await,
            _ => drop(transaction.reply(StatusCode::MethodNotAllowed).await),
        }
    }

    fn invited(self: Arc<Self>, mut transaction: rsipstack::transaction::transaction::Transaction) {
        let (states, mut events) = self.endpoint.dialogs.new_dialog_state_channel();
        let contact = Uri::try_from(format!("sip:bot@{}", self.endpoint.address).as_str()).ok();
        let Ok(mut dialog) = self.endpoint.dialogs.get_or_create_server_invite(&transaction, states, None, contact) else { return };
        tokio::spawn(async move {
            let handled = tokio::spawn(async move { dialog.handle(&mut transaction).await });
            let over = CancellationToken::new();
            let (press, keys) = mpsc::channel();
            let mut keys = Some(keys);
            while let Some(state) = events.recv().await {
                match state {
                    DialogState::Calling(id) => {
                        if let Some(Dialog::Invite(dialog)) = self.endpoint.dialogs.get_dialog(&id) {
                            let keys = keys.take().unwrap_or_else(|| mpsc::channel().1);
                            tokio::spawn(Arc::clone(&self).answer(dialog, over.clone(), keys));
                        }
                    }
                    DialogState::Updated(_, request, handle) => drop(handle.respond(StatusCode::OK, None, Some(request.body)).await),
                    DialogState::Info(_, request, handle) => {
                        // A line that is over reads no more keys.
                        let _over = digit_of(&request).map(|digit| press.send(digit));
                        drop(handle.reply(StatusCode::OK).await);
                    }
                    DialogState::Options(_, _, handle) => drop(handle.reply(StatusCode::OK).await),
                    DialogState::Terminated(id, _) => {
                        self.endpoint.dialogs.remove_dialog(&id);
                        break;
                    }
                    _ => {}
                }
            }
            over.cancel();
            let _ended = handled.await;
        });
    }

    async fn answer(self: Arc<Self>, dialog: InviteDialog, over: CancellationToken, keys: mpsc::Receiver<char>) {
        let request = dialog.initial_request();
        let reject = |code: StatusCode, why: &str| {
            let _gone = dialog.reject(Some(code), Some(why.to_owned()));
        };
        if self.state.fault == Some(Fault::Busy) {
            return reject(StatusCode::BusyHere, "Busy Here");
        }
        let name = user_of(&request);
        let Some(script) = self.state.script(&name) else {
            return reject(StatusCode::NotFound, "No such script");
        };
        let Ok(offer) = sdp::parse(&request.body) else { return reject(StatusCode::NotAcceptableHere, "No usable audio") };
        let _ringing = dialog.ringing(None, None);
        if self.state.fault == Some(Fault::NoAnswer) {
            return over.cancelled().await;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        let Ok(socket) = UdpSocket::bind(SocketAddr::new(self.endpoint.address.ip(), 0)) else {
            return reject(StatusCode::ServerInternalError, "No RTP port");
        };
        let Ok(local) = socket.local_addr() else { return };
        let Ok((own, plan, encryption)) = agreed(&offer, local) else {
            return reject(StatusCode::NotAcceptableHere, "No usable audio");
        };
        let body = own.text(1).into_bytes();
        if dialog.accept(Some(vec![Header::ContentType("application/sdp".into())]), Some(body)).is_err() {
            return;
        }
        let hang_up = CancellationToken::new();
        let Ok(wire) = RtpWire::new(socket, offer.address, own.formats, plan, encryption) else { return };
        let call_id = request.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default();
        let (over, hang_up) = (over.clone(), hang_up.clone());
        let line = Line {
            over: over.clone(),
            hang_up: hang_up.clone(),
            keys,
            think: think_of(&request),
            ..self.state.line(wire, script, call_id)
        };
        line::start(line);
        tokio::select! {
            () = over.cancelled() => {}
            () = hang_up.cancelled() => drop(tokio::time::timeout(Duration::from_secs(2), dialog.bye()).await),
        }
        over.cancel();
    }
}

/// The answer: the first codec of the offer and its events, its packet length, its encryption; and what follows from it.
fn agreed(offer: &Description, local: SocketAddr) -> Result<(Description, Outgoing, Encryption), String> {
    let codec = offer.formats.codecs().next().unwrap_or(Codec::Pcmu);
    let (codec, number) = sdp::chosen(&[codec], offer)?;
    let own = sdp::answer_to(offer, local, &[codec])?;
    let encryption = match (own.crypto.first(), offer.crypto.first(), own.setup, offer.fingerprint.clone()) {
        (Some(ours), Some(theirs), ..) => {
            Encryption::keyed(&Keys { suite: ours.suite, local: ours.key.clone(), remote: theirs.key.clone() })?
        }
        (.., Some(setup), Some(fingerprint)) => {
            let role = if setup == Setup::Active { Role::Active } else { Role::Passive };
            Encryption::by_handshake(Handshake::new(role, fingerprint)?)?
        }
        _ => Encryption::default(),
    };
    Ok((own, offer.outgoing(codec, number, 20), encryption))
}

/// The user part of the request URI names the script.
fn user_of(request: &Request) -> String {
    request.uri.user().map(ToString::to_string).unwrap_or_default()
}

/// `X-Goldencall-Think: 850` sets the think time of one call in milliseconds, for `calibrate`.
fn think_of(request: &Request) -> Option<Duration> {
    let name = "x-goldencall-think";
    request.headers.iter().find_map(|header| match header {
        Header::Other(key, value) if key.to_string().eq_ignore_ascii_case(name) => {
            value.trim().parse().ok().and_then(|millis: f64| Duration::try_from_secs_f64(millis / 1000.0).ok())
        }
        _ => None,
    })
}
