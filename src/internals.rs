//! What this package's own tests, benches and fuzz targets use of the program. Not an API: it changes without notice.

pub mod clock {
    pub use crate::clock::{CallClock, Monotonic};
}

pub mod codec {
    pub use crate::codec::Codec;
}

pub mod expect {
    pub use crate::expect::{Doubt, Ear, Fit, Leniency, Matcher, word_error_rate};
}

pub mod facts {
    pub use crate::facts::normalise;
}

pub mod media {
    pub use crate::media::detect::{DetectorConfig, SpeechDetector, SpeechEdge, SpeechModel, speech_segments, word_segments};
    pub use crate::media::quality::{Assessor, Evidence, PacketLog};
    pub use crate::media::wav::read as read_wav;
    pub use crate::media::{MediaFrame, VoiceDecoder};
}

pub mod originate {
    pub use crate::originate::OriginateTransport;
}

pub mod rtp {
    pub use crate::rtp::read_any;
}

pub mod runner {
    pub use crate::runner::{Lateness, Pacer};
}

pub mod scenario {
    pub use crate::scenario::{Config, Secrets, Setting, SipTarget, SocketProtocol, Source, Target, WebSocketTarget, parse};
}

pub mod sip {
    pub use crate::sip::SipTransport;
    pub use crate::sip::sdp::parse as parse_sdp;
}

pub mod speech {
    pub use crate::speech::store::{FetchStage, ModelFiles, ModelId, ModelState, ModelStore};
    pub use crate::speech::stt::{
        Batch, CommandConfig, CommandTranscriber, Embedded, HttpConfig, HttpTranscriber, SttError, Tokenizer, Transcriber, loop_start,
        segment_audio,
    };
}

pub mod telemetry {
    pub use crate::telemetry::openai::parse as parse_openai;
    pub use crate::telemetry::otlp::{json as otlp_json, protobuf as otlp_protobuf};
    pub use crate::telemetry::rtvi::parse as parse_rtvi;
    pub use crate::telemetry::{Receiver, Report, TraceContext, observe};
}

pub mod time {
    pub use crate::time::CallTime;
}

pub mod transport {
    pub use crate::transport::{Call, CallEvent, Dial, MediaSink, Transport};
}

pub mod webrtc {
    pub use crate::webrtc::fuzzed::read as read_signalling;
    pub use crate::webrtc::livekit::fuzzed::read as read_livekit;
    pub use crate::webrtc::sdp::audio_of;
}

pub mod websocket {
    pub use crate::websocket::WebSocketTransport;
    pub use crate::websocket::answer::fuzzed::read as read_answer;
    pub use crate::websocket::fuzzed::Decoder;
    pub use crate::websocket::protocol::{FromBot, Message, Protocol, StreamStart, ToBot};
    pub use crate::websocket::providers::jambonz::control as jambonz_control;
    pub use crate::websocket::providers::{bot_role, provider_role, split};
}
