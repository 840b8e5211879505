//! A LiveKit server with one room per caller, and the sample bot in it as the agent.

mod participants;
mod routes;
mod session;
mod telemetry;

pub(super) use routes::{KEY, SECRET, routes};
