//! A reverse proxy that takes down what passes, and lets a test change it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request or a response.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The method and the path, or the version and the status.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Message {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map_or_else(|| panic!("no {name}: {self:?}"), |(_, value)| value)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Reads one; `None` where the other side sends none.
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let mut lines = head.lines();
                let line = lines.next()?.to_owned();
                let headers = lines.filter_map(|line| line.split_once(':'));
                let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
                let message = Self { line, headers, body: body.to_owned() };
                let length = message.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                if body.len() >= length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0) {
                    return Some(message);
                }
            }
            match stream.read(&mut buffer) {
                Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
                _ => return None,
            }
        }
    }

    /// One message a connection.
    fn write(&self, stream: &mut TcpStream) {
        let own = |name: &str| ["content-length", "connection"].iter().any(|own| name.eq_ignore_ascii_case(own));
        let headers = self.headers.iter().filter(|(name, _)| !own(name)).map(|(name, value)| format!("{name}: {value}\r\n"));
        let (headers, length) = (headers.collect::<String>(), self.body.len());
        let text = format!("{}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{}", self.line, self.body);
        let _gone = stream.write_all(text.as_bytes());
    }
}

/// What was asked and what was answered, as the caller knows them.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub request: Message,
    pub response: Message,
}

impl Exchange {
    pub fn status(&self) -> &str {
        self.response.line.split(' ').nth(1).unwrap_or_default()
    }
}

pub struct Proxy {
    /// `127.0.0.1:port`.
    pub address: String,
    taken: Arc<Mutex<Vec<Exchange>>>,
}

impl Proxy {
    /// In front of a bot, with a change of what the bot gets and of what the caller gets.
    pub fn before(
        bot: &str,
        to_bot: impl Fn(Message) -> Message + Send + Sync + 'static,
        to_caller: impl Fn(&Message, Message) -> Message + Send + Sync + 'static,
    ) -> Self {
        let bot = bot.to_owned();
        Self::answering(move |request| {
            let mut onward = TcpStream::connect(&bot).expect("the bot");
            to_bot(request.clone()).write(&mut onward);
            to_caller(request, Message::read(&mut onward).expect("an answer"))
        })
    }

    /// A server that answers so.
    pub fn answering(answer: impl Fn(&Message) -> Message + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let (address, taken) = (listener.local_addr().expect("address").to_string(), Arc::default());
        let (noted, answer) = (Arc::clone(&taken), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (noted, answer): (Arc<Mutex<Vec<Exchange>>>, _) = (Arc::clone(&noted), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(request) = Message::read(&mut stream) else { return };
                    let response = answer(&request);
                    noted.lock().expect("exchanges").push(Exchange { request, response: response.clone() });
                    response.write(&mut stream);
                });
            }
        });
        Self { address, taken }
    }

    /// The exchanges whose request begins so, in the order in which they were answered.
    pub fn exchanges(&self, begin: &str) -> Vec<Exchange> {
        let taken = self.taken.lock().expect("exchanges");
        taken.iter().filter(|exchange| exchange.request.line.starts_with(begin)).cloned().collect()
    }
}
