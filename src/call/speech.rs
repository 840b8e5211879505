//! The bot's speech so far, in order of onset.

use std::time::Duration;

use super::io::SpeechEdge;
use super::verdict::{Utterance, join_texts};
use crate::time::{CallTime, Span};

/// A sound without words that lasts longer than this is speech that was not understood.
const LONGEST_NOISE: Duration = Duration::from_millis(600);

/// Whether a stretch of speech may turn out to be noise.
pub(super) fn may_be_noise(span: Span) -> bool {
    is_noise(span, "")
}

/// A short sound taken for speech in which the recogniser heard no words: a click, a breath.
pub(super) fn is_noise(span: Span, text: &str) -> bool {
    text.trim().is_empty() && span.end.saturating_since(span.start) <= LONGEST_NOISE
}

/// One speech segment, complete once it has an end and a text.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub onset: CallTime,
    pub end: Option<CallTime>,
    pub text: Option<String>,
    /// Nobody asked for its words.
    pub untranscribed: bool,
}

impl Segment {
    fn is_pending(&self) -> bool {
        self.end.is_some() && self.text.is_none()
    }

    /// Whether this is known not to be speech.
    pub fn is_noise(&self) -> bool {
        let heard = self.end.zip(self.text.as_deref());
        heard.is_some_and(|(end, text)| is_noise(Span { start: self.onset, end }, text))
    }

    /// The finished utterance; a segment cut off by the end of the call ends there.
    pub fn utterance(&self, call_end: CallTime) -> Utterance {
        let span = Span { start: self.onset, end: self.end.unwrap_or(call_end) };
        Utterance { span, text: self.text.clone().unwrap_or_default(), untranscribed: self.untranscribed }
    }
}

/// Every segment of the call.
#[derive(Clone, Debug, Default)]
pub(super) struct SpeechHistory {
    segments: Vec<Segment>,
}

impl SpeechHistory {
    pub fn edge(&mut self, edge: SpeechEdge) {
        match edge {
            SpeechEdge::Started { onset } => self.open(onset),
            SpeechEdge::Ended { onset, end } => {
                self.open(onset);
                if let Some(segment) = self.find(onset) {
                    segment.end = Some(end);
                }
            }
        }
    }

    pub fn transcript(&mut self, span: Span, text: String) {
        self.edge(SpeechEdge::Ended { onset: span.start, end: span.end });
        if let Some(segment) = self.find(span.start) {
            segment.text = Some(text);
        }
    }

    /// Speech without words that counts as speech.
    pub fn untranscribed(&mut self, span: Span) {
        self.transcript(span, String::new());
        if let Some(segment) = self.find(span.start) {
            segment.untranscribed = true;
        }
    }

    fn open(&mut self, onset: CallTime) {
        let at = self.segments.partition_point(|segment| segment.onset < onset);
        if self.segments.get(at).is_none_or(|segment| segment.onset != onset) {
            self.segments.insert(at, Segment { onset, end: None, text: None, untranscribed: false });
        }
    }

    fn find(&mut self, onset: CallTime) -> Option<&mut Segment> {
        self.segments.iter_mut().find(|segment| segment.onset == onset)
    }

    /// The words of the segment that began then.
    pub fn text_of(&self, onset: CallTime) -> &str {
        let segment = self.segments.iter().find(|segment| segment.onset == onset);
        segment.and_then(|segment| segment.text.as_deref()).unwrap_or_default().trim()
    }

    /// The segments whose onset lies in `[from, until)`.
    pub fn between(&self, from: CallTime, until: Option<CallTime>) -> &[Segment] {
        let start = self.segments.partition_point(|segment| segment.onset < from);
        let end = until.map_or(self.segments.len(), |until| self.segments.partition_point(|segment| segment.onset < until));
        self.segments.get(start..end).unwrap_or(&[])
    }

    /// Whether the bot is speaking now, as far as is known.
    pub fn speaking(&self) -> bool {
        self.segments.last().is_some_and(|segment| segment.end.is_none())
    }

    /// When the bot last fell silent.
    pub fn last_end(&self) -> Option<CallTime> {
        self.segments.iter().filter_map(|segment| segment.end).max()
    }

    /// When the bot fell silent after what it had begun before `onset`.
    pub fn last_end_before(&self, onset: CallTime) -> Option<CallTime> {
        let before = self.segments.iter().take_while(|segment| segment.onset < onset);
        before.filter_map(|segment| segment.end).max()
    }

    /// Ends what is still open at `end`, without words; where nothing more will come, what has no
    /// words yet stays without.
    pub fn close(&mut self, end: CallTime, for_good: bool) {
        for segment in &mut self.segments {
            if segment.end.is_none() {
                segment.end = Some(end.max(segment.onset));
                segment.text.get_or_insert_default();
            }
            if for_good {
                segment.text.get_or_insert_default();
            }
        }
    }
}

/// The segments of one turn.
pub(super) struct TurnSpeech<'a>(pub &'a [Segment]);

impl TurnSpeech<'_> {
    pub fn speaking(&self) -> bool {
        self.0.iter().any(|segment| segment.end.is_none())
    }

    pub fn pending(&self) -> bool {
        self.0.iter().any(Segment::is_pending)
    }

    pub fn first_onset(&self) -> Option<CallTime> {
        self.0.first().map(|segment| segment.onset)
    }

    /// The words of the segments that were over by then; without a bound, of all segments.
    pub fn text_until(&self, until: Option<CallTime>) -> String {
        let over = |segment: &&Segment| until.is_none_or(|until| segment.end.is_some_and(|end| end <= until));
        join_texts(self.0.iter().filter(over).filter_map(|segment| segment.text.as_deref()))
    }
}
