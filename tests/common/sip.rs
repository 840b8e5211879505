//! Peers of SIP calls.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{missing, peer, root};

pub fn audio(name: &str) -> PathBuf {
    root().join("audio").join(name)
}

/// A scenario with these steps; `AUDIO` stands for the folder of the recordings.
pub fn scenario_file(folder: &Path, steps: &str) -> String {
    let path = folder.join("scenario.yaml");
    let root = root().display();
    std::fs::write(&path, format!("name: peer\nsteps:\n{}", steps.replace("AUDIO", &format!("{root}/audio")))).expect("scenario");
    path.to_string_lossy().into_owned()
}

fn modules() -> &'static str {
    let folders = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules"];
    folders.into_iter().find(|path| Path::new(path).is_dir()).expect("baresip modules")
}

/// Whether baresip was built with a module.
pub fn baresip_has(module: &str) -> bool {
    let found = Path::new(modules()).join(module).exists();
    if !found {
        missing(&format!("baresip's module {module}"));
    }
    found
}

/// baresip at a port: what it plays, parameters of its account, modules besides the usual ones.
pub fn baresip(folder: &Path, port: u16, recording: &str, account: &str, more: &[&str]) -> Option<Command> {
    if !peer("baresip") {
        return None;
    }
    let media = 30_000 + port % 10_000 / 2 * 2;
    let text = std::fs::read_to_string(root().join("tests/peers/baresip/config")).expect("config");
    let text = text.replace("@ADDRESS@", &format!("127.0.0.1:{port}")).replace("@MODULES@", modules());
    let text = text.replace("@FOLDER@", &folder.to_string_lossy()).replace("@RECORDING@", &audio(recording).to_string_lossy());
    let loads: String = more.iter().map(|module| format!("module {module}\n")).collect();
    let text = format!("{}{loads}", text.replace("@PORTS@", &format!("{media}-{}", media + 50)));
    std::fs::write(folder.join("config"), text).expect("config");
    std::fs::write(folder.join("accounts"), format!("<sip:bot@127.0.0.1:{port}>;regint=0;answermode=auto;{account}\n")).expect("accounts");
    let mut command = Command::new("baresip");
    command.arg("-f").arg(folder).stdin(Stdio::null()).stderr(Stdio::null());
    Some(command)
}

/// Waits until something answers SIP requests at a UDP port of this machine.
pub fn wait_for_sip(port: u16) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(std::time::Duration::from_millis(200))).expect("a timeout");
    let own = socket.local_addr().expect("an address");
    let request = format!(
        "OPTIONS sip:bot@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-ready\r\nMax-Forwards: 70\r\n\
         From: <sip:test@{own}>;tag=ready\r\nTo: <sip:bot@127.0.0.1:{port}>\r\nCall-ID: ready@{own}\r\nCSeq: 1 OPTIONS\r\n\
         Contact: <sip:test@{own}>\r\nContent-Length: 0\r\n\r\n"
    );
    for _ in 0..100 {
        let mut answer = [0; 2048];
        // A port at which nobody listens yet makes either of them fail at once.
        let length = socket.send_to(request.as_bytes(), ("127.0.0.1", port)).and_then(|_| socket.recv(&mut answer)).unwrap_or(0);
        if answer[..length].starts_with(b"SIP/2.0 200") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("nothing answers SIP requests at port {port}");
}
