//! Writes seeds into `corpus/`: one valid message of each kind, in both directions, for every media-socket protocol,
//! and prints the names of these protocols.

use std::path::Path;
use std::{fs, io};

use goldencall::internals::websocket::{FromBot, Message, Protocol, StreamStart, ToBot};
use goldencall::internals::websocket::jambonz_control as control;
use goldencall::internals::websocket::{bot_role, provider_role};

fn main() -> io::Result<()> {
    for protocol in Protocol::ALL {
        let messages = messages(protocol);
        write(protocol.name(), &messages)?;
        println!("{}", protocol.name());
    }
    let start = StreamStart { call_id: "CA1".into(), ..StreamStart::default() };
    let mut messages: Vec<Message> = vec![control::session_new("m1", &start)];
    let listen = r#"{"type":"ack","msgid":"m1","data":[{"verb":"answer"},{"verb":"listen","url":"/media","sampleRate":16000,"bidirectionalAudio":{"enabled":true,"streaming":true}},{"verb":"say","text":["a"]},{"verb":"pause","length":1},{"verb":"hangup"}]}"#;
    messages.push(Message::Text(listen.to_owned()));
    write("jambonz_control", &messages)?;
    let reports = [
        r#"{"label":"rtvi-ai","type":"metrics","data":{"ttfb":[{"processor":"a","value":0.5}],"ttfa":[{"ttfa":0.2,"ttfb":0.1,"leading_silence":0.1}],"processing":[{"processor":"b","value":1}]}}"#,
        r#"{"label":"rtvi-ai","type":"user-transcription","data":{"text":"hi","final":true}}"#,
        r#"{"label":"rtvi-ai","type":"llm-function-call","data":{"function_name":"f","tool_call_id":"1","args":{"a":1}}}"#,
        r#"{"type":"response.function_call_arguments.done","name":"f","call_id":"1","arguments":"{\"a\":1}"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","transcript":"hi"}"#,
    ];
    write("bot_reports", &reports.map(|text| Message::Text(text.to_owned())))?;
    let spans = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bot"}}]},"scopeSpans":[{"spans":[{"traceId":"aa","spanId":"bb","name":"llm","startTimeUnixNano":"1","endTimeUnixNano":2,"attributes":[{"key":"metrics.ttfb","value":{"doubleValue":0.4}}]}]}]}]}"#;
    write("otlp", &[Message::Text(spans.to_owned())])?;
    let answers = [
        r#"<Response><Say>Hi</Say><Connect><Stream url="wss://bot/ws"><Parameter name="a" value="1"/></Stream></Connect></Response>"#,
        r#"<Response><Stream bidirectional="true" contentType="audio/x-l16;rate=16000" extraHeaders="a=1,b=2">wss://bot/ws</Stream></Response>"#,
        r#"[{"action":"connect","endpoint":[{"type":"websocket","uri":"wss://b/ws","content-type":"audio/l16;rate=8000","headers":{"n":1}}]}]"#,
        r#"{"action":"stream","ws_url":"wss://b/ws","sample_rate":"16k"}"#,
    ];
    write("answers", &answers.map(|text| Message::Text(text.to_owned())))?;
    let answer =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96 0\r\na=rtpmap:96 opus/48000/2\r\na=sendrecv\r\n";
    write("webrtc_answer", &[Message::Text(answer.to_owned())])?;
    write("sdp", &[Message::Text(answer.replace("UDP/TLS/RTP/SAVPF 96", "RTP/SAVP 0"))])?;
    let signalling = [
        r#"{"sdp":"v=0","type":"answer","pc_id":"SmallWebRTCConnection#0"}"#,
        r#"{"sessionId":"a","iceConfig":{"iceServers":[{"urls":["stun:a:1"]},{"urls":"turn:b:1","username":"u","credential":"c"}]}}"#,
        r#"{"status":"failed","meta":{"error":"concurrency_limit_reached","limit":1}}"#,
    ];
    write("signalling", &signalling.map(|text| Message::Text(text.to_owned())))?;
    // RTP after its length: mu-law, a telephone event, comfort noise.
    let packet = |kind: u8, payload: &[u8]| [&[12 + payload.len() as u8, 0x80, kind, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7], payload].concat();
    let packets = [packet(0, &[255; 8]), packet(101, &[5, 0x8a, 0, 160]), packet(13, &[40])].concat();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/rtp");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("seed-0"), packets)?;
    copy("scenarios", "yaml", "scenario_yaml")?;
    copy("audio/caller", "wav", "wav")
}

fn messages(protocol: Protocol) -> Vec<Message> {
    let (mut provider, mut bot) = (provider_role(protocol, None), bot_role(protocol));
    let format = Some(provider.format());
    let start = StreamStart { call_id: "CA1".into(), stream_id: "MZ1".into(), format, ..StreamStart::default() };
    let mut all = provider.write(&ToBot::Start(start));
    // The bot learns the names of the stream, which its own messages have too.
    all.iter().for_each(|message| drop(bot.read(message)));
    let told = [
        ToBot::Audio(vec![255; 16]),
        ToBot::Dtmf('5'),
        ToBot::MarkReached { name: "end".into(), cleared: false },
        ToBot::Playback { started: true },
        ToBot::Stop,
    ];
    let asked = [
        FromBot::Accepted { format },
        FromBot::Audio { payload: vec![1; 8], format, chunk: Some("7".into()) },
        FromBot::Mark("end".into()),
        FromBot::Clear(Some("7".into())),
        FromBot::Dtmf("1#".into()),
        FromBot::HangUp { reason: Some("done".into()) },
    ];
    all.extend(told.iter().flat_map(|event| provider.write(event)));
    all.extend(asked.iter().flat_map(|event| bot.write(event)));
    all
}

/// The beginning of each of the project's files of this kind.
fn copy(from: &str, kind: &str, name: &str) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = folder.join("corpus").join(name);
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(folder.join("..").join(from))? {
        let path = entry?.path();
        if let (true, Some(file)) = (path.extension().is_some_and(|extension| extension == kind), path.file_name()) {
            let mut bytes = fs::read(&path)?;
            bytes.truncate(4096);
            fs::write(to.join(file), bytes)?;
        }
    }
    Ok(())
}

/// Each message alone, and all of them as the lines of one input.
fn write(name: &str, messages: &[Message]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    fs::create_dir_all(&folder)?;
    let bytes = |message: &Message| match message {
        Message::Text(text) => text.clone().into_bytes(),
        Message::Binary(bytes) => [b"B", bytes.as_slice()].concat(),
    };
    for (number, message) in messages.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), bytes(message))?;
    }
    let lines: Vec<Vec<u8>> = messages.iter().map(bytes).collect();
    fs::write(folder.join("seed-all"), lines.join(&b'\n'))
}
