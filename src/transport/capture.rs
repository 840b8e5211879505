//! What went over the wire in a call, as a packet capture for Wireshark and similar tools.
//!
//! Signalling is captured as text and media as RTP, whatever protected them on the way: each message and packet stands in a
//! UDP datagram between the real addresses, at the time at which it was sent or the kernel had it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use etherparse::PacketBuilder;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, TsResolution};

use crate::clock::{CallClock, Monotonic};
use crate::files::create_private;
use crate::lock::lock;
use crate::scenario::Secrets;
use crate::time::CallTime;

/// Hops that a datagram may take; nothing here takes one.
const TTL: u8 = 64;

/// One call's capture file.
pub struct Capture {
    clock: CallClock,
    writer: Mutex<PcapWriter<SharedFile>>,
    file: SharedFile,
    secrets: Secrets,
    problem: OnceLock<String>,
}

/// A buffered file that can be flushed while the capture's writer has it.
#[derive(Clone)]
struct SharedFile(Arc<Mutex<BufWriter<File>>>);

impl Write for SharedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        lock(&self.0).flush()
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Capture")
    }
}

impl Capture {
    /// Begins a capture with nanosecond times and raw IP packets.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, clock: CallClock, secrets: Secrets) -> io::Result<Self> {
        let header = PcapHeader { datalink: DataLink::RAW, ts_resolution: TsResolution::NanoSecond, ..PcapHeader::default() };
        let file = SharedFile(Arc::new(Mutex::new(BufWriter::new(create_private(path)?))));
        let writer = PcapWriter::with_header(file.clone(), header).map_err(io::Error::other)?;
        Ok(Self { clock, writer: Mutex::new(writer), file, secrets, problem: OnceLock::new() })
    }

    /// What kept packets out of the file so far.
    pub fn problem(&self) -> Option<&str> {
        if let Err(error) = self.file.clone().flush() {
            let _earlier = self.problem.set(error.to_string());
        }
        self.problem.get().map(String::as_str)
    }

    /// A message that was sent or received now; secrets in it are covered, so that its length stays right.
    pub fn now(&self, from: SocketAddr, to: SocketAddr, message: &str) {
        self.put(self.clock.now(), from, to, self.secrets.blot(message).as_bytes());
    }

    /// Something that was sent or received at this time.
    pub fn at(&self, at: Monotonic, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        self.put(self.clock.at(at), from, to, payload);
    }

    fn put(&self, at: CallTime, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let Some(datagram) = datagram(from, to, payload) else { return };
        let time = i128::from(self.clock.zero_unix_nanos()) + i128::from(at.as_nanos());
        let time = Duration::from_nanos(u64::try_from(time).unwrap_or(0));
        let packet = PcapPacket::new_owned(time, u32::try_from(datagram.len()).unwrap_or(u32::MAX), datagram);
        let mut writer = lock(&self.writer);
        if let Err(error) = writer.write_packet(&packet) {
            let _earlier = self.problem.set(error.to_string());
        }
    }
}

/// An IP packet; `None` for addresses of two families, and for what no datagram can hold.
fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Option<Vec<u8>> {
    let builder = match (from, to) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), TTL),
        (SocketAddr::V6(from), SocketAddr::V6(to)) => PacketBuilder::ipv6(from.ip().octets(), to.ip().octets(), TTL),
        _ => return None,
    };
    let builder = builder.udp(from.port(), to.port());
    let mut packet = Vec::with_capacity(builder.size(payload.len()));
    builder.write(&mut packet, payload).ok()?;
    Some(packet)
}

#[cfg(test)]
mod tests {
    use pcap_file::pcap::PcapReader;

    use super::*;

    #[test]
    fn what_is_captured_can_be_read_back() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("call.pcap");
        let (here, there) = (SocketAddr::from(([127, 0, 0, 1], 4000)), SocketAddr::from(([127, 0, 0, 2], 5060)));
        let (here6, there6) = ("[::1]:4000".parse().expect("v6"), "[::1]:5060".parse().expect("v6"));
        let clock = CallClock::start();
        {
            let capture = Capture::create(&path, clock, Secrets::default()).expect("a file");
            capture.now(here, there, "OPTIONS sip:bot SIP/2.0\r\n\r\n");
            capture.at(Monotonic::now(), here6, there6, &[0x80; 172]);
            capture.now(here, there6, "of two families");
        }
        let mut reader = PcapReader::new(File::open(&path).expect("file")).expect("a capture");
        let mut sizes = Vec::new();
        while let Some(packet) = reader.next_packet() {
            let packet = packet.expect("a packet");
            assert!(packet.timestamp.as_nanos().abs_diff(u128::from(clock.zero_unix_nanos())) < 10_000_000_000);
            sizes.push(packet.data.len());
        }
        assert_eq!(sizes, [20 + 8 + 27, 40 + 8 + 172]);
    }
}
