//! goldencall: a test runner for voice bots. See ARCHITECTURE.md for the map.

pub mod bot;
pub mod call;
pub mod cli;
pub mod clock;
pub mod expect;
pub mod media;
mod priority;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod speech;
pub mod telemetry;
pub mod transport;
