//! Products of 8-bit weights with activations that are rounded to 8 bits, row by row.

use rten_gemm::PackedBMatrix;
use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;
use rten_vecmath::MinMax;

use crate::WeightsError;
use crate::kernels::{Kernels, Rounded};
use crate::onnx::Quantised;

/// 1.5 * 2^23: a float near it has its integer part in its lowest bits, rounded to nearest. Twice as fast as a checked conversion.
const TO_INTEGER: f32 = 12_582_912.0;

/// Columns that share the parameters of one set of weights.
struct Block {
    columns: usize,
    scale: f32,
    zero: f32,
}

/// `y = x W + b` for rows `x` of `inputs` numbers, `y` of `outputs`.
///
/// The weights are packed without their zero points, which are put right afterwards: `rten-gemm` 0.27 computes garbage from packed
/// weights with zero points.
pub struct Linear {
    packed: PackedBMatrix<i8>,
    blocks: Vec<Block>,
    /// The sum of each column of the integers, less its zero points.
    sums: Vec<f32>,
    bias: Option<Vec<f32>>,
    /// The largest integer that an activation is rounded to.
    top: f32,
    pub inputs: usize,
    pub outputs: usize,
}

/// Rows in memory, each `width` numbers long, `stride` after the one before: overlapping for a convolution.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub width: usize,
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows one after another.
    pub fn of(data: &'a [f32], width: usize) -> Self {
        Self { data, width, stride: width }
    }

    fn iter(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        self.data.windows(self.width).step_by(self.stride)
    }
}

impl Kernels {
    /// A layer with one matrix of `[inputs, outputs]`.
    pub(crate) fn linear(&self, weights: &Quantised, bias: Option<Vec<f32>>) -> Result<Linear, WeightsError> {
        let [inputs, outputs] = weights.lengths()?;
        Ok(self.layer(NdTensorView::from_data([inputs, outputs], weights.values()), vec![block(weights, outputs)], bias))
    }

    /// A layer with the weights of a matrix of `[outputs, inputs]`.
    pub(crate) fn transposed(&self, weights: &Quantised) -> Result<Linear, WeightsError> {
        let [outputs, inputs] = weights.lengths()?;
        let view = NdTensorView::from_data([outputs, inputs], weights.values());
        Ok(self.layer(view.transposed(), vec![block(weights, outputs)], None))
    }

    /// Several matrices with the same inputs as one layer, their outputs side by side.
    pub(crate) fn joined(&self, all: &[Quantised]) -> Result<Linear, WeightsError> {
        let inputs = all.first().and_then(|weights| weights.shape.first().copied()).unwrap_or(0);
        let mut widths = Vec::new();
        for weights in all {
            match weights.lengths()? {
                [rows, columns] if rows == inputs && columns > 0 => widths.push(columns),
                _ => return Err(weights.misshapen()),
            }
        }
        let mut values = Vec::with_capacity(all.iter().map(|weights| weights.values.len()).sum());
        let mut parts: Vec<_> = all.iter().zip(&widths).map(|(weights, width)| weights.values().chunks(*width)).collect();
        for _ in 0..inputs {
            parts.iter_mut().filter_map(Iterator::next).for_each(|row| values.extend_from_slice(row));
        }
        let blocks = all.iter().zip(&widths).map(|(weights, width)| block(weights, *width)).collect();
        Ok(self.layer(NdTensorView::from_data([inputs, widths.iter().sum()], values.as_slice()), blocks, None))
    }

    /// A convolution over rows that lie one after another, from weights of `[outputs, channels, taps]`.
    pub(crate) fn convolution(&self, weights: &Quantised, bias: Vec<f32>) -> Result<Linear, WeightsError> {
        let [outputs, channels, taps] = weights.lengths()?;
        let mut values = vec![0i8; weights.values.len()];
        for (output, kernel) in weights.values().chunks_exact(channels * taps).enumerate() {
            for (channel, taps_of_one) in kernel.chunks_exact(taps).enumerate() {
                for (tap, value) in taps_of_one.iter().enumerate() {
                    values[(tap * channels + channel) * outputs + output] = *value;
                }
            }
        }
        let view = NdTensorView::from_data([taps * channels, outputs], values.as_slice());
        Ok(self.layer(view, vec![block(weights, outputs)], Some(bias)))
    }

    fn layer(&self, weights: NdTensorView<i8, 2>, blocks: Vec<Block>, bias: Option<Vec<f32>>) -> Linear {
        let [inputs, outputs] = weights.shape();
        let mut linear = Linear { packed: self.pack(weights), blocks, sums: Vec::new(), bias, top: self.top(weights), inputs, outputs };
        // The column sums, by the kernel itself: the product with a row of ones.
        let mut sums = vec![0; outputs];
        self.integer_product(&mut sums, NdTensorView::from_data([1, inputs], vec![1; inputs].as_slice()), &linear.packed);
        let zeros = linear.blocks.iter().flat_map(|block| std::iter::repeat_n(block.zero, block.columns));
        linear.sums = sums.iter().zip(zeros).map(|(sum, zero)| *sum as f32 - inputs as f32 * zero).collect();
        linear
    }

    /// Writes a row of outputs for each of `rows`.
    pub(crate) fn run(&mut self, linear: &Linear, rows: Rows, out: &mut Vec<f32>) {
        self.round(rows, linear.top);
        let mut products = std::mem::take(&mut self.products);
        let count = self.rows.len() * linear.outputs;
        products.resize(products.len().max(count), 0);
        let rounded = NdTensorView::from_data([self.rows.len(), linear.inputs], self.rounded.as_slice());
        self.integer_product(&mut products[..count], rounded, &linear.packed);
        out.clear();
        for (row, products) in self.rows.iter().zip(products[..count].chunks_exact(linear.outputs)) {
            linear.scale(row, products, out);
        }
        self.products = products;
    }

    /// Rounds each row by itself: one loud row must not cost the others their precision.
    fn round(&mut self, rows: Rows, top: f32) {
        self.rounded.clear();
        self.rows.clear();
        for row in rows.iter() {
            let (least, most) = MinMax::new(row).dispatch();
            let (least, most) = (least.min(0.0), most.max(0.0));
            // One step less than there are: rounding the zero point may move all of them up by a half.
            let step = ((most - least) / (top - 1.0)).max(f32::MIN_POSITIVE);
            let zero = (-least / step).round();
            let start = self.rounded.len();
            let (scale, offset) = (1.0 / step, zero + TO_INTEGER);
            self.rounded.extend(row.iter().map(|x| (x * scale + offset).to_bits() as u8));
            let sum: u32 = self.rounded[start..].iter().map(|value| u32::from(*value)).sum();
            self.rows.push(Rounded { step, zero, sum: sum as f32 });
        }
    }
}

impl Linear {
    /// Turns the integer products of one row into numbers.
    fn scale(&self, row: &Rounded, products: &[i32], out: &mut Vec<f32>) {
        let start = out.len();
        let mut from = 0;
        for block in &self.blocks {
            let to = from + block.columns;
            let (products, sums) = (&products[from..to], &self.sums[from..to]);
            let (scale, of_weights) = (block.scale * row.step, block.zero * row.sum);
            out.extend(products.iter().zip(sums).map(|(product, sum)| (*product as f32 - of_weights - row.zero * sum) * scale));
            from = to;
        }
        if let Some(bias) = &self.bias {
            out[start..].iter_mut().zip(bias).for_each(|(y, b)| *y += b);
        }
    }
}

fn block(weights: &Quantised, columns: usize) -> Block {
    Block { columns, scale: weights.scale, zero: weights.zero as f32 }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Weights of any sign, no two neighbours of which add up to more than 244.
    fn weights(shape: &[usize], zero: i32, seed: usize) -> Quantised {
        let count: usize = shape.iter().product();
        let value = |at: usize| (((at + seed) * 7919 % 245) as i32 - 122) as i8 as u8;
        Quantised { shape: shape.to_vec(), values: Bytes::from_iter((0..count).map(value)), scale: 0.01 + seed as f32 * 1e-3, zero }
    }

    /// Rows with zero points of their own: each lies about another level.
    fn rows(count: usize, width: usize) -> Vec<f32> {
        (0..count * width)
            .map(|at| ((at * 31 % 97) as f32 - 48.0) * (1.0 + (at / width) as f32) / 20.0 + (at / width) as f32 - 3.0)
            .collect()
    }

    /// The product in double precision of rows with `inputs` by `outputs` weights, each found by its place.
    fn expected(rows: Rows, outputs: usize, weight: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let one = |row: &[f32], output| row.iter().enumerate().map(|(input, x)| f64::from(*x) * weight(input, output)).sum();
        rows.iter().flat_map(|row| (0..outputs).map(move |output| (row, output))).map(|(row, output)| one(row, output)).collect()
    }

    /// Rounding to 133 steps costs each term at most half a step.
    fn check(rows: Rows, linear: &Linear, expected: &[f64]) {
        let mut out = Vec::new();
        let mut kernels = Kernels::default();
        kernels.run(linear, rows, &mut out);
        assert_eq!(out.len(), expected.len());
        for (at, (found, wanted)) in out.iter().zip(expected).enumerate() {
            let row = rows.iter().nth(at / linear.outputs).unwrap();
            let (least, most) = row.iter().fold((0f32, 0f32), |(least, most), x| (least.min(*x), most.max(*x)));
            let bound = f64::from(most - least) / 133.0 * (row.len() as f64).sqrt() * 5.0;
            assert!((f64::from(*found) - wanted).abs() < bound, "{at}: {found} for {wanted}, bound {bound}");
        }
    }

    #[test]
    fn any_number_of_rows_with_zero_points_of_their_own() {
        let weights = weights(&[53, 21], -17, 3);
        let floats: Vec<f32> = weights.floats().collect();
        let bias: Vec<f32> = (0..21).map(|at| at as f32).collect();
        let linear = Kernels::default().linear(&weights, Some(bias)).unwrap();
        for count in [1, 2, 8, 9, 15, 16, 17, 40] {
            let rows = rows(count, 53);
            let rows = Rows::of(&rows, 53);
            let plain = expected(rows, 21, |input, output| f64::from(floats[input * 21 + output]));
            check(rows, &linear, &plain.iter().enumerate().map(|(at, y)| y + (at % 21) as f64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn joined_layers_keep_their_own_parameters() {
        let parts = [weights(&[32, 8], 40, 1), weights(&[32, 24], -90, 2)];
        let floats: Vec<Vec<f32>> = parts.iter().map(|part| part.floats().collect()).collect();
        let linear = Kernels::default().joined(&parts).unwrap();
        let rows = rows(3, 32);
        let weight =
            |input: usize, output: usize| if output < 8 { floats[0][input * 8 + output] } else { floats[1][input * 24 + output - 8] };
        check(Rows::of(&rows, 32), &linear, &expected(Rows::of(&rows, 32), 32, |input, output| f64::from(weight(input, output))));
        assert!(Kernels::default().joined(&[weights(&[32, 8], 0, 1), weights(&[31, 8], 0, 1)]).is_err());
    }

    #[test]
    fn weights_the_other_way_round() {
        let weights = weights(&[40, 16], 5, 4);
        let floats: Vec<f32> = weights.floats().collect();
        let linear = Kernels::default().transposed(&weights).unwrap();
        let rows = rows(2, 16);
        check(Rows::of(&rows, 16), &linear, &expected(Rows::of(&rows, 16), 40, |input, output| f64::from(floats[output * 16 + input])));
    }

    #[test]
    fn a_convolution_takes_rows_that_overlap() {
        // 6 outputs, 4 channels, 3 taps, 2 rows further each time.
        let weights = weights(&[6, 4, 3], -3, 5);
        let floats: Vec<f32> = weights.floats().collect();
        let linear = Kernels::default().convolution(&weights, vec![0.0; 6]).unwrap();
        let frames = rows(9, 4);
        let windows = Rows { data: &frames, width: 12, stride: 8 };
        let weight = |input: usize, output: usize| f64::from(floats[(output * 4 + input % 4) * 3 + input / 4]);
        let expected = expected(windows, 6, weight);
        assert_eq!(expected.len(), 4 * 6);
        check(windows, &linear, &expected);
    }

    #[test]
    fn the_largest_neighbours_do_not_saturate() {
        // Every product at its largest, and all of one sign.
        for value in [122i8, -122] {
            let weights = Quantised { shape: vec![64, 8], values: Bytes::from(vec![value as u8; 512]), scale: 1.0, zero: 0 };
            let linear = Kernels::default().linear(&weights, None).unwrap();
            let mut out = Vec::new();
            Kernels::default().run(&linear, Rows::of(&[2.0; 64], 64), &mut out);
            assert!(out.iter().all(|y| (y - 2.0 * 64.0 * f32::from(value)).abs() < 1.0), "{out:?}");
        }
    }

    #[test]
    fn silence_and_huge_numbers_stay_what_they_are() {
        let linear = Kernels::default().linear(&weights(&[4, 2], 1, 1), None).unwrap();
        let mut out = Vec::new();
        Kernels::default().run(&linear, Rows::of(&[0.0; 8], 4), &mut out);
        assert_eq!(out, [0.0; 4]);
        Kernels::default().run(&linear, Rows::of(&[1e30, -1e30, 0.0, 1e30], 4), &mut out);
        assert!(out.iter().all(|y| y.is_finite()));
    }
}
