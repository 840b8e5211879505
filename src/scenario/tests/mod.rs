//! Files as people write them: what parses, and what every mistake looks like on the screen.

mod configurations;
mod diagnostics;
mod discovery;
mod documents;
mod drawing;
mod properties;
mod settings;
