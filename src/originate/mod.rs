//! Phone calls that a telephony provider places: goldencall asks its REST API to call the bot's number, and the provider streams
//! the call to goldencall's listener. goldencall is the caller; the bot is the stream's inbound audio.

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
