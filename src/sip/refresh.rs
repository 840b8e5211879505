//! Refreshing an answered call's session (RFC 4028): by UPDATE where the peer takes it, by re-INVITE otherwise.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Response, StatusCode, StatusCodeKind};
use tokio::time::sleep;

use super::call::{Leg, SipCall, refresh_target};
use super::refusal::phrase;
use super::session_timer::SessionTimer;
use crate::transport::{CallEvent, quote};

/// How often a refresh that crosses a request of the peer's is tried.
const ATTEMPTS: usize = 3;

impl SipCall {
    /// The session timer ran out: the caller refreshes, or the peer has not.
    pub async fn timed_out(self: Arc<Self>, leg: Leg, timer: SessionTimer) {
        let why = if timer.ours {
            match self.refresh(&leg, timer).await {
                Ok(()) => return,
                Err(why) => why,
            }
        } else {
            format!("the bot did not refresh the session of {} s (RFC 4028)", timer.interval.as_secs())
        };
        if !self.is_over() {
            self.send(CallEvent::Broken(self.first.dial.clock.now(), why));
        }
    }

    async fn refresh(&self, leg: &Leg, timer: SessionTimer) -> Result<(), String> {
        let dialog = &leg.dialog;
        let mut headers = timer.request_headers();
        let response = if leg.update {
            update(dialog, headers).await
        } else {
            headers.push(Header::ContentType("application/sdp".into()));
            dialog.reinvite_with_glare_retry(Some(headers), Some(self.media().offer_as_before()), ATTEMPTS).await
        };
        let response = response.map_err(|error| format!("the session refresh failed: {error}"))?;
        let Some(response) = response else {
            // A dialog that has ended reports why itself.
            return if dialog.state().is_terminated() { Ok(()) } else { Err("the bot did not answer the session refresh".to_owned()) };
        };
        if response.status_code.kind() != StatusCodeKind::Successful {
            return Err(format!("the bot answered {} {} to the session refresh", response.status_code.code(), quote(phrase(&response))));
        }
        refresh_target(dialog, &response);
        if !response.body.is_empty() {
            self.media()
                .answered(&response.body)
                .map_err(|why| format!("the bot's answer to the session refresh cannot be used: {why}"))?;
        }
        // An answer without a session timer ends it.
        self.set_timer(SessionTimer::agreed(&response));
        Ok(())
    }
}

/// Whose Call-ID it is waits longer where two requests cross (RFC 3261, section 14.1).
async fn update(dialog: &InviteDialog, headers: Vec<Header>) -> rsipstack::Result<Option<Response>> {
    let mut response = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            sleep(Duration::from_millis(2100 + u64::from(rand::random::<u16>()) % 1900)).await;
        }
        response = dialog.update(Some(headers.clone()), None).await?;
        if response.as_ref().is_none_or(|response| response.status_code != StatusCode::RequestPending) {
            break;
        }
    }
    Ok(response)
}
