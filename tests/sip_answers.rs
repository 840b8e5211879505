//! Answers in every form that RFC 3261 allows: ACK and BYE must come, and come to where the answer wants them.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use common::{Run, goldencall, seat};

/// A form of the 200 to the INVITE: headers and body of a bot that wants requests at `contact`.
struct Form {
    name: &'static str,
    /// The Contact line; `{}` is the address.
    contact: &'static str,
    length: bool,
    multipart: bool,
}

impl Form {
    const fn contact(name: &'static str, contact: &'static str) -> Self {
        Self { name, contact, length: true, multipart: false }
    }

    fn answer(&self, kept: &str, to: &str, contact: SocketAddr) -> String {
        let sdp = "v=0\r\no=bot 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
        let (kind, body) = if self.multipart {
            let part = format!("--frontier\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--frontier\r\n");
            let text = format!("not for you\r\n{part}Content-Type: text/plain\r\n\r\nhello\r\n--frontier--\r\n");
            ("multipart/mixed;boundary=\"frontier\"", text)
        } else {
            ("application/sdp", sdp.to_owned())
        };
        let contact = self.contact.replace("{}", &contact.to_string());
        let length = if self.length { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
        format!("SIP/2.0 200 OK\r\n{kept}\r\n{to};tag=bot\r\n{contact}Content-Type: {kind}\r\n{length}\r\n{body}")
    }
}

/// The lines of a request that its response repeats, and the To.
fn repeated(request: &str) -> (String, String) {
    let named = |names: &[&str]| {
        let lines = request.lines().filter(|line| names.iter().any(|name| line.to_ascii_lowercase().starts_with(name)));
        lines.collect::<Vec<_>>().join("\r\n")
    };
    (named(&["via:", "from:", "call-id:", "cseq:"]), named(&["to:"]))
}

fn receive(socket: &UdpSocket) -> Option<(String, SocketAddr)> {
    let mut buffer = [0; 4096];
    let (length, from) = socket.recv_from(&mut buffer).ok()?;
    Some((String::from_utf8_lossy(&buffer[..length]).into_owned(), from))
}

/// Answers one call; the methods that came to where the INVITE came, and those that came to the Contact.
fn bot(invited: &UdpSocket, contact: &UdpSocket, form: &Form) -> (Vec<String>, Vec<String>) {
    let (invite, caller) = receive(invited).expect("an INVITE");
    let (kept, to) = repeated(&invite);
    let address = contact.local_addr().expect("address");
    invited.send_to(form.answer(&kept, &to, address).as_bytes(), caller).expect("sent");
    let mut came = (Vec::new(), Vec::new());
    for _ in 0..40 {
        for (socket, list) in [(invited, &mut came.0), (contact, &mut came.1)] {
            socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
            let Some((request, from)) = receive(socket) else { continue };
            let method = request.split(' ').next().unwrap_or_default().to_owned();
            let (kept, to) = repeated(&request);
            if method == "BYE" {
                let _sent = socket.send_to(format!("SIP/2.0 200 OK\r\n{kept}\r\n{to}\r\nContent-Length: 0\r\n\r\n").as_bytes(), from);
            }
            list.push(method);
        }
        if came.0.iter().chain(&came.1).any(|method| method == "BYE") {
            break;
        }
    }
    came
}

fn call(form: Form) {
    let invited = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let contact = UdpSocket::bind("127.0.0.1:0").expect("a port");
    invited.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let target = format!("sip:bot@{}", invited.local_addr().expect("address"));
    let (name, elsewhere) = (form.name, !form.contact.is_empty());
    let peer = std::thread::spawn(move || bot(&invited, &contact, &form));
    let folder = tempfile::tempdir().expect("folder");
    let steps = "name: answered\nsteps:\n  - bot: { silent_for: 300ms }\n  - hangup: caller\n";
    std::fs::write(folder.path().join("scenario.yaml"), steps).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path());
    let run = Run::with(command, &["scenario.yaml", "--target", &target]);
    let (at_invite, at_contact) = peer.join().expect("the bot");
    assert_eq!(run.code(), 0, "{name}: {}", run.text());
    let (used, unused) = if elsewhere { (&at_contact, &at_invite) } else { (&at_invite, &at_contact) };
    assert!(used.contains(&"ACK".to_owned()) && used.contains(&"BYE".to_owned()), "{name}: {at_invite:?} {at_contact:?}");
    assert!(!unused.iter().any(|method| method == "ACK" || method == "BYE"), "{name}: {at_invite:?} {at_contact:?}");
}

#[test]
fn ack_and_bye_go_to_the_contact_however_it_is_written() {
    let _seat = seat();
    call(Form::contact("brackets", "Contact: <sip:bot@{}>\r\n"));
    call(Form::contact("no brackets", "Contact: sip:bot@{};expires=60\r\n"));
    call(Form::contact("a quoted name with a bracket", "Contact: \"Acme <main>\" <sip:bot@{}>\r\n"));
    call(Form::contact("a quoted name with quotes", "Contact: \"A \\\"<b>\\\" C\" <sip:bot@{}>;q=0.5\r\n"));
    call(Form::contact("a parameter with a bracket", "Contact: <sip:bot@{}>;note=\"<sip:x@y>\"\r\n"));
    call(Form::contact("no brackets and a parameter with one", "Contact: sip:bot@{};note=\"<sip:x@y>\"\r\n"));
    call(Form::contact("the compact form", "m: <sip:bot@{}>\r\n"));
}

#[test]
fn an_answer_without_a_contact_is_acknowledged_and_ended() {
    let _seat = seat();
    call(Form::contact("no Contact", ""));
}

#[test]
fn a_body_without_its_length_or_of_several_parts_is_read() {
    let _seat = seat();
    let plain = "Contact: <sip:bot@{}>\r\n";
    call(Form { length: false, ..Form::contact("no Content-Length", plain) });
    call(Form { multipart: true, ..Form::contact("several parts", plain) });
    call(Form { multipart: true, length: false, ..Form::contact("several parts without a length", plain) });
}
