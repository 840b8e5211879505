//! One SIP endpoint: a UDP port, the connections made from it, and what `rsipstack` needs around them.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Method, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TcpListenerConnection, TransportLayer};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::datagram::Datagrams;
use super::early::EarlyDialogs;
use super::trace::SipTrace;
use super::watch::{Inspector, Watch};

/// Sends and receives SIP until it is dropped.
pub(crate) struct Endpoint {
    pub dialogs: Arc<DialogLayer>,
    pub address: SocketAddr,
    pub(super) inner: EndpointInnerRef,
    pub(super) watch: Arc<Watch>,
    pub(super) early: Arc<EarlyDialogs>,
    _stop: DropGuard,
}

impl Endpoint {
    /// Binds and starts to serve; returns what comes in outside of dialogs as well.
    pub async fn bind(address: SocketAddr, name: &str, trace: Option<Arc<SipTrace>>) -> Result<(Self, TransactionReceiver), String> {
        let stop = CancellationToken::new();
        let layer = TransportLayer::new(stop.child_token());
        let socket = Datagrams::bind(address).await.map_err(|error| error.to_string())?;
        let udp = UdpConnection::from_socket(Arc::new(socket), None, Some(stop.child_token())).await.map_err(|error| error.to_string())?;
        let address = udp.get_addr().get_socketaddr().map_err(|error| error.to_string())?;
        layer.add_transport(udp.into());
        let watch = Arc::new(Watch::new(trace));
        let option = EndpointOption { callid_suffix: Some("goldencall".to_owned()), ..EndpointOption::default() };
        let endpoint = EndpointBuilder::new()
            .with_cancel_token(stop.clone())
            .with_transport_layer(layer)
            .with_user_agent(name)
            .with_option(option)
            .with_inspector(Box::new(Inspector(Arc::clone(&watch))))
            .build();
        let incoming = endpoint.incoming_transactions().map_err(|error| error.to_string())?;
        let inner = Arc::clone(&endpoint.inner);
        watch.serve(&inner);
        let serving = Arc::clone(&inner);
        tokio::spawn(async move { serving.serve().await });
        let dialogs = Arc::new(DialogLayer::new(Arc::clone(&inner)));
        Ok((Self { dialogs, address, inner, watch, early: Arc::default(), _stop: stop.drop_guard() }, incoming))
    }

    /// Takes TCP connections on the same port number as well.
    pub async fn listen_tcp(&self) -> Result<(), String> {
        let listener = TcpListenerConnection::new(self.address, None).await;
        let listener = listener.map_err(|error| error.to_string())?;
        let layer = &self.inner.transport_layer.inner;
        listener.serve_listener(Arc::clone(layer)).await.map_err(|error| error.to_string())
    }

    /// Serves a connection made from here; requests to its far end go over it.
    pub(super) fn add(&self, connection: SipConnection) {
        self.inner.transport_layer.add_connection(connection);
    }

    /// Whether every connection made from here is closed.
    pub(super) fn is_disconnected(&self) -> bool {
        self.inner.transport_layer.connections_count() == 0
    }

    /// Serves what comes in on a caller's endpoint: requests inside its dialogs; it does not take calls.
    pub(super) fn serve_caller(self: &Arc<Self>, mut incoming: TransactionReceiver) {
        let (dialogs, early) = (Arc::clone(&self.dialogs), Arc::clone(&self.early));
        tokio::spawn(async move {
            while let Some(mut transaction) = incoming.recv().await {
                match transaction.original.method {
                    Method::Options => drop(transaction.reply(StatusCode::OK).await),
                    Method::Invite if transaction.original.to_header().is_ok_and(|to| to.tag().ok().flatten().is_none()) => {
                        drop(transaction.reply(StatusCode::BusyHere).await);
                    }
                    _ if dialogs.match_dialog(&transaction).is_some() => in_dialog(&dialogs, transaction).await,
                    _ => {
                        if let Some(transaction) = early.hand_over(transaction) {
                            in_dialog(&dialogs, transaction).await;
                        }
                    }
                }
            }
        });
    }
}

/// Hands a request inside a dialog to it, or answers 481.
pub(crate) async fn in_dialog(dialogs: &DialogLayer, mut transaction: Transaction) {
    match dialogs.match_dialog(&transaction) {
        Some(mut dialog) => {
            tokio::spawn(async move {
                if let Err(error) = dialog.handle(&mut transaction).await {
                    tracing::debug!(%error, "a request inside a dialog could not be handled");
                }
            });
        }
        None if transaction.original.method == Method::Ack => {}
        None => {
            let _gone = transaction.reply(StatusCode::CallTransactionDoesNotExist).await;
        }
    }
}
