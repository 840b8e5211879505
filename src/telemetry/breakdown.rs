//! Where the time of a turn went.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::report::{Stage, ToolCall};
use crate::time::nanos;

/// The time from the caller's last speech sample to the bot's first, by stage. A stage without data is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breakdown {
    /// Round trip of the network.
    #[serde(rename = "network_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub network: Option<SignedDuration>,
    /// The caller's last speech sample to the bot's decision that the caller has finished.
    #[serde(rename = "endpointing_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub endpointing: Option<SignedDuration>,
    /// End of speech to final transcript; runs at the same time as [`Breakdown::endpointing`].
    #[serde(rename = "stt_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub stt: Option<SignedDuration>,
    /// Request to first token, of all requests of the turn together.
    #[serde(rename = "llm_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub llm: Option<SignedDuration>,
    /// Request to first sound of the turn's first sentence.
    #[serde(rename = "tts_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub tts: Option<SignedDuration>,
    /// How long the onset waited to be played after its packet had arrived.
    #[serde(rename = "playout_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub playout: Option<SignedDuration>,
    /// What is left of the measured latency; negative where stages overlap. See [`Breakdown::rest_of`].
    #[serde(rename = "unexplained_ns", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub unexplained: Option<SignedDuration>,
}

impl Breakdown {
    /// The time of one stage.
    pub fn stage(&self, stage: Stage) -> Option<SignedDuration> {
        match stage {
            Stage::Network => self.network,
            Stage::Endpointing => self.endpointing,
            Stage::Stt => self.stt,
            Stage::Llm => self.llm,
            Stage::Tts => self.tts,
            Stage::Playout => self.playout,
        }
    }

    /// Every stage with data, in the order of [`Stage::ALL`].
    pub fn stages(&self) -> impl Iterator<Item = (Stage, SignedDuration)> {
        Stage::ALL.into_iter().filter_map(|stage| Some((stage, self.stage(stage)?)))
    }

    /// The stage that took longest; the earlier one where two took the same.
    pub fn largest(&self) -> Option<(Stage, SignedDuration)> {
        self.stages().fold(None, |largest, next| match largest {
            Some((_, time)) if time >= next.1 => largest,
            _ => Some(next),
        })
    }

    /// What is left of `latency` without the stages; `None` where the bot itself reported no stage.
    ///
    /// End of turn detection and speech to text both count from the end of the caller's speech and run at the same time:
    /// the longer of the two is taken off. All other stages follow one another.
    pub fn rest_of(&self, latency: SignedDuration) -> Option<SignedDuration> {
        let reported = [self.endpointing, self.stt, self.llm, self.tts];
        reported.iter().flatten().next()?;
        let parts = [self.network, self.endpointing.max(self.stt), self.llm, self.tts, self.playout];
        Some(parts.into_iter().flatten().fold(latency, SignedDuration::saturating_sub))
    }
}

/// How the telemetry of a turn came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sources {
    /// Messages over the call's data channel or socket: RTVI, OpenAI-Realtime events.
    pub rtvi: bool,
    /// OpenTelemetry spans.
    pub otlp: bool,
    /// Spans of two calls fell into the turn, and it is unknown which belong to this one: none of them counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ambiguous: bool,
    /// The spans continue the call's own trace, of its `traceparent`; otherwise they were joined by time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub traceparent: bool,
}

/// The bot's telemetry of one turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnTelemetry {
    /// Where the time went.
    pub breakdown: Breakdown,
    /// The functions that the bot called, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// What the bot heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_text: Option<String>,
    /// What the bot says that it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_text: Option<String>,
    /// Where all this comes from.
    pub source: Sources,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> Option<SignedDuration> {
        Some(SignedDuration::from_millis(millis))
    }

    #[test]
    fn the_largest_stage_is_the_one_to_look_at() {
        let breakdown = Breakdown { endpointing: ms(400), llm: ms(700), tts: ms(700), unexplained: ms(900), ..Breakdown::default() };
        assert_eq!(breakdown.largest(), Some((Stage::Llm, SignedDuration::from_millis(700))));
        assert_eq!(Breakdown::default().largest(), None);
    }

    #[test]
    fn the_rest_takes_off_the_longer_of_endpointing_and_transcription() {
        let breakdown = Breakdown { network: ms(40), endpointing: ms(400), stt: ms(300), llm: ms(200), ..Breakdown::default() };
        assert_eq!(breakdown.rest_of(SignedDuration::from_millis(1000)), ms(360));
    }

    #[test]
    fn without_a_word_from_the_bot_there_is_no_rest() {
        let breakdown = Breakdown { network: ms(40), playout: ms(60), ..Breakdown::default() };
        assert_eq!(breakdown.rest_of(SignedDuration::from_millis(1000)), None);
    }

    #[test]
    fn no_data_is_left_out_of_json() {
        let telemetry = TurnTelemetry { breakdown: Breakdown { llm: ms(300), ..Breakdown::default() }, ..TurnTelemetry::default() };
        let text = serde_json::to_string(&telemetry).unwrap();
        insta::assert_snapshot!(text, @r#"{"breakdown":{"llm_ns":300000000},"source":{"rtvi":false,"otlp":false}}"#);
        assert_eq!(serde_json::from_str::<TurnTelemetry>(&text).unwrap(), telemetry);
        assert_eq!(serde_json::from_str::<TurnTelemetry>("{}").unwrap(), TurnTelemetry::default());
    }
}
