//! What PBXs do inside a dialog, with sipp as the bot: challenges, reliable responses, holds, transfers, timers, races.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use common::sipp::{self, Script, greeting, sdp};
use common::{Run, free_port, goldencall, peer, root, sample_bot, seat, turn, wait};
use goldencall::internals::clock::CallClock;
use goldencall::internals::scenario::{SipTarget, Target};
use goldencall::internals::sip::SipTransport;
use goldencall::internals::telemetry::TraceContext;
use goldencall::internals::transport::{CallEvent, Dial, Transport};

const HELLO: &str = "  - bot: Thanks for calling Acme Dental. How can I help you today?\n";

/// goldencall calls the scripted bot; both must be content.
#[track_caller]
fn call(script: impl FnOnce(Script, &Path) -> Script, steps: &str, code: i32, more: &[&str]) -> Option<(Run, String)> {
    if !peer("sipp") {
        return None;
    }
    let folder = tempfile::tempdir().expect("folder");
    let recording = greeting(folder.path());
    let scenario = script(Script::new(), &recording).write(folder.path());
    let port = free_port();
    let bot = sipp::sipp(&scenario, port, &["-trace_err", "-error_file", &folder.path().join("errors.log").display().to_string()]);
    let bot = { bot }.spawn().expect("sipp");
    std::thread::sleep(Duration::from_millis(500));
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, format!("name: dialog\nsteps:\n{steps}")).expect("scenario");
    let trace = folder.path().join("trace.txt");
    let (file, trace_name) = (file.display().to_string(), trace.display().to_string());
    let target = format!("sip:bot@127.0.0.1:{port}");
    let mut command = goldencall();
    command.current_dir(folder.path());
    let run = Run::with(command, &[&[file.as_str(), "--target", &target, "--trace-sip", &trace_name], more].concat());
    let output = wait(bot, Duration::from_secs(10));
    let trace = std::fs::read_to_string(trace).unwrap_or_default();
    let errors = std::fs::read_to_string(folder.path().join("errors.log")).unwrap_or_default();
    assert_eq!(run.code(), code, "{}\n{trace}\n{errors}", run.text());
    assert!(output.status.success(), "sipp: {errors}\n{}\n{trace}", String::from_utf8_lossy(&output.stderr));
    Some((run, trace))
}

const CI: [&str; 4] = ["--set", "sip.username=ci", "--set", "sip.password=secret"];

/// Rings, answers and speaks.
fn answered(script: Script, recording: &Path, headers: &str) -> Script {
    script.answer("180 Ringing", "", "").answer("200 OK", headers, &sdp("sendrecv")).recv("ACK").speak(recording)
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_stale_nonce_is_replaced_and_a_good_one_used_again() {
    let _seat = seat();
    let steps = format!("{HELLO}  - hangup: caller\n");
    let challenge = |kind: &str, nonce: &str, stale: &str| {
        format!("{kind}: Digest realm=\"pbx\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth,auth-int\"{stale}\n")
    };
    for (code, kind) in [("401 Unauthorized", "WWW-Authenticate"), ("407 Proxy Authentication Required", "Proxy-Authenticate")] {
        let script = |script: Script, recording: &Path| {
            let script = script.invite().answer(code, &challenge(kind, "first", ""), "").recv("ACK");
            let script = script.invite().answer(code, &challenge(kind, "second", ", stale=true"), "").recv("ACK");
            let script = answered(script.invite(), recording, "");
            let script = script.recv_with("BYE", "nonce=.second.*nc=00000002").respond(code, &challenge(kind, "third", ", stale=true"));
            script.recv_with("BYE", "nonce=.third.*nc=00000001").ok()
        };
        let Some((_, trace)) = call(script, &steps, 0, &CI) else { return };
        assert!(trace.contains("algorithm=SHA-256") && trace.contains("qop=auth,"), "{trace}");
    }
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_proxy_and_the_bot_behind_it_may_both_challenge() {
    let _seat = seat();
    let steps = format!("{HELLO}  - hangup: caller\n");
    let script = |script: Script, recording: &Path| {
        let proxy = "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"theirs\", qop=\"auth\"\n";
        let script = script
            .invite()
            .answer("407 Proxy Authentication Required", proxy, "")
            .recv("ACK")
            .recv_with("INVITE", "Proxy-Authorization.*theirs");
        let bot = "WWW-Authenticate: Digest realm=\"bot\", nonce=\"ours\", qop=\"auth\"\n";
        let script = script.respond_tagged("401 Unauthorized", bot).recv("ACK");
        let script = answered(script.invite(), recording, "");
        script.recv_with("BYE", "realm=.proxy.*nc=0000000|realm=.bot.*nc=0000000").ok()
    };
    let Some((_, trace)) = call(script, &steps, 0, &CI) else { return };
    let last = trace.rsplit("INVITE sip:").next().unwrap_or_default();
    assert!(last.contains("Proxy-Authorization: ") && last.contains("\nAuthorization: "), "{trace}");
    let bye = trace.rsplit("BYE sip:").next().unwrap_or_default();
    assert!(bye.contains("Proxy-Authorization: ") && bye.contains("\nAuthorization: "), "{trace}");
    let (_, trace) = call(
        |script, _| {
            script
                .invite()
                .answer("401 Unauthorized", "WWW-Authenticate: Digest realm=\"bot\", nonce=\"a\"\n", "")
                .recv("ACK")
                .invite()
                .answer("401 Unauthorized", "WWW-Authenticate: Digest realm=\"bot\", nonce=\"b\"\n", "")
                .recv("ACK")
        },
        &steps,
        3,
        &CI,
    )
    .expect("sipp");
    assert_eq!(trace.matches("\nINVITE sip:").count(), 2, "{trace}");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_reliable_response_is_acknowledged_and_may_carry_the_only_answer() {
    let _seat = seat();
    let steps = format!("{HELLO}  - hangup: caller\n");
    let script = |script: Script, recording: &Path| {
        let script = script.invite().answer("180 Ringing", "", "");
        // Before there is an answer, an UPDATE may be of anything but media (RFC 3311, section 5.2).
        let script = script.request("UPDATE", "", &sdp("sendrecv")).response(491);
        let script = script.answer("183 Session Progress", "Require: 100rel\nRSeq: 1\n", &sdp("sendrecv"));
        let script = script.recv_with("PRACK", "RAck: 1 [0-9]+ INVITE").ok();
        let script = script.request("UPDATE", "Session-Expires: 90;refresher=uac\n", "");
        let script = script.response_with(200, "Session-Expires: 90;refresher=uac.*Contact: .sip:goldencall@");
        let script = script.request("UPDATE", "", &sdp("inactive")).response_with(200, "a=inactive");
        let script = script.request("UPDATE", "", &sdp("sendrecv")).response_with(200, "a=sendrecv");
        let script = script.request("INFO", "", "").response(200).request("NOTIFY", "Event: talk\n", "").response(200);
        script.answer("200 OK", "", "").recv("ACK").speak(recording).bye()
    };
    call(script, &steps, 0, &[]);
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn update_and_a_hold_are_answered_and_the_call_goes_on() {
    let _seat = seat();
    let steps = format!("{HELLO}  - hangup: caller\n");
    let elsewhere = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let moved = elsewhere.local_addr().expect("address").port().to_string();
    let script = |script: Script, recording: &Path| {
        let script = script.invite().answer("180 Ringing", "", "").answer("200 OK", "", &sdp("sendrecv")).recv("ACK");
        let script = script.request("UPDATE", "Session-Expires: 90;refresher=uac\n", "");
        let script = script.response_with(200, "Session-Expires: 90;refresher=uac");
        let script = script.request("NOTIFY", "Event: talk\nSubscription-State: active\n", "").response(200);
        let script = script.request("INVITE", "", &sdp("sendonly")).response_with(200, "a=recvonly").ack();
        // The caller may talk again, to a place that the ACK names.
        let script = script.request("INVITE", "", "").response_with(200, "a=sendrecv");
        let script = script.ack_with(&sdp("sendrecv").replace("[auto_media_port]", &moved)).pause(300);
        let script = script.request("INVITE", "", &sdp("inactive")).response_with(200, "a=inactive").ack();
        let script = script.request("INVITE", "", &sdp("sendrecv")).response_with(200, "a=sendrecv").ack();
        let script = script.request("UPDATE", "", &sdp("sendrecv")).response_with(200, "m=audio");
        // Another codec from here on.
        let alaw = sdp("sendrecv").replace("AVP 0", "AVP 8").replace("0 PCMU", "8 PCMA");
        let contact = "Contact: <sip:moved@[local_ip]:[local_port]>\n";
        let script = script.request("INVITE", contact, &alaw).response_with(200, "RTP/AVP 8").ack();
        script.speak_alaw(recording).recv_with("BYE", "BYE sip:moved@").ok()
    };
    if call(script, &steps, 0, &[]).is_none() {
        return;
    }
    elsewhere.set_nonblocking(true).expect("a socket");
    let mut packet = [0_u8; 200];
    assert_eq!(elsewhere.recv(&mut packet).expect("the caller's audio"), 172);
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_transfer_is_accepted_told_and_judged() {
    let _turn = turn();
    let script = |script: Script, recording: &Path| {
        let script = answered(script.invite(), recording, "").pause(3500);
        let script = script
            .request("REFER", "Refer-To: <sip:human@example.com;transport=tcp>\nReferred-By: <sip:bot@example.com>\n", "")
            .response(202);
        let script = script.recv_with("NOTIFY", "SIP/2.0 100 Trying").ok();
        let script = script.recv_with("NOTIFY", "terminated.*SIP/2.0 200 OK").ok();
        script.request("BYE", "Reason: SIP;cause=200;text=Transferred\n", "").response(200)
    };
    let steps = format!("{HELLO}  - transfer: sip:human@example.com\n  - hangup: bot\n");
    call(script, &steps, 0, &[]);
    let steps = format!("{HELLO}  - transfer: sip:billing@example.com\n  - hangup: bot\n");
    let wrong = |script: Script, recording: &Path| {
        let script = answered(script.invite(), recording, "").pause(3500);
        script.request("REFER", "Refer-To: <sip:human@example.com>\nRefer-Sub: false\n", "").response(202).bye()
    };
    let Some((run, _)) = call(wrong, &steps, 4, &[]) else { return };
    assert!(run.text().contains("the bot transferred the call to sip:human@example.com"), "{}", run.text());
}

/// A call to a scripted bot whose transfer is followed.
#[track_caller]
fn followed(folder: &Path, script: &Script, steps: &str) -> (Run, String) {
    let port = free_port();
    let bot = sipp::sipp(&script.write(folder), port, &[]).spawn().expect("sipp");
    std::thread::sleep(Duration::from_millis(500));
    let headers = "headers: { X-Tenant: acme }";
    let config = format!("targets: {{ pbx: {{ sip: {{ uri: \"sip:bot@127.0.0.1:{port}\", follow_transfer: true, {headers} }} }} }}\n");
    std::fs::write(folder.join("goldencall.yaml"), config).expect("config");
    std::fs::write(folder.join("scenario.yaml"), format!("name: follow\nsteps:\n{steps}")).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder);
    let run = Run::with(command, &["scenario.yaml", "--target", "pbx", "--trace-sip", "trace.txt"]).expect(0);
    let output = wait(bot, Duration::from_secs(10));
    let trace = std::fs::read_to_string(folder.join("trace.txt")).expect("trace");
    assert!(output.status.success(), "sipp: {}\n{}\n{trace}", String::from_utf8_lossy(&output.stderr), run.text());
    (run, trace)
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_transfer_may_be_followed_to_the_next_party() {
    let _seat = seat();
    if !peer("sipp") {
        return;
    }
    let (_human, address) = sample_bot();
    let folder = tempfile::tempdir().expect("folder");
    let recording = greeting(folder.path());
    let script = Script::new().invite_with("Via: [^;]*;branch=[^;]*;rport.*X-Tenant: acme");
    let script = answered(script, &recording, "").pause(6000);
    let script = script.request("REFER", &format!("Refer-To: <sip:booking@{address};transport=tcp>\n"), "").response(202);
    let script = script.recv_with("NOTIFY", "SIP/2.0 100 Trying").ok().recv_with("NOTIFY", "SIP/2.0 200 OK").ok().bye();
    let steps = format!("{HELLO}  - transfer: \"sip:booking@{address}\"\n{HELLO}  - hangup: caller\n");
    let (run, trace) = followed(folder.path(), &script, &steps);
    let call = run.json()["calls"][0].clone();
    let notes = call["notes"].to_string();
    assert!(notes.contains(&format!("the transfer to sip:booking@{address};transport=tcp was followed")), "{notes}");
    assert_eq!(call["sip_responses"].to_string().matches("\"OK\"").count(), 2, "{call}");
    let second = trace.rsplit("\nINVITE sip:booking").next().unwrap_or_default();
    let contact = second.lines().find(|line| line.starts_with("Contact: ")).unwrap_or_default();
    assert!(second.contains("Via: SIP/2.0/TCP") && contact.ends_with(";transport=TCP>"), "{trace}");
}

/// A party that answers and waits for the end of its call.
fn party(folder: &Path, name: &str) -> (std::process::Child, u16) {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("folder");
    let (script, port) = (Script::new().invite().answer("200 OK", "", &sdp("sendrecv")).recv("ACK").recv("BYE").ok(), free_port());
    (sipp::sipp(&script.write(&folder), port, &[]).spawn().expect("sipp"), port)
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn every_leg_of_a_call_that_was_transferred_twice_is_hung_up() {
    let _seat = seat();
    if !peer("sipp") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let ((middle, second), (last, third)) = (party(folder.path(), "middle"), party(folder.path(), "last"));
    let refer = |port: u16| format!("Refer-To: <sip:human@127.0.0.1:{port}>\nRefer-Sub: false\n");
    let script = Script::new().invite().answer("200 OK", "", &sdp("sendrecv")).recv("ACK").pause(300);
    let script = script.request("REFER", &refer(second), "").response(202).request("REFER", &refer(third), "").response(202);
    let script = script.recv("BYE").ok();
    let steps = format!(
        "  - transfer: \"sip:human@127.0.0.1:{second}\"\n  - transfer: \"sip:human@127.0.0.1:{third}\"\n  - bot: {{ silent_for: 2s }}\n  - hangup: caller\n"
    );
    let (run, trace) = followed(folder.path(), &script, &steps);
    for (name, party) in [("the middle", middle), ("the last", last)] {
        let output = wait(party, Duration::from_secs(10));
        assert!(output.status.success(), "{name} leg: {}\n{}\n{trace}", String::from_utf8_lossy(&output.stderr), run.text());
    }
    assert_eq!(trace.matches("\nBYE sip:").count(), 3, "{trace}");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_caller_who_hangs_up_takes_the_followed_transfer_back() {
    let _seat = seat();
    if !peer("sipp") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let human = sipp::sipp(&root().join("tests/peers/sipp/rings.xml"), port, &[]).spawn().expect("sipp");
    let script = Script::new().invite().answer("180 Ringing", "", "").answer("200 OK", "", &sdp("sendrecv")).recv("ACK").pause(300);
    let script = script.request("REFER", &format!("Refer-To: <sip:human@127.0.0.1:{port}>\n"), "").response(202);
    let script = script.recv_with("NOTIFY", "SIP/2.0 100 Trying").ok().bye();
    let steps = format!("  - transfer: \"sip:human@127.0.0.1:{port}\"\n  - bot: {{ silent_for: 2s }}\n  - hangup: caller\n");
    let (_, trace) = followed(folder.path(), &script, &steps);
    let output = wait(human, Duration::from_secs(10));
    assert!(output.status.success(), "no CANCEL: {}\n{trace}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_transfer_that_comes_to_nothing_is_told_and_the_call_goes_on() {
    let _seat = seat();
    if !peer("sipp") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let human = sipp::sipp(&root().join("tests/peers/sipp/busy.xml"), port, &[]).spawn().expect("sipp");
    let script = Script::new().invite().answer("200 OK", "", &sdp("sendrecv")).recv("ACK").pause(300);
    let script = script.request("REFER", &format!("Refer-To: <sip:human@127.0.0.1:{port}>\n"), "").response(202);
    let script = script.recv_with("NOTIFY", "SIP/2.0 100 Trying").ok().recv_with("NOTIFY", "SIP/2.0 486 Busy Here").ok();
    let script = script.request("UPDATE", "", "").response(200).bye();
    let steps = format!("  - transfer: \"sip:human@127.0.0.1:{port}\"\n  - bot: {{ silent_for: 1s }}\n  - hangup: caller\n");
    let (run, trace) = followed(folder.path(), &script, &steps);
    let output = wait(human, Duration::from_secs(10));
    assert!(output.status.success(), "sipp: {}\n{trace}", String::from_utf8_lossy(&output.stderr));
    let notes = run.json()["calls"][0]["notes"].to_string();
    assert!(notes.contains("was not followed: ") && notes.contains("answered 486 Busy Here"), "{notes}");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_session_is_refreshed_by_update_or_by_invite() {
    let _seat = seat();
    let expires = "Session-Expires: 4;refresher=uac\nRequire: timer\n";
    let update = |script: Script, _: &Path| {
        let headers = format!("Allow: INVITE, ACK, BYE, UPDATE\n{expires}");
        let script = script.invite().answer("200 OK", &headers, &sdp("sendrecv")).recv("ACK");
        let script = script.recv_with("UPDATE", "Session-Expires: 4;refresher=uac").respond("491 Request Pending", "");
        let script = script.recv_with("UPDATE", "Session-Expires: 4;refresher=uac");
        script.respond("200 OK", "Session-Expires: 90;refresher=uac\n").bye()
    };
    call(update, "  - bot: { silent_for: 7s }\n  - hangup: caller\n", 0, &[]);
    let steps = format!("{HELLO}  - caller: {{ dtmf: \"5\" }}\n  - hangup: caller\n");
    let invite = |script: Script, recording: &Path| {
        let script = answered(script.invite(), recording, expires);
        // The answer to a re-INVITE keeps the tags as they are.
        let script = script.recv_with("INVITE", "Session-Expires: 4;refresher=uac");
        let script = script.respond("401 Unauthorized", "WWW-Authenticate: Digest realm=\"bot\", nonce=\"a\", qop=\"auth-int, auth\"\n");
        let script = script.recv("ACK").recv_with("INVITE", "Session-Expires: 4;refresher=uac.*Authorization: Digest .*qop=auth,");
        let script = script.respond_with("200 OK", "Session-Expires: 90;refresher=uac\n", &sdp("sendrecv")).recv("ACK");
        let script = script.recv_with("INFO", "Signal=5");
        let script = script.respond("407 Proxy Authentication Required", "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"b\"\n");
        script.recv_with("INFO", "Proxy-Authorization: Digest .*Signal=5").ok().bye()
    };
    call(invite, &steps, 0, &[&CI[..], &["--set", "sip.dtmf=info"]].concat());
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_challenge_inside_the_call_that_cannot_be_answered_breaks_it() {
    let _seat = seat();
    let script = |script: Script, _: &Path| {
        let script = script.invite().answer("200 OK", "Session-Expires: 4;refresher=uac\nRequire: timer\n", &sdp("sendrecv")).recv("ACK");
        let script = script.recv("INVITE").respond("401 Unauthorized", "WWW-Authenticate: Digest realm=\"bot\", nonce=\"a\"\n");
        script.recv("ACK")
    };
    let steps = "  - bot: { silent_for: 20s }\n  - hangup: caller\n";
    let Some((run, _)) = call(script, steps, 3, &[]) else { return };
    assert!(run.text().contains("the bot asks for credentials inside the call"), "{}", run.text());
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn a_bot_that_lets_the_session_run_out_breaks_the_call() {
    let _seat = seat();
    let script =
        |script: Script, recording: &Path| answered(script.invite(), recording, "Session-Expires: 6;refresher=uas\nRequire: timer\n").bye();
    let steps = format!("{HELLO}  - bot: {{ silent_for: 20s }}\n  - hangup: caller\n");
    let Some((run, _)) = call(script, &steps, 3, &[]) else { return };
    assert!(run.text().contains("did not refresh the session of 6 s (RFC 4028)"), "{}", run.text());
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let script = |script: Script, _: &Path| {
        let script = script.invite().answer("180 Ringing", "", "").recv("CANCEL").respond("200 OK", "");
        script.answer("200 OK", "", &sdp("sendrecv")).recv("ACK").bye()
    };
    if !peer("sipp") {
        return;
    }
    let scenario = script(Script::new(), folder.path()).write(folder.path());
    let port = free_port();
    let bot = sipp::sipp(&scenario, port, &[]).spawn().expect("sipp");
    std::thread::sleep(Duration::from_millis(500));
    let config = format!("targets: {{ slow: {{ sip: {{ uri: \"sip:bot@127.0.0.1:{port}\", ring_timeout: 2s }} }} }}\n");
    std::fs::write(folder.path().join("goldencall.yaml"), config).expect("config");
    std::fs::write(folder.path().join("scenario.yaml"), format!("name: race\nsteps:\n{HELLO}")).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path());
    let run = Run::with(command, &["scenario.yaml", "--target", "slow"]).expect(3);
    let output = wait(bot, Duration::from_secs(10));
    assert!(output.status.success(), "sipp: {}\n{}", String::from_utf8_lossy(&output.stderr), run.text());
    assert_eq!(run.json()["calls"][0]["error"]["kind"], "no_answer");
}

/// A request to a bot of datagrams: for what sipp cannot do, which takes a second request for a retransmission.
struct Asked<'a> {
    socket: &'a UdpSocket,
    caller: SocketAddr,
    text: String,
}

impl<'a> Asked<'a> {
    fn next(socket: &'a UdpSocket) -> Option<Self> {
        let mut buffer = [0_u8; 4096];
        socket.set_read_timeout(Some(Duration::from_secs(12))).expect("timeout");
        let (length, caller) = socket.recv_from(&mut buffer).ok()?;
        Some(Self { socket, caller, text: String::from_utf8_lossy(&buffer[..length]).into_owned() })
    }

    fn method(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    fn reply(&self, status: &str, headers: &str, body: &str) {
        let line = |name: &str| self.text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let kept = ["Via:", "From:", "Call-ID:", "CSeq:"].map(line).join("\r\n");
        let (to, local) = (line("To:"), self.socket.local_addr().expect("address"));
        let tag = if to.contains(";tag=") { "" } else { ";tag=bot" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let head = format!("SIP/2.0 {status}\r\n{kept}\r\n{to}{tag}\r\nContact: <sip:bot@{local}>\r\n{headers}{kind}");
        let message = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        self.socket.send_to(message.as_bytes(), self.caller).expect("sent");
    }

    fn answer(&self) {
        let sdp = "v=0\r\no=bot 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
        self.reply("200 OK", "", sdp);
    }
}

/// A bot that loses the first ACK.
fn forgetful_bot(socket: &UdpSocket) -> (usize, usize) {
    let (mut acks, mut answers) = (0, 0);
    while let Some(asked) = Asked::next(socket) {
        match asked.method() {
            "INVITE" => {
                asked.reply("180 Ringing", "", "");
                std::thread::sleep(Duration::from_millis(2500));
                for _ in 0..2 {
                    asked.answer();
                    answers += 1;
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
            "ACK" => acks += 1,
            "BYE" => {
                asked.reply("200 OK", "", "");
                break;
            }
            _ => {}
        }
    }
    (answers, acks)
}

/// A bot that wants its ringing acknowledged and does not hear that it is: whether its answer was.
fn deaf_bot(socket: &UdpSocket) -> bool {
    let mut acknowledged = false;
    while let Some(asked) = Asked::next(socket) {
        match asked.method() {
            "INVITE" => {
                asked.reply("180 Ringing", "Require: 100rel\r\nRSeq: 1\r\n", "");
                asked.answer();
            }
            "ACK" => acknowledged = true,
            "BYE" => {
                asked.reply("200 OK", "", "");
                break;
            }
            _ => {}
        }
    }
    acknowledged
}

#[test]
fn an_answer_is_taken_though_the_ringing_is_not_acknowledged() {
    let _seat = seat();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let target = format!("sip:bot@{}", socket.local_addr().expect("address"));
    let bot = std::thread::spawn(move || deaf_bot(&socket));
    let folder = tempfile::tempdir().expect("folder");
    let steps = "name: deaf\nsteps:\n  - bot: { silent_for: 500ms }\n  - hangup: caller\n";
    std::fs::write(folder.path().join("scenario.yaml"), steps).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path());
    let run = Run::with(command, &["scenario.yaml", "--target", &target]).expect(0);
    let setup = run.json()["calls"][0]["setup_ms"].as_f64().expect("a setup");
    assert!(bot.join().expect("the bot") && (3000.0..10_000.0).contains(&setup), "{setup}");
}

/// As it is when the task of a call breaks.
#[test]
fn a_call_that_is_let_go_of_is_hung_up() {
    let _seat = seat();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let target = SipTarget::new(format!("sip:bot@{}", socket.local_addr().expect("address")));
    let target = Target::Sip(Box::new(target));
    let bot = std::thread::spawn(move || {
        while let Some(asked) = Asked::next(&socket) {
            match asked.method() {
                "INVITE" => asked.answer(),
                "BYE" => {
                    asked.reply("200 OK", "", "");
                    return true;
                }
                _ => {}
            }
        }
        false
    });
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let transport = SipTransport::new(None);
        let (events, mut incoming) = tokio::sync::mpsc::unbounded_channel();
        let dial = Dial { target, clock: CallClock::start(), trace: TraceContext::random(), capture: None, events: events.into() };
        let call = transport.dial(dial).await.expect("a call");
        assert_eq!(incoming.try_recv(), Ok(CallEvent::Named(call.call_id.clone())));
        drop(call);
        transport.shut_down().await;
    });
    assert!(bot.join().expect("the bot"), "a BYE");
}

#[test]
fn a_late_answer_that_comes_again_is_acknowledged_again() {
    let _seat = seat();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let target = format!("sip:bot@{}", socket.local_addr().expect("address"));
    let bot = std::thread::spawn(move || forgetful_bot(&socket));
    let folder = tempfile::tempdir().expect("folder");
    let steps = "name: late\nsteps:\n  - bot: { silent_for: 2s }\n  - hangup: caller\n";
    std::fs::write(folder.path().join("scenario.yaml"), steps).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path());
    Run::with(command, &["scenario.yaml", "--target", &target]).expect(0);
    assert_eq!(bot.join().expect("the bot"), (2, 2));
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn the_second_branch_of_a_fork_is_ended() {
    let _seat = seat();
    let steps = format!("{HELLO}  - hangup: caller\n");
    let script = |script: Script, recording: &Path| {
        let script = script.invite().fork("180 Ringing", "", "", "one").fork("180 Ringing", "", "", "two");
        let script = script.fork("200 OK", "", &sdp("sendrecv"), "two").recv_with("ACK", "tag=two");
        let script = script.fork("200 OK", "", &sdp("sendrecv"), "one").recv_with("ACK", "tag=one").recv_with("BYE", "tag=one").ok();
        script.speak(recording).recv_with("BYE", "tag=two").ok()
    };
    call(script, &steps, 0, &[]);
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn what_a_refusal_says_of_its_reasons_is_told() {
    let _seat = seat();
    let steps = format!("{HELLO}  - hangup: caller\n");
    let cases = [
        ("302 Moved Temporarily", "", "it sends callers to"),
        ("488 Not Acceptable Here", "Warning: 304 pbx \"Media type not available\"\n", "Media type not available"),
        ("503 Service Unavailable", "Reason: Q.850;cause=34;text=\"No circuit available\"\n", "No circuit available"),
    ];
    for (status, headers, told) in cases {
        let script = |script: Script, _: &Path| script.invite().answer(status, headers, "").recv("ACK");
        let Some((run, _)) = call(script, &steps, 3, &[]) else { return };
        assert!(run.text().contains(told) && run.text().contains(&status[..3]), "{}", run.text());
    }
}
