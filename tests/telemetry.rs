//! The receiver of OpenTelemetry spans on a real port.

use std::net::SocketAddr;
use std::time::Duration;

use goldencall::internals::telemetry::Receiver;

#[tokio::test]
async fn a_dropped_receiver_frees_its_port() {
    let receiver = Receiver::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None, 0).await.expect("a port");
    let addr = receiver.local_addr();
    let taken = Receiver::bind(addr, None, 0).await.unwrap_err().to_string();
    assert!(taken.starts_with(&format!("cannot receive telemetry on {addr}: ")), "{taken}");
    drop(receiver);
    for _ in 0..100 {
        if Receiver::bind(addr, None, 0).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the port is still taken");
}
