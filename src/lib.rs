//! goldencall: a test runner for voice bots. See ARCHITECTURE.md for the map.

pub mod call;
pub mod clock;
pub mod expect;
pub mod media;
pub mod scenario;
pub mod speech;
pub mod transport;
