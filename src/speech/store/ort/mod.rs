//! ONNX Runtime's `.ort` files (flatbuffers) to `.onnx` (protobuf).
//!
//! The network runtime reads only `.onnx`, and only there can it fold the decompression of the
//! weights into constants: run as they are, the `.ort` files cost 60 ms a token.

mod convert;
mod flatbuffer;
mod protobuf;

pub use flatbuffer::OrtError;

pub(super) use convert::to_onnx;
