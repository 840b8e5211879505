//! Words of two texts laid together without regard to order.

use super::align::{Class, Pair, Side, fit};

/// For every expected token the best heard one that is still free; facts first.
pub(super) fn pair_up(expected: &Side, heard: &Side) -> Vec<Pair> {
    let mut candidates: Vec<Pair> = Vec::new();
    for i in 0..expected.classes.len() {
        for j in 0..heard.classes.len() {
            candidates.extend(fit(expected, i, heard, j).map(|fit| Pair { expected: i, heard: j, fit }));
        }
    }
    let fact = |p: &Pair| expected.classes[p.expected] == Class::Fact;
    // Stable: equal candidates keep the order of the texts.
    candidates.sort_by(|a, b| fact(b).cmp(&fact(a)).then(b.fit.total_cmp(&a.fit)));
    let mut taken = (vec![false; expected.classes.len()], vec![false; heard.classes.len()]);
    candidates.retain(|p| {
        let free = !taken.0[p.expected] && !taken.1[p.heard];
        if free {
            taken.0[p.expected] = true;
            taken.1[p.heard] = true;
        }
        free
    });
    candidates
}
