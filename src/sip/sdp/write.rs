//! Descriptions as text.

use std::fmt::Write;
use std::net::SocketAddr;

use super::Description;
use super::crypto::fingerprint_text;
use crate::codec::Codec;
use crate::rtp::Payload;

impl Description {
    /// The description, which is the `version`-th of its session.
    pub fn text(&self, version: u32) -> String {
        let family = family(self.address);
        let (ip, port) = (self.address.ip(), self.address.port());
        let mut text = format!("v=0\r\no=goldencall {port} {version} IN {family} {ip}\r\ns=goldencall\r\nc=IN {family} {ip}\r\nt=0 0\r\n");
        let audio = self.audio();
        let (before, after) = self.refused.split_at(self.place.min(self.refused.len()));
        for line in before.iter().map(String::as_str).chain([audio.as_str()]).chain(after.iter().map(String::as_str)) {
            text.push_str(line);
            text.push_str("\r\n");
        }
        text
    }

    fn audio(&self) -> String {
        let numbers: String = self.formats.iter().map(|(number, _)| format!(" {number}")).collect();
        let mut lines = vec![format!("m=audio {} {}{numbers}", self.address.port(), self.profile.name())];
        for (number, payload) in self.formats.iter() {
            lines.push(format!("a=rtpmap:{number} {}", map(payload)));
            if let Some(parameters) = parameters(payload) {
                lines.push(format!("a=fmtp:{number} {parameters}"));
            }
        }
        lines.extend(self.ptime.map(|ptime| format!("a=ptime:{ptime}")));
        lines.extend(self.maxptime.map(|most| format!("a=maxptime:{most}")));
        lines.extend(self.rtcp.map(|rtcp| format!("a=rtcp:{} IN {} {}", rtcp.port(), family(rtcp), rtcp.ip())));
        lines.extend(self.rtcp_mux.then(|| "a=rtcp-mux".to_owned()));
        lines.extend(self.crypto.iter().map(|line| format!("a=crypto:{line}")));
        lines.extend(self.fingerprint.iter().map(|fingerprint| format!("a=fingerprint:{}", fingerprint_text(fingerprint))));
        lines.extend(self.setup.map(|setup| format!("a=setup:{}", setup.name())));
        let mut text = lines.join("\r\n");
        // Writing to a string cannot fail.
        let _never = write!(text, "\r\na={}", self.direction.name());
        text
    }
}

fn family(address: SocketAddr) -> &'static str {
    if address.is_ipv4() { "IP4" } else { "IP6" }
}

fn map(payload: Payload) -> String {
    match payload {
        // RFC 7587: always two channels, whatever is sent.
        Payload::Voice(Codec::Opus) => "opus/48000/2".to_owned(),
        Payload::Voice(codec) => format!("{}/8000", codec.name()),
        Payload::Events(clock) => format!("telephone-event/{clock}"),
        Payload::Noise => "CN/8000".to_owned(),
    }
}

fn parameters(payload: Payload) -> Option<&'static str> {
    match payload {
        Payload::Voice(Codec::Opus) => Some("minptime=10;useinbandfec=1"),
        Payload::Events(_) => Some("0-15"),
        Payload::Voice(_) | Payload::Noise => None,
    }
}
