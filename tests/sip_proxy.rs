//! Calls through kamailio: a proxy and registrar over UDP, TCP and TLS, with digest and Record-Route; and DNS that leads to it.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::sipp::{Script, greeting, sdp, sipp};
use common::{Run, Running, free_port, free_tcp_port, goldencall, peer, root, sample_bot, seat, wait};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

const PASSWORD: &str = "kalypso-7";

/// A peer that forks: all of it ends with the test.
struct Group(Running);

impl Drop for Group {
    fn drop(&mut self) {
        let _ended = killpg(Pid::from_raw(self.0.child.id() as i32), Signal::SIGKILL);
    }
}

/// kamailio in front of the sample bot.
struct Pbx {
    folder: TempDir,
    port: u16,
    tls: u16,
    mutual: u16,
    _bot: Option<Running>,
    _kamailio: Group,
}

#[derive(Clone, Copy, Default)]
struct Setup {
    sha256: bool,
    registered: bool,
    /// The port of a bot in the place of the sample bot.
    bot: Option<u16>,
}

/// An authority, a server certificate for the names of the tests, and a client certificate.
fn certificates(folder: &Path) {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect(name);
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "Authority of the tests");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    write("ca.pem", authority.pem());
    for (name, names) in
        [("server", vec!["example.test".to_owned(), "127.0.0.1".to_owned()]), ("client", vec!["ci.example.test".to_owned()])]
    {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(names).expect("parameters").signed_by(&key, &authority).expect("a certificate");
        write(&format!("{name}.pem"), certificate.pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
}

fn pbx(setup: Setup) -> Option<Pbx> {
    if !peer("kamailio") {
        return None;
    }
    let folder = tempfile::tempdir().expect("folder");
    certificates(folder.path());
    let (bot, address) = match setup.bot {
        Some(port) => (None, SocketAddr::from(([127, 0, 0, 1], port))),
        None => {
            let (bot, address) = sample_bot();
            (Some(bot), address)
        }
    };
    let (port, tls, mutual) = (free_port(), free_tcp_port(), free_tcp_port());
    for file in ["kamailio.cfg", "tls.cfg"] {
        let text = std::fs::read_to_string(root().join("tests/peers/kamailio").join(file)).expect(file);
        let fill = [
            ("@ADDRESS@", "127.0.0.1".to_owned()),
            ("@PORT@", port.to_string()),
            ("@TLS@", tls.to_string()),
            ("@MUTUAL@", mutual.to_string()),
            ("@FOLDER@", folder.path().display().to_string()),
            ("@ALGORITHM@", if setup.sha256 { "SHA-256" } else { "" }.to_owned()),
            ("@PASSWORD@", PASSWORD.to_owned()),
            ("@REGISTERED@", u8::from(setup.registered).to_string()),
            ("@BOT@", address.to_string()),
        ];
        let text = fill.iter().fold(text, |text, (from, to)| text.replace(from, to));
        std::fs::write(folder.path().join(file), text).expect(file);
    }
    let mut command = Command::new("kamailio");
    let log = std::fs::File::create(folder.path().join("kamailio.log")).expect("log");
    command.args(["-DD", "-E", "-m", "32", "-M", "4", "-f"]).arg(folder.path().join("kamailio.cfg")).arg("-Y").arg(folder.path());
    command.arg("-P").arg(folder.path().join("kamailio.pid"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
    let kamailio = Group(Running::new(command.spawn().expect("kamailio")));
    let listens = |port: u16| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    for _ in 0..100 {
        if listens(tls) && listens(port) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(folder.path().join("kamailio.log")).unwrap_or_default();
    assert!(listens(tls), "kamailio does not listen: {log}");
    Some(Pbx { folder, port, tls, mutual, _bot: bot, _kamailio: kamailio })
}

impl Pbx {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// One call; its SIP trace is read back.
    fn call(&self, target: &str, settings: &[&str]) -> (Run, String) {
        self.call_with(target, settings, "")
    }

    /// The same, with steps before the greeting.
    fn call_with(&self, target: &str, settings: &[&str], before: &str) -> (Run, String) {
        let scenario = self.folder.path().join("hello.yaml");
        let greeting = "  - bot: Thanks for calling Acme Dental. How can I help you today?\n  - hangup: caller\n";
        std::fs::write(&scenario, format!("name: hello\nsteps:\n{before}{greeting}")).expect("scenario");
        let trace = self.file("trace.txt");
        let mut command = goldencall();
        command.current_dir(self.folder.path()).env("PBX_PASSWORD", PASSWORD);
        let scenario = scenario.to_string_lossy();
        let mut arguments = vec![scenario.as_ref(), "--target", target, "--trace-sip", &trace];
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let run = Run::with(command, &arguments);
        let trace = std::fs::read_to_string(trace).expect("trace");
        (run, trace)
    }
}

const CI: [&str; 2] = ["sip.username=ci", "sip.password=${PBX_PASSWORD}"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    CI.iter().copied().chain(more.iter().copied()).collect()
}

/// How often a line beginning so was sent or received.
fn count(trace: &str, line: &str) -> usize {
    trace.lines().filter(|one| one.starts_with(line)).count()
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn a_proxy_with_digest_is_answered_once_and_stays_on_the_route() {
    let _seat = seat();
    for sha256 in [false, true] {
        let Some(pbx) = pbx(Setup { sha256, ..Setup::default() }) else { return };
        for transport in ["udp", "tcp"] {
            let (run, trace) = pbx.call(&format!("sip:booking@127.0.0.1:{};transport={transport}", pbx.port), &CI);
            let run = run.expect(0);
            assert_eq!(count(&trace, "SIP/2.0 407"), 1, "BYE uses the nonce again: {trace}");
            assert!(trace.contains("nc=00000002"), "{trace}");
            // Two entries over TCP: the proxy changes the transport towards the bot.
            let entries = if transport == "tcp" { 2 } else { 1 };
            assert_eq!(count(&trace, "Route: "), 2 * entries, "ACK and BYE follow the record route: {trace}");
            assert_eq!(trace.contains("algorithm=SHA-256"), sha256, "{trace}");
            assert!(!trace.contains(PASSWORD) && !run.text().contains(PASSWORD), "{trace}");
            assert!(trace.contains("X-Goldencall-Run: ") && trace.contains("traceparent: 00-"), "{trace}");
        }
    }
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn a_wrong_password_is_one_error_that_names_the_realm() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let (run, trace) = pbx.call(&format!("sip:booking@127.0.0.1:{}", pbx.port), &["sip.username=ci", "sip.password=wrong-one"]);
    let run = run.expect(3);
    let said = run.text();
    assert!(said.contains("the realm `pbx.example.test`") && said.contains("check `sip.username` and `sip.password`"), "{said}");
    assert_eq!(run.json()["calls"][0]["error"]["kind"], "unauthorized");
    assert_eq!(count(&trace, "INVITE sip:"), 2, "a wrong password is not tried again and again: {trace}");
    let (none, _) = pbx.call(&format!("sip:booking@127.0.0.1:{}", pbx.port), &["sip.from=sip:ci@example.test"]);
    assert!(none.text().contains("set `username` and `password`"), "{}", none.text());
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn tls_is_verified_unless_the_target_says_otherwise() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let sips = format!("sips:booking@127.0.0.1:{}", pbx.tls);
    let (stranger, _) = pbx.call(&sips, &CI);
    let stranger = stranger.expect(3);
    assert!(stranger.text().contains("UnknownIssuer") && stranger.text().contains("ca_file"), "{}", stranger.text());
    assert_eq!(stranger.json()["calls"][0]["error"]["kind"], "certificate");
    let authority = format!("sip.ca_file={}", pbx.file("ca.pem"));
    let (run, trace) = pbx.call(&sips, &with(&[&authority]));
    run.expect(0);
    assert!(trace.contains("sent to TLS 127.0.0.1") && trace.contains("Via: SIP/2.0/TLS"), "{trace}");
    let (named, _) = pbx.call(&format!("sip:booking@localhost:{};transport=tls", pbx.tls), &with(&[&authority]));
    assert!(named.text().contains("NotValidForName") && named.text().contains("`localhost`"), "{}", named.text());
    let (anyone, _) = pbx.call(&sips, &with(&["sip.insecure=true"]));
    let note = "the certificate of the peer was not verified (`insecure: true`)";
    assert_eq!(anyone.expect(0).json()["calls"][0]["notes"][0], note);
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn a_peer_that_asks_for_a_certificate_is_shown_one() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let uri = format!("sips:booking@127.0.0.1:{}", pbx.mutual);
    let target = |own: &str| {
        format!(
            "targets: {{ pbx: {{ sip: {{ uri: \"{uri}\", username: ci, password: \"${{PBX_PASSWORD}}\", ca_file: ca.pem{own} }} }} }}\n"
        )
    };
    let config = pbx.folder.path().join("goldencall.yaml");
    std::fs::write(&config, target("")).expect("config");
    let (without, _) = pbx.call("pbx", &[]);
    let without = without.expect(3);
    assert!(without.text().contains("client_certificate"), "{}", without.text());
    std::fs::write(&config, target(", client_certificate: { certificate: client.pem, key: client.key }")).expect("config");
    let (with_one, _) = pbx.call("pbx", &[]);
    with_one.expect(0);
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn a_caller_registers_before_the_call_and_takes_it_back() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup { registered: true, ..Setup::default() }) else { return };
    for transport in ["udp", "tcp"] {
        let target = format!("sip:booking@127.0.0.1:{};transport={transport}", pbx.port);
        let (refused, trace) = pbx.call(&target, &CI);
        let refused = refused.expect(3);
        assert!(refused.text().contains("answered 403 Register first") && count(&trace, "SIP/2.0 403 Register first") == 1, "{trace}");
        assert!(refused.json()["calls"][0]["sip_responses"].to_string().contains("Register first"), "{}", refused.json());
        let (run, trace) = pbx.call(&target, &with(&["sip.register=true"]));
        run.expect(0);
        let expires: Vec<&str> = trace.lines().filter(|line| line.starts_with("Expires: ")).collect();
        assert_eq!(expires, ["Expires: 600", "Expires: 600", "Expires: 0"], "one challenge, its nonce used again: {trace}");
    }
    let (wrong, _) =
        pbx.call(&format!("sip:booking@127.0.0.1:{}", pbx.port), &["sip.username=ci", "sip.password=no-way", "sip.register=true"]);
    let wrong = wrong.expect(3);
    assert!(wrong.text().contains("the registrar sip:127.0.0.1") && wrong.text().contains("pbx.example.test"), "{}", wrong.text());
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn an_outbound_proxy_comes_first() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let proxy = format!("sip.proxy=sip:127.0.0.1:{};transport=tcp", pbx.port);
    // Nobody knows this domain but the proxy.
    let (run, trace) = pbx.call("sip:booking@voice.invalid", &with(&[&proxy]));
    run.expect(0);
    assert!(trace.contains("INVITE sip:booking@voice.invalid SIP/2.0"), "{trace}");
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn a_reliable_response_is_acknowledged_along_its_route() {
    let _seat = seat();
    let port = free_port();
    let Some(pbx) = pbx(Setup { bot: Some(port), ..Setup::default() }) else { return };
    let recording = greeting(pbx.folder.path());
    let route = "Via: [$through]\nRecord-Route: [$route]\n";
    let script = Script::new().invite();
    let script = script.answer("183 Session Progress", &format!("{route}Require: 100rel\nRSeq: 1\n"), &sdp("sendrecv"));
    let script = script.recv_with("PRACK", "PRACK sip:bot@").ok();
    let script = script.answer("200 OK", route, &sdp("sendrecv")).recv("ACK").speak(&recording).bye();
    let bot = sipp(&script.write(pbx.folder.path()), port, &[]).spawn().expect("sipp");
    std::thread::sleep(Duration::from_millis(500));
    let (run, trace) = pbx.call(&format!("sip:booking@127.0.0.1:{}", pbx.port), &[]);
    let output = wait(bot, Duration::from_secs(10));
    assert!(output.status.success(), "sipp: {}\n{trace}", String::from_utf8_lossy(&output.stderr));
    run.expect(0);
    let prack = trace.split("PRACK sip:bot@").nth(1).and_then(|rest| rest.split("---").next()).unwrap_or_default();
    assert!(prack.contains(&format!("\nRoute: <sip:127.0.0.1:{}", pbx.port)), "{trace}");
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
fn a_transfer_is_followed_over_tls_with_digest() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let to = format!("sips:booking@127.0.0.1:{}", pbx.tls);
    let script = Script::new().invite().answer("200 OK", "", &sdp("sendrecv")).recv("ACK").pause(300);
    let script = script.request("REFER", &format!("Refer-To: <{to}>\nRefer-Sub: false\n"), "").response(202);
    // A bot that does not wait how it went (RFC 5589, section 6.1).
    let script = script.request("BYE", "", "").response(200);
    let port = free_port();
    let bot = sipp(&script.write(pbx.folder.path()), port, &[]).spawn().expect("sipp");
    let config = format!(
        "targets: {{ bot: {{ sip: {{ uri: \"sip:bot@127.0.0.1:{port}\", username: ci, password: \"${{PBX_PASSWORD}}\", ca_file: ca.pem, follow_transfer: true, trusted_hosts: [127.0.0.1] }} }} }}\n"
    );
    std::fs::write(pbx.folder.path().join("goldencall.yaml"), config).expect("config");
    std::thread::sleep(Duration::from_millis(500));
    let (run, trace) = pbx.call_with("bot", &[], &format!("  - transfer: \"{to}\"\n"));
    let output = wait(bot, Duration::from_secs(10));
    assert!(output.status.success(), "sipp: {}\n{trace}", String::from_utf8_lossy(&output.stderr));
    let call = run.expect(0).json()["calls"][0].clone();
    assert!(call["sip_responses"].to_string().contains("407"), "{call}");
    assert!(trace.contains(&format!("sent to TLS 127.0.0.1:{}", pbx.tls)), "{trace}");
}

/// dnsmasq with the zone of the tests, on a port of its own.
fn zone(records: &[String]) -> Option<(Running, u16)> {
    if !peer("dnsmasq") {
        return None;
    }
    // It takes the port over UDP and TCP, of which one may be gone.
    for _ in 0..10 {
        let port = free_port();
        let mut command = Command::new("dnsmasq");
        command.args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--bind-interfaces", "--user=root"]);
        command.args(["--listen-address=127.0.0.1", "--pid-file", &format!("--port={port}")]).args(records);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::new(command.spawn().expect("dnsmasq"));
        if answers(port) {
            return Some((running, port));
        }
    }
    panic!("dnsmasq does not answer");
}

/// Whether a name server answers, asked for the address of `a.test` until it does.
fn answers(port: u16) -> bool {
    const QUERY: &[u8] = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01";
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    socket.connect(("127.0.0.1", port)).expect("an address");
    (0..50).any(|_| {
        let asked = socket.send(QUERY).and_then(|_| socket.recv(&mut [0; 512]));
        if asked.is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        asked.is_ok()
    })
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_dnsmasq, not(missing_kamailio)), ignore = "dnsmasq is not installed: run tests/peers/install")]
fn records_of_the_domain_lead_to_the_place_that_answers() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let dead = free_tcp_port();
    let records = [
        "--naptr-record=example.test,10,50,s,SIP+D2T,,_sip._tcp.example.test".to_owned(),
        "--naptr-record=example.test,20,50,s,SIP+D2U,,_sip._udp.example.test".to_owned(),
        format!("--srv-host=_sip._tcp.example.test,a.example.test,{dead},10,10"),
        format!("--srv-host=_sip._tcp.example.test,b.example.test,{},20,10", pbx.port),
        format!("--srv-host=_sips._tcp.example.test,b.example.test,{},10,10", pbx.tls),
        "--address=/a.example.test/127.0.0.1".to_owned(),
        "--address=/b.example.test/127.0.0.1".to_owned(),
    ];
    let Some((_dns, port)) = zone(&records) else { return };
    let dns = format!("sip.dns=127.0.0.1:{port}");
    let (run, trace) = pbx.call("sip:booking@example.test", &with(&[&dns]));
    let run = run.expect(0);
    assert!(trace.contains(&format!("sent to TCP 127.0.0.1:{}", pbx.port)), "{trace}");
    let notes = run.json()["calls"][0]["notes"].to_string();
    assert!(notes.contains(&dead.to_string()) && notes.contains("the next address of `example.test` was tried"), "{notes}");
    // The certificate is made out to the domain, not to the host that a record named.
    let authority = format!("sip.ca_file={}", pbx.file("ca.pem"));
    let (secured, trace) = pbx.call("sips:booking@example.test", &with(&[&dns, &authority]));
    secured.expect(0);
    assert!(trace.contains(&format!("sent to TLS 127.0.0.1:{}", pbx.tls)), "{trace}");
    let (nowhere, _) = pbx.call("sip:booking@nowhere.test", &with(&[&dns]));
    assert!(nowhere.expect(3).text().contains("the host `nowhere.test`"));
}

/// Answers the first INVITE that it has no room.
fn full_up(socket: &UdpSocket) {
    let mut buffer = [0_u8; 4096];
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("timeout");
    let (length, caller) = socket.recv_from(&mut buffer).expect("an INVITE");
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    let kept = ["Via:", "From:", "Call-ID:", "CSeq:", "To:"].map(line).join("\r\n");
    let refusal = format!("SIP/2.0 503 Full up\r\n{kept};tag=full\r\nContent-Length: 0\r\n\r\n");
    socket.send_to(refusal.as_bytes(), caller).expect("sent");
}

#[test]
#[cfg_attr(missing_kamailio, ignore = "Kamailio is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_dnsmasq, not(missing_kamailio)), ignore = "dnsmasq is not installed: run tests/peers/install")]
fn a_place_that_is_silent_and_one_that_is_full_are_passed_over() {
    let _seat = seat();
    let Some(pbx) = pbx(Setup::default()) else { return };
    let [silent, full] = [(), ()].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let [silent_port, full_port] = [&silent, &full].map(|socket| socket.local_addr().expect("address").port());
    let place = |number: u16, port: u16| format!("--srv-host=_sip._udp.example.test,a.example.test,{port},{number},10");
    let records = [place(10, silent_port), place(20, full_port), place(30, pbx.port), "--address=/a.example.test/127.0.0.1".to_owned()];
    let Some((_dns, port)) = zone(&records) else { return };
    let refusing = std::thread::spawn(move || full_up(&full));
    let (run, _) = pbx.call("sip:booking@example.test", &with(&[&format!("sip.dns=127.0.0.1:{port}")]));
    refusing.join().expect("the full bot");
    let notes = run.expect(0).json()["calls"][0]["notes"].to_string();
    assert!(notes.contains("gave no SIP response within 4 s") && notes.contains("answered 503 Full up"), "{notes}");
}
