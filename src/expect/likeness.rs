//! How alike two words look and sound: what a recogniser could have taken for the other.

use strsim::normalized_levenshtein;

/// From 0 (nothing in common) to 1 (equal): half the spelling, half the consonants.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    likeness_with(a, &consonants(a), b, &consonants(b))
}

/// The same when the [`consonants`] of both are known already.
pub(super) fn likeness_with(a: &str, sound_a: &str, b: &str, sound_b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    // Words of vowels only have no consonants to compare.
    let spelling = normalized_levenshtein(a, b);
    if sound_a.is_empty() || sound_b.is_empty() {
        return spelling;
    }
    f64::midpoint(spelling, normalized_levenshtein(sound_a, sound_b))
}

/// Consonants in order, those that sound alike folded into one: "Patel" and "Padel" are both `PTL`.
pub(super) fn consonants(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::new();
    let mut previous = "";
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let (sound, used) = sound(c, next);
        if sound != previous {
            out.push_str(sound);
        }
        previous = sound;
        at += used;
    }
    out
}

fn sound(c: char, next: char) -> (&'static str, usize) {
    match (c, next) {
        ('p', 'h') => ("F", 2),
        ('s' | 'c', 'h') => ("X", 2),
        ('n', 'g') | ('k' | 'g', 'n') => ("N", 2),
        ('g', 'h') => ("", 2),
        ('c', 'e' | 'i' | 'y') => ("S", 1),
        ('b' | 'p', _) => ("P", 1),
        ('d' | 't', _) => ("T", 1),
        ('c' | 'g' | 'k' | 'q', _) => ("K", 1),
        ('f' | 'v', _) => ("F", 1),
        ('s' | 'z', _) => ("S", 1),
        ('x', _) => ("KS", 1),
        ('j', _) => ("J", 1),
        ('l', _) => ("L", 1),
        ('m', _) => ("M", 1),
        ('n', _) => ("N", 1),
        ('r', _) => ("R", 1),
        _ => ("", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_a_recogniser_confuses_are_alike() {
        for (a, b) in [("patel", "padel"), ("goodbye", "goodby"), ("tax", "tacks"), ("amoxicillin", "amoxicilin")] {
            assert!(likeness(a, b) >= 0.65, "{a} {b} {}", likeness(a, b));
        }
        assert!(likeness("nguyen", "win") >= 0.3);
    }

    #[test]
    fn other_words_are_not() {
        for (a, b) in [("shipped", "arriving"), ("approved", "declined"), ("denver", "dallas"), ("jennifer", "jessica")] {
            assert!(likeness(a, b) < 0.35, "{a} {b} {}", likeness(a, b));
        }
    }
}
