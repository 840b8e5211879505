//! The readers of this folder in one call, for the fuzz target `livekit`.

use livekit_protocol::JoinResponse;

use super::message::{self, Response};
use super::room::Room;
use super::{data, tracks};

/// Reads bytes as everything that a LiveKit server or an agent may send.
pub fn read(bytes: &[u8]) {
    let mut join = JoinResponse::default();
    match message::read_response(bytes) {
        Ok(Some(Response::Join(joined))) => join = joined,
        Ok(Some(Response::Trickle(trickle))) => drop(message::candidate_of(&trickle)),
        Ok(Some(Response::Offer(offer) | Response::Answer(offer))) => drop(tracks::offered_audio(&offer.sdp)),
        Ok(_) | Err(_) => {}
    }
    data::reports(bytes, &Room::of(&join));
    tracks::offered_audio(&String::from_utf8_lossy(bytes));
}
