//! Digest authentication (RFC 7616, RFC 2617): headers that `rsipstack` 0.7.14 reads and writes differently, and the
//! re-use of a nonce for the requests that follow a challenge.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use rsipstack::dialog::authenticate::Credential;
use rsipstack::sip::headers::auth::{Algorithm, AuthQop};
use rsipstack::sip::prelude::{HasHeaders, HeadersExt, ToTypedHeader};
use rsipstack::sip::typed::WwwAuthenticate;
use rsipstack::sip::{DigestGenerator, Header, Method, Request, Response, SipMessage, StatusCode};

/// The stack counts in one byte; a call that sends more requests than this lets the peer challenge it again.
const MOST_USES: u8 = u8::MAX;

/// RFC 7616, section 3.4: `qop` and `algorithm` are tokens in what a client sends, not quoted strings.
pub(super) fn outgoing(message: &mut SipMessage) {
    rewrite(message, &[("qop=\"auth\"", "qop=auth"), ("algorithm=SHA256", "algorithm=SHA-256")]);
}

/// Names of algorithms as the stack knows them; of several challenges (RFC 8760) only those that can be answered stay.
pub(super) fn incoming(message: &mut SipMessage) {
    rewrite(message, &[("algorithm=SHA-256", "algorithm=SHA256"), ("algorithm=\"SHA-256\"", "algorithm=SHA256")]);
    each(message, protection);
    if let SipMessage::Response(response) = message {
        let challenges = response.headers.iter().filter(|header| is_challenge(header)).count();
        let readable = |header: &Header| challenge(header).is_some();
        if challenges > 1 && response.headers.iter().any(readable) {
            response.headers.retain(|header| !is_challenge(header) || readable(header));
        }
    }
}

fn is_challenge(header: &Header) -> bool {
    matches!(header, Header::WwwAuthenticate(_) | Header::ProxyAuthenticate(_))
}

/// The kinds of protection that are offered: the stack knows one, `auth`, and reads it in quotes only.
static QOP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)(^|[\s,])qop\s*=\s*(?:"([^"]*)"|((?:auth-int|auth)(?:\s*,\s*(?:auth-int|auth)\b)*))"#).ok());

fn protection(challenge: &str) -> String {
    let Some(qop) = QOP.as_ref() else { return challenge.to_owned() };
    let chosen = |found: &Captures<'_>| {
        let offered = found.get(2).or_else(|| found.get(3)).map_or("", |offered| offered.as_str());
        let auth = offered.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"));
        if auth { format!("{}qop=\"auth\"", &found[1]) } else { found[0].to_owned() }
    };
    qop.replace(challenge, chosen).into_owned()
}

fn rewrite(message: &mut SipMessage, fixes: &[(&str, &str)]) {
    each(message, |text| fixes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)));
}

fn each(message: &mut SipMessage, fix: impl Fn(&str) -> String) {
    let headers = match message {
        SipMessage::Request(request) => &mut request.headers,
        SipMessage::Response(response) => &mut response.headers,
    };
    for header in headers.iter_mut() {
        match header {
            Header::Authorization(value) => *value = fix(value.value()).into(),
            Header::ProxyAuthorization(value) => *value = fix(value.value()).into(),
            Header::WwwAuthenticate(value) => *value = fix(value.value()).into(),
            Header::ProxyAuthenticate(value) => *value = fix(value.value()).into(),
            _ => {}
        }
    }
}

fn challenge(header: &Header) -> Option<WwwAuthenticate> {
    match header {
        Header::WwwAuthenticate(value) => value.typed().ok(),
        // Both challenges have the same parameters (RFC 3261, section 22.3).
        Header::ProxyAuthenticate(value) => WwwAuthenticate::parse(value.value()).ok(),
        _ => None,
    }
}

/// Marks the challenge as one to be answered: the stack answers one challenge a request, but the bot's own may follow that of
/// a proxy on the way (RFC 3261, section 22.3).
pub(super) fn answer_again(response: &mut Response) {
    for header in response.headers.iter_mut() {
        match header {
            Header::WwwAuthenticate(value) => *value = format!("{}, stale=true", value.value()).into(),
            Header::ProxyAuthenticate(value) => *value = format!("{}, stale=true", value.value()).into(),
            _ => {}
        }
    }
}

/// The realm of a challenge, for an error message.
pub(super) fn realm(response: &Response) -> Option<String> {
    response.headers.iter().find_map(challenge).map(|challenge| challenge.realm)
}

/// A nonce that the peer gave and took, for further requests of the call (RFC 7616, section 3.4).
#[derive(Debug)]
pub(super) struct Nonce {
    /// Of a proxy (407), not of the peer itself (401).
    proxy: bool,
    challenge: WwwAuthenticate,
    uses: u8,
    /// A request with it went through.
    good: bool,
    /// The last request that was given credentials here: a retransmission is the same message.
    last: Option<(String, Header)>,
}

impl Nonce {
    /// From a 401 or 407; the stack itself answers it once.
    pub fn of(response: &Response) -> Option<Self> {
        let proxy = match response.status_code {
            StatusCode::Unauthorized => false,
            StatusCode::ProxyAuthenticationRequired => true,
            _ => return None,
        };
        let mine = |header: &&Header| matches!((header, proxy), (Header::WwwAuthenticate(_), false) | (Header::ProxyAuthenticate(_), true));
        let challenge = response.headers.iter().filter(mine).find_map(challenge)?;
        Some(Self { proxy, challenge, uses: 1, good: false, last: None })
    }

    /// Whether a proxy gave it.
    pub fn is_of_proxy(&self) -> bool {
        self.proxy
    }

    /// The peer took what was made of this nonce.
    pub fn accepted(&mut self) {
        self.good = true;
    }

    /// Puts credentials on a request of the call that has none yet, so that it is not challenged again.
    pub fn authorise(&mut self, request: &mut Request, credential: &Credential) {
        let own =
            |header: &Header| matches!((header, self.proxy), (Header::Authorization(_), false) | (Header::ProxyAuthorization(_), true));
        let has_own = request.headers.iter().any(own);
        if !self.good || has_own || matches!(request.method, Method::Ack | Method::Cancel) || self.uses == MOST_USES {
            return;
        }
        let branch = request.via_header().map(|via| via.value().to_owned()).unwrap_or_default();
        if let Some((_, header)) = self.last.as_ref().filter(|(sent, _)| *sent == branch) {
            request.headers_mut().push(header.clone());
            return;
        }
        self.uses += 1;
        let header = self.header(request, credential);
        request.headers_mut().push(header.clone());
        self.last = Some((branch, header));
    }

    fn header(&self, request: &Request, credential: &Credential) -> Header {
        let challenge = &self.challenge;
        let cnonce = format!("{:016x}", rand::random::<u64>());
        let qop = challenge.qop.as_ref().map(|_| AuthQop::Auth { cnonce: cnonce.clone(), nc: self.uses });
        let algorithm = challenge.algorithm.unwrap_or(Algorithm::Md5);
        let response = DigestGenerator {
            username: credential.digest_username(),
            password: &credential.password,
            nonce: &challenge.nonce,
            uri: &request.uri,
            realm: &challenge.realm,
            method: &request.method,
            qop: qop.as_ref(),
            algorithm,
        }
        .compute();
        // Written here: the stack writes the count in decimal, where RFC 7616 has hexadecimal.
        let qop = qop.map(|_| format!(", qop=auth, nc={:08x}, cnonce=\"{cnonce}\"", self.uses)).unwrap_or_default();
        let opaque = challenge.opaque.as_ref().map(|opaque| format!(", opaque=\"{opaque}\"")).unwrap_or_default();
        let value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{response}\", algorithm={algorithm}{opaque}{qop}",
            credential.digest_username(),
            challenge.realm,
            challenge.nonce,
            request.uri
        );
        if self.proxy { Header::ProxyAuthorization(value.into()) } else { Header::Authorization(value.into()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn response(code: u16, headers: &str) -> SipMessage {
        let text = format!(
            "SIP/2.0 {code} Nope\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n\
             Call-ID: x\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        SipMessage::try_from(text.as_bytes()).expect("a response")
    }

    fn bye(branch: &str) -> Request {
        let text = format!(
            "BYE sip:bot@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch={branch}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n\
             Call-ID: x\r\nCSeq: 3 BYE\r\nContent-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()).expect("a request") {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => unreachable!("a request"),
        }
    }

    fn authorization(request: &Request) -> Option<String> {
        request.headers.iter().find_map(|header| match header {
            Header::Authorization(value) => Some(value.value().to_owned()),
            Header::ProxyAuthorization(value) => Some(format!("Proxy {}", value.value())),
            _ => None,
        })
    }

    fn credential() -> Credential {
        Credential { username: "ci".to_owned(), password: "secret".to_owned(), realm: None, auth_username: None }
    }

    #[test]
    fn a_challenge_as_rfc_7616_writes_it_can_be_read() {
        let mut message =
            response(401, "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", algorithm=SHA-256, qop=\"auth,auth-int\"\r\n");
        incoming(&mut message);
        let SipMessage::Response(response) = message else { panic!("a response") };
        assert_eq!(realm(&response).as_deref(), Some("pbx"));
        let challenge = Nonce::of(&response).expect("a challenge").challenge;
        assert_eq!((challenge.algorithm, challenge.qop.is_some()), (Some(Algorithm::Sha256), true));
    }

    #[test]
    fn protection_is_chosen_from_what_is_offered() {
        let offered = ["\"auth\"", "auth", "\"auth-int, auth\"", "auth,auth-int", "\"auth-int ,auth\"", "\"auth-int\""];
        let chosen = offered.map(|qop| protection(&format!("Digest realm=\"pbx\", qop={qop}, nonce=\"n\"")));
        for text in &chosen[..5] {
            assert_eq!(text, "Digest realm=\"pbx\", qop=\"auth\", nonce=\"n\"");
        }
        assert!(chosen[5].contains("auth-int"), "{chosen:?}");
    }

    #[test]
    fn of_several_challenges_the_first_that_can_be_answered_counts() {
        let several = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"a\", algorithm=SHA-512-256, qop=\"auth\"\r\n\
                       WWW-Authenticate: Digest realm=\"pbx\", nonce=\"b\", algorithm=SHA-256, qop=\"auth\"\r\n\
                       WWW-Authenticate: Digest realm=\"pbx\", nonce=\"c\", algorithm=MD5, qop=\"auth\"\r\n";
        let mut message = response(401, several);
        incoming(&mut message);
        let SipMessage::Response(response) = message else { panic!("a response") };
        assert_eq!(Nonce::of(&response).expect("a challenge").challenge.nonce, "b");
    }

    proptest! {
        #[test]
        fn no_challenge_makes_it_panic(value in "[ -~]{0,120}", proxy in any::<bool>()) {
            let (code, name) = if proxy { (407, "Proxy-Authenticate") } else { (401, "WWW-Authenticate") };
            let text = format!("{name}: Digest {value}\r\n{name}: Digest realm=\"pbx\", nonce=\"n\"\r\n");
            let mut message = response(code, &text);
            incoming(&mut message);
            let SipMessage::Response(response) = message else { panic!("a response") };
            prop_assert!(realm(&response).is_some() && Nonce::of(&response).is_some());
        }
    }

    #[test]
    fn a_nonce_is_used_again_with_a_higher_count() {
        let SipMessage::Response(response) = response(407, "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"\r\n")
        else {
            panic!("a response")
        };
        let mut nonce = Nonce::of(&response).expect("a challenge");
        let mut early = bye("z9hG4bK1");
        nonce.authorise(&mut early, &credential());
        assert_eq!(authorization(&early), None, "nobody took it yet");
        nonce.accepted();
        let [mut first, mut again, mut second] = [bye("z9hG4bK2"), bye("z9hG4bK2"), bye("z9hG4bK3")];
        for request in [&mut first, &mut again, &mut second] {
            nonce.authorise(request, &credential());
        }
        let (first, again, second) = (authorization(&first), authorization(&again), authorization(&second));
        assert!(first.as_ref().is_some_and(|value| value.starts_with("Proxy Digest") && value.contains("nc=00000002")), "{first:?}");
        assert_eq!(first, again, "a retransmission is the same message");
        assert!(second.is_some_and(|value| value.contains("nc=00000003")));
    }

    /// RFC 7616, section 3.9.1, with its own numbers; there the URI is HTTP's, so only the parts that SIP shares.
    #[test]
    fn what_is_sent_has_the_names_of_rfc_7616() {
        let SipMessage::Response(challenged) =
            response(401, "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", algorithm=SHA256, qop=\"auth\"\r\n")
        else {
            panic!("a response")
        };
        let mut nonce = Nonce::of(&challenged).expect("a challenge");
        nonce.accepted();
        let mut request = bye("z9hG4bK4");
        nonce.authorise(&mut request, &credential());
        let mut message = SipMessage::Request(request);
        outgoing(&mut message);
        let text = message.to_string();
        assert!(text.contains("algorithm=SHA-256") && text.contains("qop=auth,") && !text.contains("qop=\""), "{text}");
    }
}
