//! The sample bot in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Ends with this value.
pub struct SampleBot {
    process: Child,
    /// What it printed: an address for each kind of target.
    addresses: Vec<String>,
}

impl SampleBot {
    /// Starts it on free ports. No two replies are the same, as with a synthesised voice: words that were transcribed once would be
    /// remembered.
    pub fn start() -> Self {
        let any = "127.0.0.1:0";
        let mut process = Command::new(env!("CARGO_BIN_EXE_goldencall"))
            .args(["bot", "--listen", any, "--web", any, "--audiosocket", any, "--fault", "hiss"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bot starts");
        let mut lines = BufReader::new(process.stdout.take().expect("output")).lines().map_while(Result::ok);
        let mut addresses = Vec::new();
        while !addresses.iter().any(|line: &String| line.contains("webrtc+http")) {
            addresses.push(lines.next().expect("an address"));
        }
        Self { process, addresses }
    }

    /// The address that begins so, as a target.
    pub fn target(&self, begins: &str) -> String {
        let mut words = self.addresses.iter().flat_map(|line| line.split_whitespace());
        let found = words.find(|word| word.starts_with(begins)).expect("an address of this kind");
        found.replace("sip:BOT@", "sip:booking@").to_owned()
    }
}

impl Drop for SampleBot {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}
