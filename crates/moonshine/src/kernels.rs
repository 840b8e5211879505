//! The processor's fastest products, and memory to work in: a set for each thread.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::NdTensorView;

/// The largest integer that an activation is rounded to where the processor has no VNNI: AVX2 adds the products of two neighbouring
/// weights in 16 bits, and no two neighbours of this model's weights add up to more than 244.
const TOP_WITHOUT_VNNI: f32 = 134.0;

/// How a row of activations was rounded: each number is `step * (integer - zero)`.
pub struct Rounded {
    pub step: f32,
    pub zero: f32,
    /// Sum of the integers.
    pub sum: f32,
}

/// What attention works in.
#[derive(Default)]
pub struct Scores {
    pub scores: Vec<f32>,
    pub found: Vec<f32>,
}

/// Kernels and memory of one thread.
pub struct Kernels {
    integers: GemmExecutor<u8, i8, i32>,
    floats: GemmExecutor<f32>,
    /// The largest integer that an activation is rounded to.
    pub(crate) top: f32,
    pub(crate) rounded: Vec<u8>,
    pub(crate) rows: Vec<Rounded>,
    pub(crate) products: Vec<i32>,
    pub(crate) scores: Scores,
}

impl Default for Kernels {
    fn default() -> Self {
        let integers = GemmExecutor::<u8, i8, i32>::default();
        let top = if integers.may_saturate() { TOP_WITHOUT_VNNI } else { 255.0 };
        Self {
            integers,
            floats: GemmExecutor::default(),
            top,
            rounded: Vec::new(),
            rows: Vec::new(),
            products: Vec::new(),
            scores: Scores::default(),
        }
    }
}

// Shapes are right by construction, which is all that a product can fail by.
impl Kernels {
    pub(crate) fn pack(&self, weights: NdTensorView<i8, 2>) -> PackedBMatrix<i8> {
        self.integers.prepack_b(weights)
    }

    pub(crate) fn pack_floats(&self, weights: NdTensorView<f32, 2>) -> PackedBMatrix<f32> {
        self.floats.prepack_b(weights)
    }

    /// Zero points of rows that differ are wrong from the ninth row on in `rten-gemm` 0.27, so it is not given any.
    pub(crate) fn integer_product(&self, out: &mut [i32], a: NdTensorView<u8, 2>, b: &PackedBMatrix<i8>) {
        let done = self.integers.gemm(out, GemmInputA::Unpacked(a), GemmInputB::Packed(b), GemmOptions::default());
        debug_assert!(done.is_ok(), "{done:?}");
    }

    pub(crate) fn packed_product(&self, out: &mut [f32], a: NdTensorView<f32, 2>, b: &PackedBMatrix<f32>) {
        let done = self.floats.gemm(out, GemmInputA::Unpacked(a), GemmInputB::Packed(b), GemmOptions::default());
        debug_assert!(done.is_ok(), "{done:?}");
    }

    pub(crate) fn product(&self, out: &mut [f32], a: NdTensorView<f32, 2>, b: NdTensorView<f32, 2>, factor: f32) {
        let options = GemmOptions { alpha: factor, ..GemmOptions::default() };
        let done = self.floats.gemm(out, GemmInputA::Unpacked(a), GemmInputB::Unpacked(b), options);
        debug_assert!(done.is_ok(), "{done:?}");
    }
}
