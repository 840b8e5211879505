//! Signalling messages (`livekit_rtc.proto`): bytes on the WebSocket, and the few of them that goldencall writes.

use livekit_protocol::{
    AddTrackRequest, DisconnectReason, LeaveRequest, Ping, SessionDescription, SignalRequest, SignalResponse, SignalTarget, TrackSource,
    TrackType, TrickleRequest, leave_request, signal_request, signal_response,
};
use prost::Message as _;
use rtc::peer_connection::transport::RTCIceCandidateInit;

pub(crate) use signal_request::Message as Request;
pub(crate) use signal_response::Message as Response;

/// A request as bytes.
pub(crate) fn write_request(message: Request) -> Vec<u8> {
    SignalRequest { message: Some(message) }.encode_to_vec()
}

/// A response as bytes.
pub(crate) fn write_response(message: Response) -> Vec<u8> {
    SignalResponse { message: Some(message) }.encode_to_vec()
}

/// A request from bytes; `None` where it is of a kind that is not known.
///
/// # Errors
/// The bytes are not such a message.
pub(crate) fn read_request(bytes: &[u8]) -> Result<Option<Request>, String> {
    SignalRequest::decode(bytes).map(|request| request.message).map_err(|error| error.to_string())
}

/// A response from bytes; `None` where it is of a kind that is not known.
///
/// # Errors
/// The bytes are not such a message.
pub(crate) fn read_response(bytes: &[u8]) -> Result<Option<Response>, String> {
    SignalResponse::decode(bytes).map(|response| response.message).map_err(|error| error.to_string())
}

/// Publishes a microphone; `cid` is the track's id in the offer that follows.
pub(crate) fn add_microphone(cid: &str) -> Request {
    Request::AddTrack(AddTrackRequest {
        cid: cid.to_owned(),
        name: "microphone".to_owned(),
        r#type: TrackType::Audio.into(),
        source: TrackSource::Microphone.into(),
        // One packet an RTP packet: what is sent is measured, and nothing is repeated.
        disable_red: true,
        ..AddTrackRequest::default()
    })
}

/// A session description; an answer has the number of its offer.
pub(crate) fn description(kind: &str, sdp: String, id: u32) -> SessionDescription {
    SessionDescription { r#type: kind.to_owned(), sdp, id, ..SessionDescription::default() }
}

/// A candidate of one of the two connections. No client says which one is the last.
pub(crate) fn trickle(candidate: &RTCIceCandidateInit, target: SignalTarget) -> Result<TrickleRequest, String> {
    // An empty name is none: the index says it all.
    let sdp_mid = candidate.sdp_mid.clone().filter(|mid| !mid.is_empty());
    let candidate = RTCIceCandidateInit { sdp_mid, ..candidate.clone() };
    let candidate_init = serde_json::to_string(&candidate).map_err(|error| error.to_string())?;
    Ok(TrickleRequest { candidate_init, target: target.into(), r#final: false })
}

/// The candidate of a trickle message; `None` where it only says that there are no more, or cannot be read.
pub(crate) fn candidate_of(trickle: &TrickleRequest) -> Option<RTCIceCandidateInit> {
    let candidate: serde_json::Value = serde_json::from_str(&trickle.candidate_init).ok()?;
    let text = |name: &str| candidate[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(RTCIceCandidateInit {
        candidate: text("candidate")?,
        sdp_mid: text("sdpMid"),
        sdp_mline_index: candidate["sdpMLineIndex"].as_u64().and_then(|index| u16::try_from(index).ok()),
        username_fragment: text("usernameFragment"),
        ..RTCIceCandidateInit::default()
    })
}

/// The end of a participant's stay.
pub(crate) fn leave(reason: DisconnectReason) -> LeaveRequest {
    LeaveRequest { reason: reason.into(), action: leave_request::Action::Disconnect.into(), ..LeaveRequest::default() }
}

/// A sign of life; times in milliseconds.
pub(crate) fn ping(timestamp: i64, rtt: i64) -> Request {
    Request::PingReq(Ping { timestamp, rtt })
}
