//! The guard against loops: on unclear audio the recogniser may repeat itself until the limit.

/// Longest phrase that is watched, in tokens.
const LONGEST_PHRASE: usize = 12;

/// When `tokens` end in a loop, how many of them to keep: all up to the end of the loop's first
/// round.
///
/// One token may come six times and two tokens five times in a row in honest speech ("five five
/// five five", "no, no, no, no"); a longer phrase is a loop at its fourth round.
pub fn loop_start(tokens: &[u32]) -> Option<usize> {
    (1..=LONGEST_PHRASE).find_map(|length| {
        let allowed = match length {
            1 => 7,
            2 => 6,
            _ => 4,
        };
        let rounds = rounds(tokens, length);
        (rounds >= allowed).then(|| tokens.len() - (rounds - 1) * length)
    })
}

/// How often the last `length` tokens stand in a row at the end.
fn rounds(tokens: &[u32], length: usize) -> usize {
    let mut rounds = tokens.rchunks_exact(length);
    match rounds.next() {
        Some(last) => 1 + rounds.take_while(|round| *round == last).count(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_loops_and_leaves_speech_alone() {
        assert_eq!(loop_start(&[]), None);
        assert_eq!(loop_start(&[9, 5, 5, 5, 5, 5, 5]), None);
        assert_eq!(loop_start(&[9, 5, 5, 5, 5, 5, 5, 5]), Some(2));
        assert_eq!(loop_start(&[9, 1, 2, 3, 1, 2, 3, 1, 2, 3]), None);
        assert_eq!(loop_start(&[9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]), Some(4));
        assert_eq!(loop_start(&[1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]), Some(2));
    }
}
