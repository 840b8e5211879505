//! Where the dialogue goes from a step.

/// Where the dialogue goes from the current step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::call) enum Transition {
    /// The step has gone on within itself: it may do more at this moment.
    Stay,
    /// To the next step.
    Next,
    /// To the next step, which interrupts this one: it acts at once.
    Interrupt,
    /// The caller hangs up.
    HangUp,
}
