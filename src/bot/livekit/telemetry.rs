//! The agent's telemetry on the channel `_reliable`: that it is ready, as an RTVI message in a user packet.

use std::sync::Arc;

use livekit_protocol::{DataPacket, UserPacket, data_packet};
use prost::Message as _;
use serde_json::json;
use webrtc::data_channel::{DataChannel, DataChannelEvent};

/// Says it once the channel is open, and keeps the channel until it closes.
pub(super) async fn send(channel: Arc<dyn DataChannel>) {
    while let Some(event) = channel.poll().await {
        match event {
            DataChannelEvent::OnOpen => {
                let _closed = channel.send(ready().as_slice().into()).await;
            }
            DataChannelEvent::OnClose => return,
            _ => {}
        }
    }
}

fn ready() -> Vec<u8> {
    let payload = json!({ "label": "rtvi-ai", "type": "bot-ready", "data": { "version": "1.2.0" } }).to_string().into_bytes();
    let user = UserPacket { payload, topic: Some("rtvi-ai".to_owned()), ..UserPacket::default() };
    DataPacket { value: Some(data_packet::Value::User(user)), ..DataPacket::default() }.encode_to_vec()
}
