//! Which STUN and TURN servers of all those named can be used. The stack takes no connection with a wrong one among them,
//! and browsers would only pass over it.

use rtc::peer_connection::configuration::RTCIceServer;

use crate::scenario::{IceServer, WebRtcTarget};
use crate::transport::{CallEvent, Dial, DialError, DialErrorKind, quote};

/// Beyond this many wrong servers no more are noted.
const MOST_NOTES: usize = 10;

/// The servers that the stack takes, and what to note of the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Usable {
    pub servers: Vec<IceServer>,
    pub notes: Vec<String>,
}

impl Usable {
    /// Of the target's servers and those that the other side named.
    pub fn of(named: impl IntoIterator<Item = IceServer>) -> Self {
        let mut usable = Self::default();
        for server in named {
            let mut urls = Vec::new();
            for url in &server.urls {
                match taken(url, &server) {
                    Ok(url) => urls.extend(url),
                    Err(why) => usable.notes.push(format!("the ICE server `{}` was not used: {why}", quote(url))),
                }
            }
            if !urls.is_empty() {
                usable.servers.push(IceServer { urls, ..server });
            }
        }
        usable.notes.sort();
        usable.notes.dedup();
        usable.notes.truncate(MOST_NOTES);
        usable
    }

    /// Notes the ICE servers that cannot be used; an error where a call over TURN only is left with none.
    pub fn report(&self, target: &WebRtcTarget, dial: &Dial) -> Result<(), DialError> {
        for note in &self.notes {
            // Nobody listens once the call is over.
            let _over = dial.events.send(CallEvent::Note(note.clone()));
        }
        if target.relay_only && !self.relays() {
            let message = format!(
                "{} was not called: `ice_transport_policy: relay`, but there is no TURN server over UDP; add one to `ice_servers`",
                target.url
            );
            return Err(DialError::new(DialErrorKind::BadAnswer, message));
        }
        Ok(())
    }

    /// Whether a call can go over one of them.
    pub fn relays(&self) -> bool {
        self.servers.iter().flat_map(|server| &server.urls).any(|url| url.to_ascii_lowercase().starts_with("turn:"))
    }
}

/// The error of a call whose media connection could not be made.
pub(super) fn ice_failed(with: &str, whose: &str) -> DialError {
    let message = format!(
        "ICE or DTLS with {with} failed: no candidate pair works, or the certificate does not match its fingerprint; \
         check firewalls, `ice_servers` and {whose} public address"
    );
    DialError::new(DialErrorKind::BadAnswer, message)
}

/// As the stack has it.
pub(super) fn server(server: &IceServer) -> RTCIceServer {
    RTCIceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.as_ref().map(|credential| credential.reveal().to_owned()).unwrap_or_default(),
    }
}

/// The URL as the stack takes it; `None` where it is over TCP or TLS, which is documented and no mistake of anybody's.
fn taken(url: &str, of: &IceServer) -> Result<Option<String>, String> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, _) = address.split_once(':').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "stuns" | "turns" => return Ok(None),
        "turn" if query.eq_ignore_ascii_case("transport=tcp") => return Ok(None),
        "turn" if of.username.as_deref().is_none_or(str::is_empty) || of.credential.as_ref().is_none_or(|it| it.reveal().is_empty()) => {
            return Err("it came without `username` and `credential`".to_owned());
        }
        _ => {}
    }
    // Only TURN has a query (RFC 7064), and many write one behind `stun:` too.
    let url = if scheme.eq_ignore_ascii_case("stun") { address } else { url };
    let alone = RTCIceServer { urls: vec![url.to_owned()], ..server(of) };
    alone.urls().map(|_| Some(url.to_owned())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Secret;

    fn named(urls: &[&str], username: &str, credential: Option<&str>) -> IceServer {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        IceServer { urls, username: Some(username.to_owned()), credential: credential.map(Secret::new) }
    }

    #[test]
    fn a_server_that_cannot_be_used_takes_no_other_with_it() {
        let usable = Usable::of([
            named(&["stun:h:3478?transport=udp", "stun:[::1]"], "", None),
            named(&["turn:h:3478", "turn:h:3478?transport=udp"], "", None),
            named(&["turn:h:3478"], "u", None),
            named(&["turn:empty"], "u", Some("")),
            named(&["turn:h?transport=udp", "turn:h?transport=tcp", "turns:h", "turn:h?x=1", "TURN:h"], "u", Some("secret")),
            named(&["stuns:h", "http://h", "nonsense", ""], "u", Some("secret")),
        ]);
        let urls: Vec<&String> = usable.servers.iter().flat_map(|server| &server.urls).collect();
        insta::assert_snapshot!(format!("{urls:?}\n{}", usable.notes.join("\n")));
        assert!(usable.relays());
        // What is left is what the stack takes.
        assert!(usable.servers.iter().all(|usable| server(usable).urls().is_ok()));
    }

    #[test]
    fn stun_relays_nothing() {
        assert!(!Usable::of([named(&["stun:h"], "", None), named(&["turn:h"], "", None)]).relays());
        assert!(Usable::of([named(&["stun:h", "TURN:h"], "u", Some("c"))]).relays());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_left_the_stack_takes(urls in proptest::collection::vec("(stun|turn|turns|x)?:?(//)?[a-z0-9.:\\[\\]?=&]{0,20}", 0..4), user in "[a-z]{0,2}") {
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            let usable = Usable::of([named(&urls, &user, Some("c"))]);
            assert!(usable.servers.iter().all(|usable| server(usable).urls().is_ok()), "{usable:?}");
        }
    }
}
