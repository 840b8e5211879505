//! What came from the bot and was not used: a bot that speaks and is not heard must learn why.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use crate::lock::lock;

/// More different reasons than this are not kept: a peer can make up any number of them.
const MOST_REASONS: usize = 20;

/// Counts what was ignored, by reason.
#[derive(Debug, Default)]
pub(crate) struct Ignored(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    reasons: BTreeMap<String, u64>,
    senders: BTreeMap<(SocketAddr, String), Foreign>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Foreign {
    packets: u64,
    nanos: i64,
}

impl Ignored {
    /// One more thing that was ignored for this reason, a whole sentence.
    pub fn count(&self, reason: &str) {
        let mut counts = lock(&self.0);
        if let Some(count) = counts.reasons.get_mut(reason) {
            *count += 1;
        } else if counts.reasons.len() < MOST_REASONS {
            counts.reasons.insert(reason.to_owned(), 1);
        }
    }

    /// A packet of audio from this address, so many nanoseconds long; `why` ends a sentence after "because".
    pub fn audio(&self, from: SocketAddr, nanos: i64, why: &str) {
        let mut counts = lock(&self.0);
        let key = (from, why.to_owned());
        if counts.senders.contains_key(&key) || counts.senders.len() < MOST_REASONS {
            let foreign = counts.senders.entry(key).or_default();
            foreign.packets += 1;
            foreign.nanos += nanos;
        }
    }

    /// Everything that was ignored, one sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let counts = lock(&self.0);
        let audio = counts.senders.iter().map(|((from, why), foreign)| {
            let seconds = foreign.nanos as f64 / 1e9;
            let packets = if foreign.packets == 1 { "1 packet".to_owned() } else { format!("{} packets", foreign.packets) };
            format!("{seconds:.1} s of audio ({packets}) came from {from} and was ignored because {why}")
        });
        let others = counts.reasons.iter().map(|(reason, count)| match count {
            1 => reason.clone(),
            count => format!("{reason} ({count} times)"),
        });
        audio.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_by_sender_and_reason_within_bounds() {
        let ignored = Ignored::default();
        let from = |port| SocketAddr::from(([10, 0, 0, 9], port));
        (0..200).for_each(|_| ignored.audio(from(4002), 20_000_000, "the bot's audio comes from 10.0.0.5:4000"));
        ignored.audio(from(4003), 20_000_000, "the bot's audio comes from 10.0.0.5:4000");
        ignored.count("one thing came");
        (0..3).for_each(|_| ignored.count("another thing came"));
        insta::assert_snapshot!(ignored.sentences().join("\n"), @"
        4.0 s of audio (200 packets) came from 10.0.0.9:4002 and was ignored because the bot's audio comes from 10.0.0.5:4000
        0.0 s of audio (1 packet) came from 10.0.0.9:4003 and was ignored because the bot's audio comes from 10.0.0.5:4000
        another thing came (3 times)
        one thing came
        ");
        (0..1000).for_each(|k| ignored.count(&format!("reason {k}")));
        (0..1000).for_each(|port| ignored.audio(from(port), 0, "none"));
        assert_eq!(ignored.sentences().len(), 2 * MOST_REASONS);
    }
}
