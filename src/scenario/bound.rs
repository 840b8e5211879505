//! Time limits with their place in the file.

use std::time::Duration;

use super::source::Location;

/// A time limit and where it was written, so that a failed check can point at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The longest time allowed.
    pub limit: Duration,
    /// The limit in the file, or the step where the limit is a default.
    pub location: Location,
    /// True where the step itself states it.
    pub explicit: bool,
}
