//! What one SIP call's media is agreed on (RFC 3264): makes the offer, takes the answer, answers what is offered later.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::sdp::{self, Description, Direction, Setup};
use crate::codec::Codec;
use crate::lock::lock;
use crate::rtp::dtls::Handshake;
use crate::rtp::{Keys, RtpSender, RtpSession};
use crate::scenario::{DigitMode, SipTarget, Srtp};
use crate::transport::{DialError, SentDigits};

/// The media of one call.
#[derive(Debug)]
pub(crate) struct CallMedia {
    session: RtpSession,
    codecs: Vec<Codec>,
    ptime: u32,
    srtp: Srtp,
    dtmf: DigitMode,
    offer: Description,
    version: AtomicU32,
    /// Where the other side reaches this machine, if that is not where it is.
    public_address: Option<IpAddr>,
    agreed: Mutex<Agreed>,
}

/// What the peer has agreed to so far.
#[derive(Debug, Default)]
struct Agreed {
    codec: Option<Codec>,
    /// Its last description.
    peer: Option<Description>,
    /// The last description of ours.
    own: Option<Description>,
    /// The DTLS handshake has been begun: there is one association per call.
    shaking: bool,
    /// An offer of the peer's came before the answer to the INVITE, whose description is then an old one.
    renewed: bool,
}

impl CallMedia {
    /// Binds ports for a call to this target, whose signalling comes from `peer`.
    ///
    /// # Errors
    /// No free ports.
    pub fn bind(ip: IpAddr, peer: IpAddr, target: &SipTarget) -> Result<Self, DialError> {
        let session = RtpSession::bind(ip).map_err(|error| DialError::local("no UDP ports for RTP", error))?;
        let local = session.local_addr().map_err(|error| DialError::local("no RTP port", error))?;
        let local = target.seen_from_outside(local);
        let offer = sdp::offered(local, &target.codecs, target.ptime, target.srtp).map_err(|why| DialError::local("no offer", why))?;
        session.expect(offer.formats.clone());
        target.media_from.iter().copied().chain([peer]).for_each(|address| session.also_from(address));
        if target.srtp != Srtp::Off {
            session.secure();
        }
        let version = AtomicU32::new(2);
        let (codecs, agreed) = (target.codecs.clone(), Mutex::default());
        Ok(Self {
            session,
            codecs,
            ptime: target.ptime,
            srtp: target.srtp,
            dtmf: target.dtmf,
            offer,
            version,
            public_address: target.public_address,
            agreed,
        })
    }

    /// The ports and streams.
    pub fn session(&self) -> &RtpSession {
        &self.session
    }

    /// The offer, as the INVITE carries it.
    pub fn offer(&self) -> Vec<u8> {
        self.offer.text(1).into_bytes()
    }

    /// How digits are sent.
    pub fn digit_mode(&self) -> DigitMode {
        self.dtmf
    }

    /// A provisional response's body (183): early media has an address and keys. What cannot be used is reported with the answer.
    pub fn early(&self, body: &[u8]) {
        if let Ok(peer) = sdp::parse(body) {
            let _later = self.take(&peer, &self.offer);
        }
    }

    /// Takes the answer and gives the sender of the caller's stream.
    ///
    /// # Errors
    /// Why the answer cannot be used, in one sentence.
    pub async fn answer(&self, body: &[u8]) -> Result<(Codec, RtpSender), String> {
        // A reliable 183 may have carried the only answer (RFC 3262, section 5).
        let (known, renewed) = {
            let agreed = self.agreed();
            (agreed.peer.clone(), agreed.renewed)
        };
        let peer = match known {
            Some(peer) if renewed || body.is_empty() => peer,
            _ => sdp::parse(body)?,
        };
        let (codec, number) = if renewed { sdp::chosen(&self.codecs, &peer)? } else { self.take(&peer, &self.offer)? };
        self.shake_hands(&peer).await?;
        let plan = peer.outgoing(codec, number, self.ptime);
        let sender = self.session.send(plan).map_err(|error| format!("no RTP sender ({error})"))?;
        Ok((codec, sender))
    }

    /// Answers an offer inside the dialog (re-INVITE, UPDATE): media may move, go on hold, change its codec.
    ///
    /// # Errors
    /// Why it cannot be answered, in one sentence.
    pub fn answer_again(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        let local = self.session.local_addr().map_err(|error| error.to_string())?;
        let local = SocketAddr::new(self.public_address.unwrap_or(local.ip()), local.port());
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        let peer = sdp::parse(body)?;
        let own = self.own_answer(&peer, sdp::answer_to(&peer, local, &self.codecs)?);
        self.expected_security(&peer)?;
        let (codec, number) = sdp::chosen(&self.codecs, &peer)?;
        self.session.expect(own.formats.or(&self.offer.formats));
        self.session.set_remote(peer.address, peer.rtcp_destination());
        if let (Srtp::Sdes, Some(line), Some(theirs)) = (self.srtp, own.crypto.first(), peer.crypto.first()) {
            self.session.set_keys(Keys { suite: line.suite, local: line.key.clone(), remote: theirs.key.clone() })?;
        }
        self.session.retarget(peer.outgoing(codec, number, self.ptime));
        let mut agreed = self.agreed();
        (agreed.codec, agreed.peer, agreed.own, agreed.renewed) = (Some(codec), Some(peer), Some(own.clone()), true);
        Ok(own.text(version).into_bytes())
    }

    /// The call goes on elsewhere, on the same ports (a transfer that was followed): another answer to the first offer.
    ///
    /// # Errors
    /// Why the answer cannot be used, in one sentence.
    pub fn moved(&self, body: &[u8]) -> Result<(), String> {
        self.retake(body, &self.offer)
    }

    /// The offer to a peer that asks for one (RFC 3261, section 14.2): whoever was on hold may talk again.
    pub fn offer_to_talk(&self) -> Vec<u8> {
        self.offer_again(Some(Direction::SendRecv))
    }

    /// The offer that changes nothing.
    pub fn offer_as_before(&self) -> Vec<u8> {
        self.offer_again(None)
    }

    fn offer_again(&self, direction: Option<Direction>) -> Vec<u8> {
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        let mut agreed = self.agreed();
        let mut own = agreed.own.clone().unwrap_or_else(|| self.offer.clone());
        own.direction = direction.unwrap_or(own.direction);
        let text = own.text(version).into_bytes();
        agreed.own = Some(own);
        text
    }

    /// Takes the answer to an offer that was made inside the dialog.
    ///
    /// # Errors
    /// Why it cannot be used, in one sentence.
    pub fn answered(&self, body: &[u8]) -> Result<(), String> {
        let offered = self.agreed().own.clone().unwrap_or_else(|| self.offer.clone());
        self.retake(body, &offered)
    }

    fn retake(&self, body: &[u8], offered: &Description) -> Result<(), String> {
        let peer = sdp::parse(body)?;
        let (codec, number) = self.take(&peer, offered)?;
        self.session.retarget(peer.outgoing(codec, number, self.ptime));
        Ok(())
    }

    /// Keys that both sides have already go on: what is on its way was made with them.
    fn own_answer(&self, peer: &Description, fresh: Description) -> Description {
        let agreed = self.agreed();
        let before = agreed.own.as_ref().unwrap_or(&self.offer);
        let same = fresh.crypto.first().zip(agreed.peer.as_ref().and_then(|peer| peer.crypto.first()));
        let mut own = fresh.clone();
        if let Some((line, last)) = same
            && peer.crypto.first().is_some_and(|now| now.key == last.key)
            && let Some(kept) = before.crypto.iter().find(|kept| kept.suite == line.suite)
        {
            own.crypto = vec![sdp::CryptoLine { tag: line.tag, ..kept.clone() }];
        }
        if own.setup.is_some() && agreed.shaking {
            // One association per call: the side that began it keeps its role.
            own.setup = agreed.peer.as_ref().and_then(|peer| peer.setup).map(|theirs| match theirs {
                Setup::Active => Setup::Passive,
                Setup::Passive | Setup::ActPass => Setup::Active,
            });
        }
        own
    }

    /// Takes what the answer to this offer says of address, codec and keys.
    fn take(&self, peer: &Description, offered: &Description) -> Result<(Codec, u8), String> {
        self.expected_security(peer)?;
        let (codec, number) = sdp::chosen(&self.codecs, peer)?;
        self.session.expect(offered.formats.or(&peer.formats));
        self.session.set_remote(peer.address, peer.rtcp_destination());
        if self.srtp == Srtp::Sdes {
            self.session.set_keys(self.keys(peer, offered)?)?;
        }
        let mut agreed = self.agreed();
        (agreed.codec, agreed.peer) = (Some(codec), Some(peer.clone()));
        Ok((codec, number))
    }

    /// The key of the offered line that the peer accepts, and the peer's (RFC 4568, section 7.1.3).
    fn keys(&self, peer: &Description, offered: &Description) -> Result<Keys, String> {
        let pair = peer.crypto.iter().find_map(|theirs| Some((theirs, offered.crypto.iter().find(|line| line.tag == theirs.tag)?)));
        let (theirs, ours) =
            pair.filter(|(theirs, ours)| theirs.suite == ours.suite).ok_or("its SDP accepts none of the offered keys (a=crypto)")?;
        let accepted = Description { crypto: vec![ours.clone()], ..offered.clone() };
        self.agreed().own = Some(accepted);
        Ok(Keys { suite: ours.suite, local: ours.key.clone(), remote: theirs.key.clone() })
    }

    /// Media is encrypted as the target says, or the call fails.
    fn expected_security(&self, peer: &Description) -> Result<(), String> {
        let asked = match self.srtp {
            Srtp::Off if !peer.profile.is_secure() => return Ok(()),
            Srtp::Off => return Err(format!("its audio is SRTP ({}), which was not offered; set `sip.srtp=sdes`", peer.profile.name())),
            Srtp::Sdes => "sdes",
            Srtp::Dtls => "dtls",
        };
        if !peer.profile.is_secure() {
            return Err(format!("its audio is plain {}, and the target asks for encryption (`srtp: {asked}`)", peer.profile.name()));
        }
        match (self.srtp, peer.crypto.is_empty(), &peer.fingerprint) {
            (Srtp::Sdes, true, _) => Err("its SDP has no key (a=crypto) that goldencall can use".to_owned()),
            (Srtp::Dtls, _, None) => Err("its SDP has no certificate fingerprint (a=fingerprint)".to_owned()),
            _ => Ok(()),
        }
    }

    async fn shake_hands(&self, peer: &Description) -> Result<(), String> {
        let (Srtp::Dtls, Some(fingerprint)) = (self.srtp, peer.fingerprint.clone()) else { return Ok(()) };
        if std::mem::replace(&mut self.agreed().shaking, true) {
            return Ok(());
        }
        let role = peer.setup.unwrap_or(Setup::Active).other_role();
        self.session.agree(Handshake::new(role, fingerprint)?).await
    }

    /// That the bot does not listen, where its last SDP says so; the caller's audio is not sent then.
    pub fn deaf(&self) -> Option<String> {
        let agreed = self.agreed();
        let direction = agreed.peer.as_ref().map(|peer| peer.direction).filter(|direction| !direction.listens())?;
        let name = Direction::NAMES.iter().find(|(_, known)| *known == direction).map_or("", |(name, _)| *name);
        Some(format!("the bot's SDP says `a={name}`: it does not listen, so that the caller's audio was not sent"))
    }

    /// Sends digits as telephone events.
    ///
    /// # Errors
    /// The peer takes none, or the call is over.
    pub async fn press(&self, digits: &str) -> Result<SentDigits, String> {
        let events = {
            let agreed = self.agreed();
            agreed.codec.zip(agreed.peer.as_ref()).and_then(|(codec, peer)| peer.outgoing(codec, 0, self.ptime).events)
        };
        if events.is_none() {
            return Err("the bot's SDP takes no digits as RTP (telephone-event); try `sip.dtmf=info`".to_owned());
        }
        self.session.press(digits).await
    }

    fn agreed(&self) -> MutexGuard<'_, Agreed> {
        lock(&self.agreed)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn media(target: &SipTarget) -> CallMedia {
        CallMedia::bind(IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 1]), target).expect("ports")
    }

    fn target(srtp: Srtp) -> SipTarget {
        SipTarget { srtp, ..SipTarget::new("sip:bot@127.0.0.1") }
    }

    fn peer(media: &CallMedia) -> Description {
        let offer = sdp::parse(&media.offer()).expect("offer");
        sdp::answer_to(&offer, SocketAddr::from(([127, 0, 0, 1], 4000)), &[Codec::Pcmu]).expect("answer")
    }

    async fn refused(media: &CallMedia, answer: &Description) -> String {
        media.answer(answer.text(1).as_bytes()).await.err().expect("an error")
    }

    #[tokio::test]
    async fn encryption_is_never_given_up_in_silence() {
        let mut said = Vec::new();
        for srtp in [Srtp::Sdes, Srtp::Dtls] {
            let media = media(&target(srtp));
            let answer = peer(&media);
            said.push(refused(&media, &Description { profile: sdp::Profile::Avp, ..answer.clone() }).await);
            said.push(refused(&media, &Description { crypto: Vec::new(), fingerprint: None, ..answer.clone() }).await);
            let stray = answer.crypto.iter().map(|line| sdp::CryptoLine { tag: 99, ..line.clone() }).collect();
            if srtp == Srtp::Sdes {
                said.push(refused(&media, &Description { crypto: stray, ..answer }).await);
            }
        }
        let media = media(&target(Srtp::Off));
        said.push(refused(&media, &Description { profile: sdp::Profile::Savp, ..peer(&media) }).await);
        insta::assert_snapshot!(said.join("\n"));
    }

    #[tokio::test]
    async fn digits_need_a_peer_that_takes_them() {
        let media = media(&target(Srtp::Off));
        let answer = peer(&media);
        let formats = answer.formats.iter().filter(|(number, _)| *number == 0).collect();
        let bare = Description { formats, ..answer };
        media.answer(bare.text(1).as_bytes()).await.expect("a sender");
        assert!(media.press("1").await.is_err_and(|why| why.contains("sip.dtmf=info")));
    }

    #[tokio::test]
    async fn a_hold_and_its_end_are_answered() {
        let media = media(&target(Srtp::Sdes));
        let answer = peer(&media);
        media.answer(answer.text(1).as_bytes()).await.expect("a sender");
        let held = Description { direction: sdp::Direction::SendOnly, ..answer.clone() };
        let own = sdp::parse(&media.answer_again(held.text(2).as_bytes()).expect("an answer")).expect("SDP");
        assert_eq!((own.direction, own.crypto.len(), own.profile), (sdp::Direction::RecvOnly, 1, sdp::Profile::Savp));
        assert!(media.deaf().is_some_and(|why| why.starts_with("the bot's SDP says `a=sendonly`")));
        let first = sdp::parse(&media.offer()).expect("offer");
        assert_eq!(own.crypto[0].key, first.crypto[0].key, "the key goes on");
        let again = sdp::parse(&media.answer_again(answer.text(3).as_bytes()).expect("an answer")).expect("SDP");
        assert_eq!((again.direction, media.deaf()), (sdp::Direction::SendRecv, None));
        assert_eq!(sdp::parse(&media.offer_to_talk()).expect("SDP").crypto, again.crypto);
        let plain = Description { profile: sdp::Profile::Avp, ..answer };
        assert!(media.answer_again(plain.text(4).as_bytes()).is_err());
    }
}
