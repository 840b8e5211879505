//! A LiveKit server with one room a caller, and the sample bot in it as the agent.

mod door;
mod people;
mod stay;
mod telemetry;

pub(super) use door::{KEY, SECRET, routes};
