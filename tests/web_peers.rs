//! Over WebRTC and media sockets against software that we did not write: Pipecat, aiortc, libwebrtc in Node.js and in
//! Chromium, jambonz' and Teler's SDKs.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

#[path = "web_peers/aiortc.rs"]
mod aiortc;
#[path = "web_peers/browser.rs"]
mod browser;
mod common;
#[path = "web_peers/node.rs"]
mod node;
#[path = "web_peers/pipecat.rs"]
mod pipecat;
#[path = "web_peers/support.rs"]
mod support;
#[path = "web_peers/teler.rs"]
mod teler;
