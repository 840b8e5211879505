//! The recogniser's vocabulary: token ids to text, and text to the token ids that the recogniser itself would write.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The space in the pieces of the vocabulary.
const SPACE: &str = "\u{2581}";

/// Ids below this are control tokens and the 256 bytes. The pieces of the bytes look like those of letters.
const FIRST_PIECE: usize = 259;
/// The id of byte 0.
const BYTES: u32 = 3;

/// The pieces of `tokenizer.bin`, by token id.
#[derive(Debug)]
pub struct Tokenizer {
    pieces: Vec<Vec<u8>>,
    /// The ids of the pieces that are text, made when the first text is cut up: most runs never do.
    ids: OnceLock<HashMap<Vec<u8>, u32>>,
}

impl Tokenizer {
    /// Reads `tokenizer.bin`: for each id in order the length of its piece (one byte, or two when
    /// the first is 128 or more: low seven bits, then high part; 0 = unused), then the piece.
    /// `None` when the file is cut off.
    pub fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut pieces = Vec::new();
        while let [first, rest @ ..] = bytes {
            let (length, rest) = match rest {
                [second, rest @ ..] if *first >= 128 => (usize::from(*second) * 128 + usize::from(*first) - 128, rest),
                _ if *first >= 128 => return None,
                rest => (usize::from(*first), rest),
            };
            let (piece, rest) = rest.split_at_checked(length)?;
            pieces.push(piece.to_vec());
            bytes = rest;
        }
        Some(Self { pieces, ids: OnceLock::new() })
    }

    fn id_of(&self, piece: &[u8]) -> Option<u32> {
        let ids = self.ids.get_or_init(|| {
            let mut ids = HashMap::new();
            for (id, piece) in (0u32..).zip(&self.pieces).skip(FIRST_PIECE).filter(|(_, piece)| !piece.is_empty()) {
                ids.entry(piece.clone()).or_insert(id);
            }
            ids
        });
        ids.get(piece).copied()
    }

    /// The tokens of a text, each of its words with the space before it.
    ///
    /// The file has no list of merges, and needs none: the order of the ids is that of the merges, so the neighbours that join
    /// to the piece with the lowest id are joined first.
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        text.split_whitespace().flat_map(|word| self.encode_word(word)).collect()
    }

    fn encode_word(&self, word: &str) -> Vec<u32> {
        let mut parts: Vec<Vec<u8>> =
            std::iter::once(SPACE.as_bytes().to_vec()).chain(word.chars().map(|c| c.to_string().into())).collect();
        let joined = |pair: &[Vec<u8>]| self.id_of(&pair.concat());
        while let Some((_, at)) = parts.windows(2).enumerate().filter_map(|(at, pair)| Some((joined(pair)?, at))).min() {
            let next = parts.remove(at + 1);
            if let Some(part) = parts.get_mut(at) {
                part.extend(next);
            }
        }
        let ids = |part: Vec<u8>| match self.id_of(&part) {
            Some(id) => vec![id],
            None => part.into_iter().map(|byte| BYTES + u32::from(byte)).collect(),
        };
        parts.into_iter().flat_map(ids).collect()
    }

    /// Where each token ends in the text of all of them, in bytes, the space before the first word included; `None` where the
    /// tokens are not text throughout.
    pub(super) fn ends(&self, ids: &[u32]) -> Option<Vec<usize>> {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for id in ids {
            bytes.extend_from_slice(self.text_of(*id));
            // Spaces are three bytes long in the pieces, and one in the text. A piece never ends within one.
            let spaces = bytes.windows(SPACE.len()).filter(|window| *window == SPACE.as_bytes()).count();
            ends.push(bytes.len() - spaces * (SPACE.len() - 1));
        }
        std::str::from_utf8(&bytes).is_ok().then_some(ends)
    }

    /// The bytes of a token; none for control tokens (`<...>`) and unknown ids.
    fn text_of(&self, id: u32) -> &[u8] {
        match self.pieces.get(id as usize).map(Vec::as_slice) {
            None | Some([b'<', _, .., b'>']) => &[],
            Some(piece) => piece,
        }
    }

    /// The text of a sequence of tokens; control tokens (`<...>`) and unknown ids are left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.text_of(*id)).copied().collect();
        String::from_utf8_lossy(&bytes).replace(SPACE, " ").trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pieces_and_joins_them() {
        let long = "x".repeat(300);
        let mut file = vec![3, b'<', b's', b'>', 0, 5];
        file.extend("\u{2581}hi".as_bytes());
        file.extend([1, b'!', 128 + (300 % 128) as u8, (300 / 128) as u8]);
        file.extend(long.as_bytes());
        let tokenizer = Tokenizer::parse(&file).unwrap();
        assert_eq!(tokenizer.pieces.len(), 5);
        assert_eq!(tokenizer.decode(&[0, 2, 3, 1, 2, 99]), "hi! hi");
        assert_eq!(tokenizer.decode(&[4]), long);
    }

    /// A vocabulary of these pieces after the control tokens and the bytes.
    fn vocabulary(pieces: &[&str]) -> Tokenizer {
        let bytes = (0..=255u8).flat_map(|byte| [1, byte]);
        let text = pieces.iter().flat_map(|piece| [&[piece.len() as u8], piece.as_bytes()].concat());
        let file: Vec<u8> = [3, b'<', b'u', b'>', 3, b'<', b's', b'>', 3, b'<', b'e', b'>'].into_iter().chain(bytes).chain(text).collect();
        Tokenizer::parse(&file).unwrap()
    }

    #[test]
    fn neighbours_with_the_lowest_piece_are_joined_first() {
        let tokenizer = vocabulary(&["ab", "bc", "\u{2581}a", "\u{2581}ab", "\u{2581}", "a", "b", "c", "bcd"]);
        // `ab` goes before `bc` and before the space; no letter is the byte that looks like it.
        assert_eq!(tokenizer.encode("abc"), [262, 266]);
        assert_eq!(tokenizer.encode("abc a"), [262, 266, 261]);
        assert_eq!(tokenizer.encode("bc"), [263, 260]);
        // What is in no piece is spelled in bytes.
        assert_eq!(tokenizer.encode("a\u{e9}"), [261, 3 + 0xc3, 3 + 0xa9]);
        assert_eq!(tokenizer.decode(&tokenizer.encode("abc a\u{e9}")), "abc a\u{e9}");
        assert_eq!(tokenizer.ends(&tokenizer.encode("abc a\u{e9}")), Some(vec![3, 4, 6, 7, 8]));
        assert_eq!(tokenizer.ends(&[3 + 0xff]), None);
        assert!(tokenizer.encode(" ").is_empty());
    }

    #[test]
    fn a_cut_file_is_refused() {
        assert!(Tokenizer::parse(&[5, b'a']).is_none());
        assert!(Tokenizer::parse(&[200]).is_none());
        assert!(Tokenizer::parse(&[]).is_some());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, ids: Vec<u32>, text: String) {
            if let Some(tokenizer) = Tokenizer::parse(&bytes) {
                tokenizer.decode(&ids);
                tokenizer.ends(&ids);
                tokenizer.encode(&text);
            }
        }
    }
}
