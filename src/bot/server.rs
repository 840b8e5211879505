//! The bot's SIP side: a user agent server that answers every call with a script.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::dialog::{Dialog, DialogState};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode, Uri};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::line::{self, Line};
use super::log::TrueTimes;
use super::script::{BotError, Library};
use crate::scenario::{Codec, Fault};
use crate::transport::sip::{Endpoint, in_dialog, sdp};

/// How a bot behaves.
#[derive(Clone, Debug)]
pub struct BotOptions {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Its scripts.
    pub library: Library,
    /// How it goes wrong.
    pub fault: Option<Fault>,
}

/// A running bot; it ends when this is dropped.
pub struct Bot {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it knows for certain.
    pub log: TrueTimes,
    _stop: DropGuard,
}

impl Bot {
    /// Starts to listen.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(options: BotOptions) -> Result<Self, BotError> {
        let listen = |message| BotError::Listen { address: options.address.to_string(), message };
        let (endpoint, mut incoming) = Endpoint::bind(options.address, "goldencall-bot").await.map_err(listen)?;
        let address = endpoint.address;
        let stop = CancellationToken::new();
        let log = TrueTimes::default();
        let server = Arc::new(Server { endpoint, options, log: log.clone() });
        let stopped = stop.clone();
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
        Ok(Self { address, log, _stop: stop.drop_guard() })
    }
}

struct Server {
    endpoint: Endpoint,
    options: BotOptions,
    log: TrueTimes,
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
            while let Some(state) = events.recv().await {
                match state {
                    DialogState::Calling(id) => {
                        if let Some(Dialog::Invite(dialog)) = self.endpoint.dialogs.get_dialog(&id) {
                            tokio::spawn(Arc::clone(&self).answer(dialog, over.clone()));
                        }
                    }
                    DialogState::Updated(_, request, handle) => drop(handle.respond(StatusCode::OK, None, Some(request.body)).await),
                    DialogState::Info(_, _, handle) | DialogState::Options(_, _, handle) => drop(handle.reply(StatusCode::OK).await),
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

    async fn answer(self: Arc<Self>, dialog: InviteDialog, over: CancellationToken) {
        let request = dialog.initial_request();
        let reject = |code: StatusCode, why: &str| {
            let _gone = dialog.reject(Some(code), Some(why.to_owned()));
        };
        if self.options.fault == Some(Fault::Busy) {
            return reject(StatusCode::BusyHere, "Busy Here");
        }
        let name = user_of(&request);
        let Ok(script) = self.options.library.script(&name).or_else(|_| self.options.library.script("")) else {
            return reject(StatusCode::NotFound, "No such script");
        };
        let Ok(audio) = sdp::parse(&request.body) else { return reject(StatusCode::NotAcceptableHere, "No usable audio") };
        let _ringing = dialog.ringing(None, None);
        if self.options.fault == Some(Fault::NoAnswer) {
            return over.cancelled().await;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        let codec = audio.codecs.first().copied().unwrap_or(Codec::Pcmu);
        let Ok(socket) = UdpSocket::bind(SocketAddr::new(self.endpoint.address.ip(), 0)) else {
            return reject(StatusCode::ServerInternalError, "No RTP port");
        };
        let Ok(local) = socket.local_addr() else { return };
        let body = sdp::describe(local, &[codec], 1).into_bytes();
        if dialog.accept(Some(vec![Header::ContentType("application/sdp".into())]), Some(body)).is_err() {
            return;
        }
        let hang_up = CancellationToken::new();
        let line = Line {
            socket,
            remote: audio.address,
            codec,
            library: self.options.library.clone(),
            script: script.clone(),
            fault: self.options.fault,
            call_id: request.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default(),
            log: self.log.clone(),
            over: over.clone(),
            hang_up: hang_up.clone(),
            think: think_of(&request),
        };
        let _thread = std::thread::Builder::new().name("bot".to_owned()).spawn(move || line::run(line));
        tokio::select! {
            () = over.cancelled() => {}
            () = hang_up.cancelled() => drop(tokio::time::timeout(Duration::from_secs(2), dialog.bye()).await),
        }
        over.cancel();
    }
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
