//! `language`: what the bot speaks, and which matchers know it.

use super::decode::Decoder;
use super::problem::Problem;
use super::yaml::Node;

/// What the bot speaks, as a tag of BCP 47: `en`, `de-AT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language(String);

impl Default for Language {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl Language {
    pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<Self> {
        let text = decoder.text(node)?;
        let mut parts = text.split('-');
        let primary = parts.next().is_some_and(|p| matches!(p.len(), 2 | 3) && p.bytes().all(|b| b.is_ascii_alphabetic()));
        let rest = parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        if primary && rest {
            return Some(Self(text));
        }
        decoder.problem(
            Problem::new(node.location, format!("`{text}` is not a language")).help("write its tag, such as `en`, `de` or `pt-BR`"),
        );
        None
    }

    /// Numbers, dates, units and negations of this language are understood.
    fn is_english(&self) -> bool {
        self.primary() == "en"
    }

    fn primary(&self) -> String {
        self.0.split('-').next().unwrap_or_default().to_ascii_lowercase()
    }

    fn name(&self) -> String {
        let name = match self.primary().as_str() {
            "ar" => "Arabic",
            "da" => "Danish",
            "de" => "German",
            "es" => "Spanish",
            "fr" => "French",
            "hi" => "Hindi",
            "it" => "Italian",
            "ja" => "Japanese",
            "ko" => "Korean",
            "nl" => "Dutch",
            "pl" => "Polish",
            "pt" => "Portuguese",
            "tr" => "Turkish",
            "zh" => "Chinese",
            _ => return format!("the language `{}`", self.0),
        };
        name.to_owned()
    }

    /// Reports a matcher that would judge a language by the rules of English.
    pub(super) fn check_matcher(&self, decoder: &mut Decoder<'_>, kind: &str, node: &Node) {
        if self.is_english() {
            return;
        }
        let problem = Problem::new(node.location, format!("`{kind}` does not know the numbers, dates and negations of {}", self.name()));
        decoder.problem(problem.help("use `contains`, `matches` or `exact`, which compare words in any language"));
    }
}
