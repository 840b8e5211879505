//! The recogniser's vocabulary: token ids to text.

/// The space in the pieces of the vocabulary.
const SPACE: &str = "\u{2581}";

/// The pieces of `tokenizer.bin`, by token id.
#[derive(Debug)]
pub(super) struct Tokenizer {
    pieces: Vec<Vec<u8>>,
}

impl Tokenizer {
    /// Reads `tokenizer.bin`: for each id in order the length of its piece (one byte, or two when
    /// the first is 128 or more: low seven bits, then high part; 0 = unused), then the piece.
    /// `None` when the file is cut off.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Self> {
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
        Some(Self { pieces })
    }

    /// The text of a sequence of tokens; control tokens (`<...>`) and unknown ids are left out.
    pub(super) fn decode(&self, ids: &[u32]) -> String {
        let mut bytes = Vec::new();
        for id in ids {
            match self.pieces.get(*id as usize).map(Vec::as_slice) {
                None | Some([b'<', _, .., b'>']) => {}
                Some(piece) => bytes.extend_from_slice(piece),
            }
        }
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

    #[test]
    fn a_cut_file_is_refused() {
        assert!(Tokenizer::parse(&[5, b'a']).is_none());
        assert!(Tokenizer::parse(&[200]).is_none());
        assert!(Tokenizer::parse(&[]).is_some());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, ids: Vec<u32>) {
            if let Some(tokenizer) = Tokenizer::parse(&bytes) {
                tokenizer.decode(&ids);
            }
        }
    }
}
