//! A transfer (REFER, RFC 3515): the bot hands the call over to somebody else.

use std::time::Duration;

use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, StatusCode};
use tokio::time::timeout;

use super::refusal::header;

/// A NOTIFY that is not answered must not hold anything up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who the caller is referred to: the URI of `Refer-To`, without the angle brackets and a display name.
pub(super) fn refer_to(request: &Request) -> Option<String> {
    let value = header(request, "Refer-To").or_else(|| header(request, "r"))?;
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>')?.0,
        None => value.split(';').next()?,
    };
    (!uri.trim().is_empty()).then(|| uri.trim().to_owned())
}

/// Whether the bot wants to know how the transfer goes (RFC 4488).
pub(super) fn wants_progress(request: &Request) -> bool {
    header(request, "Refer-Sub").is_none_or(|value| !value.eq_ignore_ascii_case("false"))
}

/// Tells the bot how its transfer goes; with `over` for the last time.
pub(super) async fn notify(dialog: &InviteDialog, status: StatusCode, over: bool) {
    let state = if over { "terminated;reason=noresource" } else { "active;expires=60" };
    let headers =
        vec![Header::Event("refer".into()), Header::SubscriptionState(state.into()), Header::ContentType("message/sipfrag".into())];
    let body = format!("SIP/2.0 {} {}\r\n", status.code(), status.text()).into_bytes();
    match timeout(PATIENCE, dialog.notify(Some(headers), Some(body))).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the transfer's progress could not be sent"),
        Err(_) => tracing::debug!("the transfer's progress was not taken in time"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsipstack::sip::SipMessage;

    use super::*;

    fn refer(headers: &str) -> Request {
        let text = format!(
            "REFER sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n\
             Call-ID: x\r\nCSeq: 3 REFER\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()).expect("a request") {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => unreachable!("a request"),
        }
    }

    #[test]
    fn the_target_is_found_in_every_form() {
        let cases = [
            ("Refer-To: <sip:human@example.com>\r\n", Some("sip:human@example.com")),
            (
                "Refer-To: \"Front desk\" <sip:human@example.com;transport=tcp>;method=INVITE\r\n",
                Some("sip:human@example.com;transport=tcp"),
            ),
            ("Refer-To: sip:human@example.com\r\n", Some("sip:human@example.com")),
            ("r: <tel:+15550100>\r\n", Some("tel:+15550100")),
            ("", None),
        ];
        for (headers, expected) in cases {
            assert_eq!(refer_to(&refer(headers)).as_deref(), expected, "{headers}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "[ -~]{0,60}") {
            let text = format!("Refer-To: {value}\r\n");
            if let Some(uri) = refer_to(&refer(&text)) {
                prop_assert!(value.contains(&uri));
            }
        }
    }

    #[test]
    fn a_bot_may_want_no_progress() {
        assert!(wants_progress(&refer("")));
        assert!(!wants_progress(&refer("Refer-Sub: false\r\n")));
    }
}
