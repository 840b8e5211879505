//! Asterisk as the bot: a PBX with endpoints over UDP and TLS, SDES, G.722, an IVR, a transfer, and a dialplan bot that waits for
//! noise and silence. It sends no RTP while it is silent.

mod common;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Run, Running, free_port, free_tcp_port, goldencall, missing, root, seat};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "asteroid-9";

/// Asterisk in its chroot; all of it ends with the test.
struct Pbx {
    conf: TempDir,
    port: u16,
    tls: u16,
    running: Running,
}

impl Drop for Pbx {
    fn drop(&mut self) {
        let _ended = killpg(Pid::from_raw(self.running.child.id() as i32), Signal::SIGKILL);
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.conf.path().join("log/messages.log")).unwrap_or_default();
            eprintln!("asterisk's log:\n{log}");
        }
    }
}

fn chroot() -> Option<PathBuf> {
    let chroot = root().join("tests/peers/.asterisk");
    let may_enter = || Command::new("chroot").arg(&chroot).arg("true").status().is_ok_and(|status| status.success());
    if !chroot.join("usr/sbin/asterisk").exists() || !may_enter() {
        missing("asterisk in its chroot (tests/peers/asterisk), or the right to enter it");
        return None;
    }
    Some(chroot)
}

/// The bot's recordings, as raw mu-law.
fn sounds(folder: &Path) {
    std::fs::create_dir_all(folder).expect("folder");
    for name in ["booking-greeting", "booking-which-day", "booking-booked", "balance-verify"] {
        let mut reader = hound::WavReader::open(root().join(format!("audio/bot/{name}.wav"))).expect("WAV");
        let bytes: Vec<u8> = reader.samples::<i16>().map(|sample| audio_codec_algorithms::encode_ulaw(sample.expect("sample"))).collect();
        std::fs::write(folder.join(format!("{name}.ulaw")), bytes).expect("sound");
    }
}

fn certificate(folder: &Path) {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("server.pem"), certified.cert.pem()).expect("certificate");
    std::fs::write(folder.join("server.key"), certified.signing_key.serialize_pem()).expect("key");
}

fn pbx() -> Option<Pbx> {
    let chroot = chroot()?;
    let conf = tempfile::Builder::new().prefix("goldencall").tempdir_in(chroot.join("tmp")).expect("folder");
    let inside = Path::new("/tmp").join(conf.path().file_name().expect("name"));
    let (port, tls, rtp) = (free_port(), free_tcp_port(), 20_000 + u32::from(free_port()) % 20_000 / 2 * 2);
    let here = root().join("tests/peers/asterisk-bot");
    for entry in std::fs::read_dir(&here).expect("configuration") {
        let name = entry.expect("entry").file_name();
        let text = std::fs::read_to_string(here.join(&name)).expect("configuration");
        let fill = [
            ("@CONF@", inside.display().to_string()),
            ("@PORT@", port.to_string()),
            ("@TLS@", tls.to_string()),
            ("@PASSWORD@", PASSWORD.to_owned()),
            ("@RTP@", rtp.to_string()),
            ("@RTPEND@", (rtp + 100).to_string()),
        ];
        let text = fill.iter().fold(text, |text, (from, to)| text.replace(from, to));
        std::fs::write(conf.path().join(&name), text).expect("configuration");
    }
    for folder in ["run", "log", "spool", "db"] {
        std::fs::create_dir(conf.path().join(folder)).expect("folder");
    }
    sounds(&conf.path().join("sounds"));
    certificate(conf.path());
    let mut command = Command::new("chroot");
    command.arg(&chroot).args(["/usr/sbin/asterisk", "-f", "-C"]).arg(inside.join("asterisk.conf"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let running = Running::new(command.spawn().expect("asterisk"));
    let pbx = Pbx { conf, port, tls, running };
    let control = |what: &str| {
        let mut command = Command::new("chroot");
        command.arg(&chroot).args(["/usr/sbin/asterisk", "-C"]).arg(inside.join("asterisk.conf")).args(["-rx", what]);
        command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    };
    for _ in 0..120 {
        if control("core waitfullybooted").contains("fully booted") && control("pjsip show endpoints").contains("secure") {
            return Some(pbx);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    panic!("asterisk does not start");
}

impl Pbx {
    fn call(&self, target: &str, settings: &[&str], steps: &str, code: i32) -> (Run, Value) {
        let folder = tempfile::tempdir().expect("folder");
        let steps = steps.replace("AUDIO", &root().join("audio").display().to_string());
        std::fs::write(folder.path().join("scenario.yaml"), format!("name: asterisk\nsteps:\n{steps}")).expect("scenario");
        let mut command = goldencall();
        command.current_dir(folder.path());
        let mut arguments = vec!["scenario.yaml", "--target", target];
        let password = format!("sip.password={PASSWORD}");
        arguments.extend(["--set", &password]);
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let run = Run::with(command, &arguments).expect(code);
        let call = run.json()["calls"][0].clone();
        (run, call)
    }

    fn udp(&self, who: &str) -> String {
        format!("sip:{who}@127.0.0.1:{}", self.port)
    }
}

const BOOKING: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
  - bot: { says: { contains: [which day] }, quality: { loss: \"< 0.5%\", gaps: 0 } }
  - caller: { audio: AUDIO/caller/booking-tuesday.wav }
  - bot: { says: { contains: [Tuesday] } }
  - hangup: caller
";

/// A dialogue with a bot that waits for half a second of silence, which to Asterisk begins in the soft end of the last word: its
/// latency is about that, and nothing is lost in its pauses.
#[track_caller]
fn dialogue(call: &Value, codec: &str) {
    assert!(call["post_dial_delay_ms"].is_f64(), "`Answer()` does not ring: {call}");
    assert_eq!(call["codec"], codec, "{call}");
    for turn in &call["turns"].as_array().expect("turns")[1..] {
        let latency = turn["latency_ms"].as_f64().expect("latency");
        assert!((200.0..1300.0).contains(&latency), "{turn}");
    }
    assert_eq!(call["quality"]["lost"], 0, "{call}");
}

#[test]
#[cfg_attr(missing_asterisk, ignore = "Asterisk is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_root, not(missing_asterisk)), ignore = "this user may not record packets or enter a chroot")]
fn a_dialplan_bot_over_udp_with_digest() {
    let _seat = seat();
    let Some(pbx) = pbx() else { return };
    let (_, call) = pbx.call(&pbx.udp("booking"), &["sip.username=ci"], BOOKING, 0);
    dialogue(&call, "PCMU");
    let (_, call) = pbx.call(&pbx.udp("booking"), &["sip.username=wide", "sip.codecs=g722,pcmu"], BOOKING, 0);
    dialogue(&call, "G722");
}

#[test]
#[cfg_attr(missing_asterisk, ignore = "Asterisk is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_root, not(missing_asterisk)), ignore = "this user may not record packets or enter a chroot")]
fn a_dialplan_bot_over_tls_with_sdes() {
    let _seat = seat();
    let Some(pbx) = pbx() else { return };
    let target = format!("sips:booking@127.0.0.1:{}", pbx.tls);
    let authority = format!("sip.ca_file={}", pbx.conf.path().join("server.pem").display());
    let settings = ["sip.username=secure", "sip.srtp=sdes", &authority];
    let (_, call) = pbx.call(&target, &settings, BOOKING, 0);
    dialogue(&call, "PCMU");
    // Without encryption the endpoint takes no call, and the error says what it answered.
    let (run, _) = pbx.call(&target, &["sip.username=secure", &authority], BOOKING, 3);
    assert!(run.text().contains("488") || run.text().contains("SRTP"), "{}", run.text());
}

#[test]
#[cfg_attr(missing_asterisk, ignore = "Asterisk is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_root, not(missing_asterisk)), ignore = "this user may not record packets or enter a chroot")]
fn an_ivr_is_worked_by_digits_and_sends_some_back() {
    let _seat = seat();
    let Some(pbx) = pbx() else { return };
    let steps = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { dtmf: \"1\" }
  - bot: { says: { contains: [which day] }, dtmf: \"42#\" }
  - hangup: caller
";
    for (user, mode) in [("ci", "rfc4733"), ("info", "info")] {
        let (_, call) = pbx.call(&pbx.udp("menu"), &[&format!("sip.username={user}"), &format!("sip.dtmf={mode}")], steps, 0);
        assert_eq!(call["quality"]["lost"], 0, "{call}");
    }
}

#[test]
#[cfg_attr(missing_asterisk, ignore = "Asterisk is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_root, not(missing_asterisk)), ignore = "this user may not record packets or enter a chroot")]
fn a_transfer_to_the_front_desk() {
    let _seat = seat();
    let Some(pbx) = pbx() else { return };
    let steps = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - transfer: sip:frontdesk@example.com
  - hangup: bot
";
    pbx.call(&pbx.udp("human"), &["sip.username=ci"], steps, 0);
}

#[test]
#[cfg_attr(missing_asterisk, ignore = "Asterisk is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_root, not(missing_asterisk)), ignore = "this user may not record packets or enter a chroot")]
fn what_asterisk_refuses_is_named() {
    let _seat = seat();
    let Some(pbx) = pbx() else { return };
    let steps = "  - bot: Hello\n";
    let (run, call) = pbx.call(&pbx.udp("booking"), &["sip.username=ci", "sip.password=wrong-one"], steps, 3);
    assert_eq!(call["error"]["kind"], "unauthorized");
    assert!(run.text().contains("the realm `asterisk`"), "{}", run.text());
    let (_, call) = pbx.call(&pbx.udp("busy"), &["sip.username=ci"], steps, 3);
    assert_eq!(call["error"]["kind"], "busy");
    let (run, _) = pbx.call(&pbx.udp("nobody"), &["sip.username=ci"], steps, 3);
    assert!(run.text().contains("404"), "{}", run.text());
}
