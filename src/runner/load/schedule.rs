//! When calls are placed. Pure: times count from the start of the load.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::super::ramp::Ramp;
use super::plan::LoadModel;

/// A caller that did not get through tries again after this, so that a target that is down does not see thousands of calls per second.
const AFTER_NO_ANSWER: Duration = Duration::from_secs(1);

/// What becomes of a call that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is placed.
    Call,
    /// Too many are under way.
    Dropped,
}

/// When each call is due.
#[derive(Debug)]
pub(super) struct Schedule {
    model: Model,
    ramp: Duration,
    /// From here on no call is placed.
    end: Duration,
}

#[derive(Debug)]
enum Model {
    /// When each idle caller places its next call.
    Closed(BinaryHeap<Reverse<Duration>>),
    Open {
        per_second: f64,
        max_calls: usize,
        arrived: u64,
    },
}

impl Schedule {
    pub fn new(model: LoadModel, ramp: Duration, hold: Duration) -> Self {
        let end = ramp.saturating_add(hold);
        let model = match model {
            LoadModel::CallsAtOnce(callers) => {
                let starts = (0..callers).map(|caller| Ramp::Over(ramp).start(caller, callers));
                Model::Closed(starts.filter(|start| *start < end).map(Reverse).collect())
            }
            LoadModel::Arrivals { per_second, max_calls } => Model::Open { per_second, max_calls, arrived: 0 },
        };
        Self { model, ramp, end }
    }

    /// When the next call is due; `None` where none is, or none before a call ends.
    pub fn next(&self) -> Option<Duration> {
        match &self.model {
            Model::Closed(idle) => idle.peek().map(|start| start.0),
            Model::Open { per_second, arrived, .. } => Some(arrival(*arrived, *per_second, self.ramp)?).filter(|at| *at < self.end),
        }
    }

    /// Takes the next call, while so many are under way.
    pub fn take(&mut self, under_way: usize) -> Due {
        match &mut self.model {
            Model::Closed(idle) => {
                idle.pop();
                Due::Call
            }
            Model::Open { max_calls, arrived, .. } => {
                *arrived += 1;
                if under_way < *max_calls { Due::Call } else { Due::Dropped }
            }
        }
    }

    /// A call has ended: its caller places the next one.
    pub fn ended(&mut self, at: Duration, answered: bool) {
        let again = if answered { at } else { at.saturating_add(AFTER_NO_ANSWER) };
        if let Model::Closed(idle) = &mut self.model
            && again < self.end
        {
            idle.push(Reverse(again));
        }
    }

    /// No further call is placed.
    pub fn stop(&mut self) {
        self.end = Duration::ZERO;
        if let Model::Closed(idle) = &mut self.model {
            idle.clear();
        }
    }
}

/// When this arrival comes, from 0: the rate rises evenly over the ramp, so that `per_second * t^2 / (2 * ramp)` have come by then.
fn arrival(number: u64, per_second: f64, ramp: Duration) -> Option<Duration> {
    let (number, ramp) = (number as f64, ramp.as_secs_f64());
    let within_ramp = per_second * ramp / 2.0;
    let at = if number < within_ramp { (2.0 * ramp * number / per_second).sqrt() } else { ramp + (number - within_ramp) / per_second };
    Duration::try_from_secs_f64(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Follows a schedule in virtual time with calls of one length: each placed call's start, the most under way, those dropped.
    fn follow(mut schedule: Schedule, length: Duration, answered: bool) -> (Vec<Duration>, usize, usize) {
        let mut up: BinaryHeap<Reverse<Duration>> = BinaryHeap::new();
        let (mut starts, mut peak, mut dropped) = (Vec::new(), 0, 0);
        loop {
            let over = up.peek().map(|end| end.0);
            match (schedule.next(), over) {
                (Some(start), over) if over.is_none_or(|over| start < over) => match schedule.take(up.len()) {
                    Due::Call => {
                        starts.push(start);
                        up.push(Reverse(start + length));
                        peak = peak.max(up.len());
                    }
                    Due::Dropped => dropped += 1,
                },
                (_, Some(over)) => {
                    up.pop();
                    schedule.ended(over, answered);
                }
                (_, None) => return (starts, peak, dropped),
            }
        }
    }

    #[test]
    fn callers_start_over_the_ramp_and_call_again_until_the_end() {
        let schedule = Schedule::new(LoadModel::CallsAtOnce(4), s(8), s(20));
        let (starts, peak, dropped) = follow(schedule, s(10), true);
        assert_eq!(starts[..4], [s(0), s(2), s(4), s(6)]);
        assert_eq!(starts[4..], [s(10), s(12), s(14), s(16), s(20), s(22), s(24), s(26)]);
        assert_eq!((peak, dropped), (4, 0));
    }

    #[test]
    fn a_target_that_is_down_is_not_called_without_a_pause() {
        let (starts, ..) = follow(Schedule::new(LoadModel::CallsAtOnce(2), s(0), s(10)), Duration::ZERO, false);
        assert_eq!(starts.len(), 20);
    }

    #[test]
    fn arrivals_rise_over_the_ramp_and_then_keep_their_rate() {
        let model = LoadModel::Arrivals { per_second: 2.0, max_calls: 1000 };
        let (starts, peak, dropped) = follow(Schedule::new(model, s(10), s(20)), s(5), true);
        // Half the rate on average over the ramp, all of it afterwards.
        assert_eq!((starts.len(), dropped), (10 + 40, 0));
        assert!(starts.is_sorted() && starts[0].is_zero());
        let ramp = starts.iter().filter(|start| **start < s(5)).count();
        assert_eq!((ramp, starts.iter().filter(|start| **start < s(10)).count()), (3, 10));
        assert!(starts[10..].windows(2).all(|two| two[1] - two[0] == Duration::from_millis(500)), "{starts:?}");
        assert_eq!(peak, 10);
    }

    #[test]
    fn what_arrives_above_the_most_calls_is_dropped_and_counted() {
        let model = LoadModel::Arrivals { per_second: 2.0, max_calls: 4 };
        let (starts, peak, dropped) = follow(Schedule::new(model, s(0), s(10)), s(5), true);
        assert_eq!((starts.len(), peak, dropped), (8, 4, 12));
    }

    #[test]
    fn a_stopped_schedule_places_nothing() {
        for model in [LoadModel::CallsAtOnce(3), LoadModel::Arrivals { per_second: 1.0, max_calls: 3 }] {
            let mut schedule = Schedule::new(model, s(1), s(10));
            assert!(schedule.next().is_some());
            schedule.stop();
            schedule.ended(s(1), true);
            assert_eq!(schedule.next(), None);
        }
    }
}
