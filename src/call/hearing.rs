//! What is put down to the recogniser: the text alone cannot tell a misheard word from a wrong one, the audio can.
//!
//! Where words differ, the conversation asks what the audio says ([`Output::Ask`]) and waits for the answer as it waits for a
//! transcript. Answers are kept, so that the same question is asked once.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use super::io::{Answer, Output};
use crate::expect::{Doubt, Ear, Fit, HeardAs, Leniency, Matcher};
use crate::time::CallTime;

/// Why words of unequal sound were not forgiven where the recogniser cannot be asked.
const CANNOT_ASK: &str = "this recogniser cannot be asked whether the audio fits, so only words of equal sound are forgiven";

/// A doubt about the words of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    /// The onset of the segment.
    pub onset: CallTime,
    /// Its range lies in the text of the segment.
    pub doubt: Doubt,
}

/// The words of some segments, joined, and where each of them stands.
#[derive(Clone, Debug, Default)]
pub(super) struct HeardText {
    text: String,
    segments: Vec<(CallTime, Range<usize>)>,
}

impl HeardText {
    /// Joins the texts of segments, each with its onset, by single spaces.
    pub fn new<'a>(segments: impl IntoIterator<Item = (CallTime, &'a str)>) -> Self {
        let mut heard = Self::default();
        for (onset, text) in segments {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            if !heard.text.is_empty() {
                heard.text.push(' ');
            }
            let start = heard.text.len();
            heard.text.push_str(text);
            heard.segments.push((onset, start..heard.text.len()));
        }
        heard
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The question about the one segment that a doubt lies in; `None` where it lies across two, whose audio cannot be asked as
    /// one.
    fn question(&self, doubt: &Doubt) -> Option<Question> {
        let inside = |segment: &Range<usize>| segment.start <= doubt.heard.start && doubt.heard.end <= segment.end;
        let (onset, segment) = self.segments.iter().find(|(_, segment)| inside(segment))?;
        let heard = doubt.heard.start - segment.start..doubt.heard.end - segment.start;
        Some(Question { onset: *onset, doubt: Doubt { heard, expected: doubt.expected.clone() } })
    }
}

/// How an expectation came out.
pub(super) struct Heard {
    pub met: bool,
    pub reason: String,
    /// Answers of the audio were needed.
    pub asked: bool,
    /// What it still hangs on.
    pub open: Vec<Question>,
}

/// What decides whether words were misheard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    heard_as: HeardAs,
    /// The recogniser can be asked.
    pub can_ask: bool,
    /// `None`: asked and not answered yet.
    answers: HashMap<Question, Option<Answer>>,
}

impl Hearing {
    pub fn new(heard_as: HeardAs) -> Self {
        Self { heard_as, ..Self::default() }
    }

    /// Judges what was heard by all that is known of its audio; `strict`: by the text, and forgives nothing.
    pub fn judge(&self, matcher: &Matcher, strict: bool, heard: &HeardText) -> Heard {
        let asked = Cell::new(false);
        let answer = |doubt: &Doubt| {
            asked.set(true);
            self.answer_to(doubt, heard)
        };
        let judgement = matcher.judge(heard.as_str(), &self.leniency(self.ear(strict, &answer)));
        let mut reason = judgement.reason;
        if !judgement.met && !strict && !self.can_ask && self.would_ask(matcher, heard) {
            reason = format!("{reason}; {CANNOT_ASK}");
        }
        let open = if judgement.met { Vec::new() } else { judgement.doubts };
        let open = open.iter().filter_map(|doubt| heard.question(doubt)).collect();
        Heard { met: judgement.met, reason, asked: asked.get(), open }
    }

    /// Whether forbidden words were heard, by the text alone: what the audio merely allows was not said.
    pub fn forbids(&self, matcher: &Matcher, strict: bool, heard: &HeardText) -> bool {
        let ear = if strict { Ear::Strict } else { Ear::Text };
        matcher.judge(heard.as_str(), &self.leniency(ear)).met
    }

    fn ear<'a>(&self, strict: bool, answer: &'a dyn Fn(&Doubt) -> Option<Fit>) -> Ear<'a> {
        match (strict, self.can_ask) {
            (true, _) => Ear::Strict,
            (false, true) => Ear::Audio(answer),
            (false, false) => Ear::Text,
        }
    }

    fn leniency<'a>(&'a self, ear: Ear<'a>) -> Leniency<'a> {
        Leniency { ear, heard_as: Some(&self.heard_as) }
    }

    /// Whether the audio could have decided.
    fn would_ask(&self, matcher: &Matcher, heard: &HeardText) -> bool {
        !matcher.judge(heard.as_str(), &self.leniency(Ear::Audio(&|_| None))).doubts.is_empty()
    }

    fn answer_to(&self, doubt: &Doubt, heard: &HeardText) -> Option<Fit> {
        match heard.question(doubt) {
            None => Some(Fit::UNKNOWN),
            Some(question) => self.answers.get(&question)?.as_ref().map(|answer| answer.fit.unwrap_or(Fit::UNKNOWN)),
        }
    }

    /// What is to be asked, one output for each segment; nothing is asked twice. `text_of` gives the words of a segment.
    pub fn ask(&mut self, questions: Vec<Question>, text_of: impl Fn(CallTime) -> String) -> Vec<Output> {
        let mut outputs: Vec<Output> = Vec::new();
        for question in questions {
            if self.answers.contains_key(&question) {
                continue;
            }
            self.answers.insert(question.clone(), None);
            let Question { onset: at, doubt } = question;
            let same = outputs.iter_mut().find_map(|output| match output {
                Output::Ask { onset, doubts, .. } if *onset == at => Some(doubts),
                _ => None,
            });
            match same {
                Some(doubts) => doubts.push(doubt),
                None => outputs.push(Output::Ask { onset: at, heard: text_of(at), doubts: vec![doubt] }),
            }
        }
        outputs
    }

    /// Takes answers in.
    pub fn answered(&mut self, onset: CallTime, answers: &[Answer]) {
        for answer in answers {
            self.answers.insert(Question { onset, doubt: answer.doubt.clone() }, Some(answer.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_is_about_the_segment_that_it_lies_in() {
        let at = CallTime::from_millis;
        let heard = HeardText::new([(at(1), " You live "), (at(2), ""), (at(3), "in Austin.")]);
        assert_eq!(heard.as_str(), "You live in Austin.");
        let doubt = |heard: Range<usize>| Doubt { heard, expected: "Boston".to_owned() };
        assert_eq!(heard.question(&doubt(12..18)), Some(Question { onset: at(3), doubt: doubt(3..9) }));
        assert_eq!(heard.question(&doubt(0..3)), Some(Question { onset: at(1), doubt: doubt(0..3) }));
        // Across two segments, and beyond the text.
        assert_eq!([heard.question(&doubt(4..11)), heard.question(&doubt(12..99))], [None, None]);
    }

    #[test]
    fn what_has_been_asked_is_not_asked_again() {
        let at = CallTime::from_millis;
        let question =
            |onset, start| Question { onset: at(onset), doubt: Doubt { heard: start..start + 3, expected: "Boston".to_owned() } };
        let mut hearing = Hearing::default();
        let asked = hearing.ask(vec![question(1, 0), question(2, 0), question(1, 5)], |_| "words".to_owned());
        let doubts: Vec<_> = asked.iter().map(|output| matches!(output, Output::Ask { doubts, .. } if !doubts.is_empty())).collect();
        assert_eq!(doubts, [true, true]);
        assert!(hearing.ask(vec![question(1, 0), question(1, 5)], |_| String::new()).is_empty());
    }
}
