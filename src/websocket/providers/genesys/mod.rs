//! Genesys Cloud AudioHook.

mod provider;
mod session;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use provider::Genesys;
