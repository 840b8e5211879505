//! Speech in words: engines that transcribe the bot, and the store of the models that they use.

pub mod store;
pub mod stt;
