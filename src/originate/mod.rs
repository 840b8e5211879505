//! Phone calls that a telephony provider places on goldencall's behalf: its REST API is asked to call the bot's number, and
//! it streams the call to a listener of ours. goldencall is the caller: the bot is the stream's inbound audio.

mod api;
mod control;
mod dialer;
mod endpoints;
mod leg;
mod listener;
mod pending_calls;
mod provider;
mod registry;
mod session;
mod stamp;
mod status;
mod teler;
mod twilio;
mod waiting;

pub use dialer::OriginateTransport;
