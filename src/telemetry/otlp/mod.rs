//! A receiver of OpenTelemetry spans over OTLP/HTTP, to which the bot under test exports.

mod decode;
mod json;
mod receiver;
mod span;
mod store;

#[cfg(test)]
mod tests;

pub use decode::protobuf;
pub use json::json;
pub use receiver::Receiver;
pub use span::Span;
pub use store::Found;
