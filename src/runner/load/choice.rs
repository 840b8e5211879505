//! Which scenario the next call follows: smooth weighted round-robin (nginx), so that weights hold in every stretch of a load and the
//! same load places the same calls.

/// Chooses places `0..weights.len()` in proportion to their weights.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    weights: Vec<i64>,
    credits: Vec<i64>,
}

impl Choice {
    pub fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let weights: Vec<i64> = weights.into_iter().map(i64::from).collect();
        Self { credits: vec![0; weights.len()], weights }
    }

    /// The next place; `None` where every weight is zero. Of equals the first.
    pub fn next(&mut self) -> Option<usize> {
        let total: i64 = self.weights.iter().sum();
        for (credit, weight) in self.credits.iter_mut().zip(&self.weights) {
            *credit += weight;
        }
        let weighted = self.credits.iter().zip(&self.weights).enumerate().filter(|(_, (_, weight))| **weight > 0);
        let (place, _) = weighted.min_by_key(|(place, (credit, _))| (-**credit, *place))?;
        *self.credits.get_mut(place)? -= total;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_heavy_one_is_spread_between_the_light_ones() {
        let mut choice = Choice::new([5, 1, 1, 0]);
        let chosen: Vec<usize> = std::iter::from_fn(|| choice.next()).take(7).collect();
        assert_eq!(chosen, [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(Choice::new([0, 0]).next(), None);
        assert_eq!(Choice::new([]).next(), None);
    }

    proptest! {
        #[test]
        fn every_stretch_keeps_the_weights(weights in prop::collection::vec(0_u32..20, 1..6), calls in 1_usize..400) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let mut choice = Choice::new(weights.clone());
            let mut counts = vec![0_usize; weights.len()];
            for _ in 0..calls {
                counts[choice.next().expect("a weight above zero")] += 1;
            }
            for (count, weight) in counts.iter().zip(&weights) {
                let fair = calls as f64 * f64::from(*weight) / f64::from(total);
                prop_assert!((*count as f64 - fair).abs() < weights.len() as f64, "{counts:?} for {weights:?}");
            }
        }
    }
}
