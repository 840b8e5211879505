//! SIP's UDP socket: a message without Content-Length ends with its datagram (RFC 3261, section 18.3), which the stack does not know.

use std::net::SocketAddr;

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket;

/// A socket whose datagrams all say how long their bodies are.
pub(super) struct Datagrams(tokio::net::UdpSocket);

impl Datagrams {
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self(tokio::net::UdpSocket::bind(address).await?))
    }
}

#[async_trait]
impl UdpSocket for Datagrams {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let (length, from) = self.0.recv_from(buffer).await?;
        Ok((with_length(buffer, length), from))
    }

    async fn send_to(&self, buffer: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.0.send_to(buffer, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }
}

/// Puts in the Content-Length that the message in the first `length` bytes lacks; returns its new length.
fn with_length(buffer: &mut [u8], length: usize) -> usize {
    let message = &buffer[..length];
    let Some(end) = message.windows(4).position(|four| four == b"\r\n\r\n") else { return length };
    let body = length - end - 4;
    let named = |line: &[u8]| {
        let name = line.split(|b| *b == b':').next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l")
    };
    if body == 0 || message[..end].split(|b| *b == b'\n').any(named) {
        return length;
    }
    let line = format!("Content-Length: {body}\r\n");
    if length + line.len() > buffer.len() {
        return length;
    }
    buffer.copy_within(end + 2..length, end + 2 + line.len());
    buffer[end + 2..end + 2 + line.len()].copy_from_slice(line.as_bytes());
    length + line.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::with_length;

    fn completed(message: &str, room: usize) -> String {
        let mut buffer = message.as_bytes().to_vec();
        buffer.resize(message.len() + room, 0);
        let length = with_length(&mut buffer, message.len());
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn the_length_is_put_in_where_it_lacks() {
        let bare = "SIP/2.0 200 OK\r\nVia: x\r\n\r\nv=0\r\n";
        assert_eq!(completed(bare, 100), "SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 5\r\n\r\nv=0\r\n");
        for whole in [
            "SIP/2.0 200 OK\r\nl: 5\r\n\r\nv=0\r\n",
            "BYE x SIP/2.0\r\nVia: x\r\n\r\n",
            "SIP/2.0 200 OK\r\ncontent-length : 5\r\n\r\nv=0\r\n",
            "x",
        ] {
            assert_eq!(completed(whole, 100), whole);
        }
        assert_eq!(completed(bare, 3), bare, "no room");
    }

    proptest! {
        #[test]
        fn any_datagram_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            let mut buffer = bytes.clone();
            let length = cut.min(buffer.len());
            prop_assert!(with_length(&mut buffer, length) <= buffer.len());
        }
    }
}
