//! The way of a call's events to whoever follows it.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::CallEvent;

/// Hands events in, in the order in which they happened. Audio wakes nobody: it comes fifty times a second and is looked at in its own time.
#[derive(Clone, Debug)]
pub struct EventSender {
    queue: mpsc::UnboundedSender<CallEvent>,
    news: Arc<News>,
}

/// Dropped with the last sender, which is news too.
#[derive(Debug)]
struct News(Arc<Notify>);

impl EventSender {
    /// Hands an event in.
    ///
    /// # Errors
    /// Nobody follows the call any more.
    pub fn send(&self, event: CallEvent) -> Result<(), mpsc::error::SendError<CallEvent>> {
        let is_news = !matches!(event, CallEvent::Media(_));
        self.queue.send(event)?;
        if is_news {
            self.news.0.notify_one();
        }
        Ok(())
    }

    /// Whether nobody follows the call any more.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Is notified of everything but audio, and of the end of all senders.
    pub fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news.0)
    }
}

impl From<mpsc::UnboundedSender<CallEvent>> for EventSender {
    fn from(queue: mpsc::UnboundedSender<CallEvent>) -> Self {
        Self { queue, news: Arc::new(News(Arc::default())) }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::CallTime;

    #[tokio::test]
    async fn everything_but_audio_is_news() {
        let (queue, mut events) = mpsc::unbounded_channel();
        let sender = EventSender::from(queue);
        let news = sender.news();
        let waits = || tokio::time::timeout(std::time::Duration::ZERO, news.notified());
        let audio = crate::media::MediaFrame {
            arrival: CallTime::DIAL,
            received: CallTime::DIAL,
            ssrc: 1,
            sequence: 1,
            timestamp: 1,
            marker: false,
            samples: vec![0; 160],
        };
        sender.send(CallEvent::Media(audio)).expect("a follower");
        assert!(waits().await.is_err());
        sender.send(CallEvent::Digit(CallTime::DIAL, '5')).expect("a follower");
        assert!(waits().await.is_ok());
        assert!(matches!([events.try_recv(), events.try_recv()], [Ok(CallEvent::Media(_)), Ok(CallEvent::Digit(..))]));
        drop(sender.clone());
        assert!(waits().await.is_err());
        drop(sender);
        assert!(waits().await.is_ok() && events.try_recv().is_err());
    }
}
