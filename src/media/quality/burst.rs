//! Bursts and gaps of lost packets (RFC 3611, section 4.7.2): random loss is concealed, a burst of it is heard.

/// Fewer packets received between two lost ones than this make one burst of them (RFC 3611: Gmin, recommended value).
const GMIN: usize = 16;

/// How the missing packets of a stretch lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BurstLoss {
    /// Share of packets missing inside bursts, 0 to 1.
    pub burst_density: f64,
    /// Share of packets missing outside bursts, 0 to 1.
    pub gap_density: f64,
    /// Bursts: at least two missing packets, less than 16 received between one and the next.
    pub bursts: u64,
    /// Most packets missing in a row.
    pub longest_run: u64,
    /// Place of the first of them.
    pub longest_run_at: usize,
    /// G.107 BurstR: mean length of a run of missing packets over that of random loss of the same rate; at least 1.
    pub burst_ratio: f64,
}

/// Looks at packets in the order of their sequence numbers; `true` is a packet that is missing (lost or too late to play).
pub fn burst_loss(missing: &[bool]) -> BurstLoss {
    let places: Vec<usize> = missing.iter().enumerate().filter(|(_, missing)| **missing).map(|(place, _)| place).collect();
    let (mut in_bursts, mut lost_in_bursts, mut bursts) = (0, 0, 0);
    for group in places.chunk_by(|before, after| after - before <= GMIN).filter(|group| group.len() > 1) {
        bursts += 1;
        lost_in_bursts += group.len();
        in_bursts += group[group.len() - 1] - group[0] + 1;
    }
    let runs: Vec<&[usize]> = places.chunk_by(|before, after| after - before == 1).collect();
    // The first of the longest ones.
    let longest = runs.iter().rev().max_by_key(|run| run.len());
    let share = |part: usize, of: usize| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    let mean_run = share(places.len(), runs.len());
    BurstLoss {
        burst_density: share(lost_in_bursts, in_bursts),
        gap_density: share(places.len() - lost_in_bursts, missing.len() - in_bursts),
        bursts,
        longest_run: longest.map_or(0, |run| run.len() as u64),
        longest_run_at: longest.map_or(0, |run| run[0]),
        burst_ratio: (mean_run * (1.0 - share(places.len(), missing.len()))).max(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> BurstLoss {
        burst_loss(&text.chars().map(|packet| packet == 'x').collect::<Vec<_>>())
    }

    #[test]
    fn isolated_losses_are_gaps_and_close_ones_a_burst() {
        // 16 received packets between two losses keep them apart, 15 do not.
        let apart = of(&format!("..x{}x..", ".".repeat(16)));
        assert_eq!((apart.bursts, apart.burst_density, apart.longest_run), (0, 0.0, 1));
        assert!((apart.gap_density - 2.0 / 22.0).abs() < 1e-9);
        let burst = of(&format!("..x{}x..", ".".repeat(15)));
        assert_eq!((burst.bursts, burst.gap_density), (1, 0.0));
        assert!((burst.burst_density - 2.0 / 17.0).abs() < 1e-9);
    }

    #[test]
    fn the_first_of_the_longest_runs_is_named() {
        let loss = of(".xx...xxx...xxx.");
        assert_eq!((loss.longest_run, loss.longest_run_at, loss.bursts), (3, 6, 1));
        assert!((loss.burst_density - 8.0 / 14.0).abs() < 1e-9);
        assert!((loss.burst_ratio - (8.0 / 3.0) * 0.5).abs() < 1e-9);
    }

    #[test]
    fn nothing_and_nothing_missing() {
        assert_eq!(of(""), BurstLoss { burst_ratio: 1.0, ..BurstLoss::default() });
        assert_eq!(of("...."), BurstLoss { burst_ratio: 1.0, ..BurstLoss::default() });
        assert_eq!(of("xx").longest_run, 2);
    }
}
