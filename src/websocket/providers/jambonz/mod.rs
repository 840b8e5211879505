//! jambonz: the media socket of its `listen` and `stream` verbs, and the control socket on which the bot answers with them.

mod application;
pub mod control;
mod media;
mod provider;
mod wav;

pub(super) use provider::Jambonz;
