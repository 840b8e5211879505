//! The neural networks of goldencall, each computed by hand on `rten-gemm`: [`moonshine`] turns speech into tokens, [`silero`] says where there is
//! speech.

mod kernels;
pub mod moonshine;
mod one_thread;
mod onnx;
pub mod silero;

pub use one_thread::on_one_thread;

/// A model file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Not the protobuf of a model.
    #[error("it is not an ONNX model: {0}")]
    NotOnnx(String),
    /// The weights of this node, or a part of them.
    #[error("the weights of {0} are missing or of another shape")]
    Missing(String),
}
