//! Mistakes in how the steps follow each other.

use super::decode::Decoder;
use super::problem::Problem;
use super::steps::{CallerStep, Step};

/// Reports steps that cannot do anything where they stand.
pub(super) fn check(decoder: &mut Decoder<'_>, steps: &[Step]) {
    for pair in steps.windows(2) {
        if let [Step::Hangup(_), next] = pair {
            let problem = Problem::new(next.location(), "nothing can follow a `hangup`");
            decoder.problem(problem.help("move the `hangup` to the end, or remove this step"));
        }
    }
    for (index, step) in steps.iter().enumerate() {
        let next = steps.get(index + 1);
        let before = index.checked_sub(1).and_then(|before| steps.get(before));
        match step {
            Step::Bot(bot) => {
                if let Some(bound) = bot.stops_within.filter(|_| !next.is_some_and(barges_in)) {
                    let problem = Problem::new(bound.location, "no caller step barges in here, so the bot has nothing to stop for");
                    decoder.problem(problem.help("follow this step with `- caller: { audio: ..., barge_in: 1s }`"));
                }
            }
            step if barges_in(step) && !matches!(before, Some(Step::Bot(_))) => {
                let problem = Problem::new(step.location(), "`barge_in` needs a bot turn to interrupt");
                decoder.problem(problem.help("put the `bot` step that is interrupted before it, or remove `barge_in`"));
            }
            _ => {}
        }
    }
}

fn barges_in(step: &Step) -> bool {
    matches!(step, Step::Caller(CallerStep { barge_in: Some(_), .. }))
}
