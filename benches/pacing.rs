//! How late the pacing thread sends, at 1, 50 and 200 streams: real sockets on loopback.
//!
//! `cargo bench --bench pacing`

use std::net::UdpSocket;
use std::time::Duration;

use goldencall::internals::clock::Monotonic;
use goldencall::internals::runner::Pacer;
use goldencall::internals::transport::MediaSink;
use tokio::sync::mpsc;

struct Wire(UdpSocket);

impl MediaSink for Wire {
    fn send(&mut self, samples: &[i16], _: bool) -> std::io::Result<Monotonic> {
        let at = Monotonic::now();
        self.0.send(&vec![0; samples.len() + 12])?;
        Ok(at)
    }
}

fn main() {
    let seconds = 10;
    println!("| streams | packets | p50 us | p99 us | p99.9 us | max us |\n|---|---|---|---|---|---|");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for streams in [1, 50, 200] {
        let figures = runtime.block_on(measure(streams, seconds));
        println!("{figures}");
    }
}

async fn measure(streams: usize, seconds: u64) -> String {
    let pacer = Pacer::start().expect("a thread");
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let mut running = Vec::new();
    for _ in 0..streams {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(receiver.local_addr().expect("an address")).expect("connected");
        let (progress, _) = mpsc::unbounded_channel();
        running.push(pacer.add(Box::new(Wire(socket)), progress));
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let mut all = goldencall::internals::runner::Lateness::default();
    for stream in running {
        all.merge(&stream.close().await);
    }
    let at = |p| all.percentile(p).unwrap_or(f64::NAN);
    format!("| {streams} | {} | {:.0} | {:.0} | {:.0} | {:.0} |", all.packets(), at(50.0), at(99.0), at(99.9), at(100.0))
}
