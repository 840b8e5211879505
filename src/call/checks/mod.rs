//! The checks of a step, by what they rest on: what was heard, what happened to the call.

mod speech;
mod step;

pub(super) use step::StepCheck;
