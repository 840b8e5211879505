//! The processor's fastest products, and memory to work in: a set for each thread.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

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
    /// The processor has no VNNI: it adds the products of two neighbouring weights in 16 bits.
    saturates: bool,
    pub(crate) rounded: Vec<u8>,
    pub(crate) rows: Vec<Rounded>,
    pub(crate) products: Vec<i32>,
    pub(crate) scores: Scores,
}

impl Default for Kernels {
    fn default() -> Self {
        let integers = GemmExecutor::<u8, i8, i32>::default();
        let saturates = integers.may_saturate();
        Self {
            integers,
            floats: GemmExecutor::default(),
            saturates,
            rounded: Vec::new(),
            rows: Vec::new(),
            products: Vec::new(),
            scores: Scores::default(),
        }
    }
}

// Shapes are right by construction, which is all that a product can fail by.
impl Kernels {
    /// The largest integer that an activation may be rounded to before it meets these weights of `[inputs, outputs]`: 255, or what keeps
    /// every sum of two neighbouring products within 16 bits.
    pub(crate) fn top(&self, weights: NdTensorView<i8, 2>) -> f32 {
        if !self.saturates {
            return 255.0;
        }
        let [inputs, outputs] = weights.shape();
        let (mut least, mut most) = (0, 0);
        let mut pair = |one: i8, other: i8| {
            let sum = i16::from(one) + i16::from(other);
            (least, most) = (sum.min(least), sum.max(most));
        };
        // Rows one after another, or, of a matrix the other way round, columns.
        if let Some(rows) = weights.data() {
            for two in rows.chunks(2 * outputs) {
                let (even, odd) = two.split_at(outputs);
                even.iter().zip(odd.iter().chain(std::iter::repeat(&0))).for_each(|(one, other)| pair(*one, *other));
            }
        } else if let Some(columns) = weights.transposed().data() {
            let pairs = columns.chunks(inputs).flat_map(|column| column.chunks(2));
            pairs.for_each(|two| pair(two[0], two.get(1).copied().unwrap_or(0)));
        }
        let largest = f32::from(most.max(-least)).max(1.0);
        (f32::from(i16::MAX) / largest).floor().min(255.0)
    }

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
