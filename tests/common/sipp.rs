//! sipp as a bot: scenarios made of steps, so that each test shows only what is peculiar to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::root;

/// A recording as raw mu-law, as sipp plays it.
pub fn raw_ulaw(wav: &Path, to: &Path) {
    let mut reader = hound::WavReader::open(wav).expect("WAV");
    let bytes: Vec<u8> = reader.samples::<i16>().map(|sample| audio_codec_algorithms::encode_ulaw(sample.expect("sample"))).collect();
    std::fs::write(to, bytes).expect("raw file");
}

/// sipp with this scenario on this port, for one call.
pub fn sipp(scenario: &Path, port: u16, more: &[&str]) -> Command {
    let mut command = Command::new("sipp");
    let media = (30_000 + u32::from(port) % 20_000 / 2 * 2).to_string();
    command.args(["-sf"]).arg(scenario).args(["-i", "127.0.0.1", "-p", &port.to_string(), "-mp", &media, "-m", "1", "-nostdin"]);
    command.args(["-timeout", "60"]).args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A scenario in the making.
pub struct Script {
    steps: String,
    requests: u32,
    found: u32,
}

impl Script {
    pub fn new() -> Self {
        Self { steps: String::new(), requests: 100, found: 0 }
    }

    fn step(mut self, text: &str) -> Self {
        self.steps.push_str(text);
        self
    }

    /// Waits for the INVITE, and remembers who calls.
    pub fn invite(self) -> Self {
        self.asked("")
    }

    /// The same, of an INVITE in which this is found.
    pub fn invite_with(mut self, regexp: &str) -> Self {
        self.found += 1;
        let number = self.found;
        let check = format!("<ereg regexp=\"{regexp}\" search_in=\"msg\" check_it=\"true\" assign_to=\"found{number}\"/>");
        self.asked(&check).log(number)
    }

    fn asked(self, check: &str) -> Self {
        let invite = r#"<recv request="INVITE"><action>CHECK
                <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
                <ereg regexp="&lt;[^&gt;]*&gt;" search_in="hdr" header="To:" assign_to="to"/>
                <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="contact"/>
                <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/>
                <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
                <ereg regexp=".*" search_in="hdr" header="Via:" occurrence="2" assign_to="through"/>
                <ereg regexp=".*" search_in="hdr" header="Record-Route:" assign_to="route"/>
            </action></recv>"#;
        self.step(&invite.replace("CHECK", check))
    }

    /// Waits for a request.
    pub fn recv(self, method: &str) -> Self {
        self.step(&format!("<recv request=\"{method}\"/>"))
    }

    /// Waits for a request in which this is found, or the scenario fails.
    pub fn recv_with(mut self, method: &str, regexp: &str) -> Self {
        self.found += 1;
        let number = self.found;
        let action = format!("<ereg regexp=\"{regexp}\" search_in=\"msg\" check_it=\"true\" assign_to=\"found{number}\"/>");
        let _ok = write!(self.steps, "<recv request=\"{method}\"><action>{action}</action></recv>");
        self.log(number)
    }

    /// sipp wants every variable to be used.
    fn log(self, number: u32) -> Self {
        self.step(&format!("<nop><action><log message=\"[$found{number}]\"/></action></nop>"))
    }

    /// Waits for a final response to a request of the bot's.
    pub fn response(self, code: u16) -> Self {
        self.step(&format!("<recv response=\"{code}\"/>"))
    }

    /// Waits for a response in which this is found.
    pub fn response_with(mut self, code: u16, regexp: &str) -> Self {
        self.found += 1;
        let number = self.found;
        let action = format!("<ereg regexp=\"{regexp}\" search_in=\"msg\" check_it=\"true\" assign_to=\"found{number}\"/>");
        let _ok = write!(self.steps, "<recv response=\"{code}\"><action>{action}</action></recv>");
        self.log(number)
    }

    pub fn pause(self, milliseconds: u32) -> Self {
        self.step(&format!("<pause milliseconds=\"{milliseconds}\"/>"))
    }

    /// Says the recording.
    pub fn speak(self, recording: &Path) -> Self {
        self.step(&format!("<nop><action><exec rtp_stream=\"{},1,0\"/></action></nop>", recording.display()))
    }

    /// Says the same in A-law.
    pub fn speak_alaw(self, recording: &Path) -> Self {
        let ulaw = std::fs::read(recording).expect("recording");
        let alaw: Vec<u8> =
            ulaw.iter().map(|sample| audio_codec_algorithms::encode_alaw(audio_codec_algorithms::decode_ulaw(*sample))).collect();
        let path = recording.with_extension("alaw");
        std::fs::write(&path, alaw).expect("recording");
        self.step(&format!("<nop><action><exec rtp_stream=\"{},1,8\"/></action></nop>", path.display()))
    }

    /// Answers the INVITE, with a body where there is one.
    pub fn answer(self, status: &str, headers: &str, body: &str) -> Self {
        let body = body.to_owned();
        self.of_invite(status, headers, &body, "[call_number]")
    }

    /// Answers the INVITE as another branch of a fork.
    pub fn fork(self, status: &str, headers: &str, body: &str, tag: &str) -> Self {
        self.of_invite(status, headers, body, tag)
    }

    fn tagged(self, status: &str, headers: &str, body: &str, tag: &str) -> Self {
        let start = "[last_Via:]\n[last_From:]\n[last_To:]TAG\n[last_Call-ID:]\n[last_CSeq:]";
        let start = if tag.is_empty() { start.replace("TAG", "") } else { start.replace("TAG", &format!(";tag={tag}")) };
        self.message(&format!("SIP/2.0 {status}\n{start}\n"), headers, body)
    }

    fn of_invite(self, status: &str, headers: &str, body: &str, tag: &str) -> Self {
        let start =
            format!("SIP/2.0 {status}\nVia: [$via]\nFrom: [$from]\nTo: [$to];tag={tag}\nCall-ID: [call_id]\nCSeq: [$cseq] INVITE\n");
        self.message(&start, headers, body)
    }

    /// Answers a request inside the dialog.
    pub fn ok(self) -> Self {
        self.tagged("200 OK", "", "", "")
    }

    /// Answers a request inside the dialog otherwise.
    pub fn respond(self, status: &str, headers: &str) -> Self {
        self.tagged(status, headers, "", "")
    }

    /// Answers the last request, with the tag that the dialog begins with.
    pub fn respond_tagged(self, status: &str, headers: &str) -> Self {
        self.tagged(status, headers, "", "[call_number]")
    }

    /// Answers a request inside the dialog with a body.
    pub fn respond_with(self, status: &str, headers: &str, body: &str) -> Self {
        self.tagged(status, headers, body, "")
    }

    /// A request of the bot's inside the dialog.
    pub fn request(mut self, method: &str, headers: &str, body: &str) -> Self {
        self.requests += 1;
        let start = format!(
            "{method} [$contact] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nFrom: [$to];tag=[call_number]\n\
             To: [$from]\nCall-ID: [call_id]\nCSeq: {} {method}\nMax-Forwards: 70\n",
            self.requests
        );
        self.message(&start, headers, body)
    }

    /// Acknowledges the answer to a re-INVITE.
    pub fn ack(self) -> Self {
        self.ack_with("")
    }

    /// Acknowledges an offer that came in the answer to a re-INVITE.
    pub fn ack_with(self, body: &str) -> Self {
        let number = self.requests;
        let start = format!(
            "ACK [$contact] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nFrom: [$to];tag=[call_number]\n\
             To: [$from]\nCall-ID: [call_id]\nCSeq: {number} ACK\nMax-Forwards: 70\n"
        );
        self.message(&start, "", body)
    }

    fn message(self, start: &str, headers: &str, body: &str) -> Self {
        let contact = if headers.contains("Contact: ") { "" } else { "Contact: <sip:bot@[local_ip]:[local_port]>\n" };
        let body = if body.is_empty() {
            "Content-Length: 0\n\n".to_owned()
        } else {
            format!("Content-Type: application/sdp\nContent-Length: [len]\n\n{body}\n")
        };
        self.step(&format!("<send><![CDATA[\n{start}{contact}{headers}{body}]]></send>\n"))
    }

    /// Waits until the caller hangs up.
    pub fn bye(self) -> Self {
        self.recv("BYE").ok()
    }

    /// The scenario as a file.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("bot.xml");
        let used = "<nop><action><log message=\"[$from] [$to] [$contact] [$cseq] [$via] [$through] [$route]\"/></action></nop>";
        let text = format!("<?xml version=\"1.0\"?>\n<scenario name=\"bot\">\n{}\n{used}</scenario>\n", self.steps);
        std::fs::write(&path, text).expect("scenario");
        path
    }
}

/// A description of the bot's audio with this direction.
pub fn sdp(direction: &str) -> String {
    format!(
        "v=0\no=bot 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio [auto_media_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\na={direction}"
    )
}

/// The greeting of the booking script, as sipp plays it.
pub fn greeting(folder: &Path) -> PathBuf {
    let raw = folder.join("greeting.ulaw");
    raw_ulaw(&root().join("audio/bot/booking-greeting.wav"), &raw);
    raw
}
