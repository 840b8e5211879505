//! The weights in an ONNX file, by the names of the nodes that use them.

use std::collections::HashMap;

use bytes::Bytes;
use prost::Message;

use crate::WeightsError;

// The few fields of ONNX's protobuf that are read here; the numbers are those of onnx.proto3.

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<Tensor>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    inputs: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(message, optional, tag = "6")]
    graph: Option<Graph>,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    shape: Vec<i64>,
    #[prost(string, tag = "8")]
    name: String,
    /// Little-endian.
    #[prost(bytes = "bytes", tag = "9")]
    raw: Bytes,
}

impl Tensor {
    fn floats(&self) -> Vec<f32> {
        self.raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}

/// Weights as the file has them: each is `scale * (value - zero)`.
pub struct Quantised {
    pub shape: Vec<usize>,
    pub values: Bytes,
    pub scale: f32,
    pub zero: i32,
}

impl Quantised {
    pub fn values(&self) -> &[i8] {
        bytemuck::cast_slice(&self.values)
    }

    /// The lengths of so many dimensions.
    pub fn lengths<const N: usize>(&self) -> Result<[usize; N], WeightsError> {
        self.shape.as_slice().try_into().map_err(|_| self.misshapen())
    }

    /// The error for weights of another shape than they must have.
    pub fn misshapen(&self) -> WeightsError {
        WeightsError::Missing(format!("a layer with the shape {:?}", self.shape))
    }

    /// Each weight as a float.
    pub fn floats(&self) -> impl Iterator<Item = f32> + '_ {
        self.values().iter().map(|value| self.scale * (i32::from(*value) - self.zero) as f32)
    }
}

/// The weights of a model.
pub struct Weights {
    inputs: HashMap<String, Vec<String>>,
    tensors: HashMap<String, Tensor>,
}

impl Weights {
    pub fn read(file: Bytes) -> Result<Self, WeightsError> {
        let model = Model::decode(file).map_err(|e| WeightsError::NotOnnx(e.to_string()))?;
        let mut weights = Self { inputs: HashMap::new(), tensors: HashMap::new() };
        weights.add(model.graph.ok_or_else(|| WeightsError::NotOnnx("it has no graph".to_owned()))?);
        Ok(weights)
    }

    /// The nodes of both branches of the decoder have the same names and the same weights.
    fn add(&mut self, graph: Graph) {
        self.tensors.extend(graph.initializers.into_iter().map(|tensor| (tensor.name.clone(), tensor)));
        for node in graph.nodes {
            node.attributes.into_iter().filter_map(|attribute| attribute.graph).for_each(|graph| self.add(graph));
            self.inputs.insert(node.name, node.inputs);
        }
    }

    /// The 8-bit weights that a node multiplies with, or looks rows up in.
    pub fn quantised(&self, node: &str) -> Result<Quantised, WeightsError> {
        let missing = || WeightsError::Missing(node.to_owned());
        let inputs = self.inputs.get(node).ok_or_else(missing)?;
        let name = inputs.iter().find_map(|input| input.strip_suffix("_add_tensor")).ok_or_else(missing)?;
        let part = |part: &str| self.tensors.get(&format!("{name}_{part}")).ok_or_else(missing);
        let number = |tensor: &Tensor| tensor.raw.first_chunk().map(|bytes| f32::from_le_bytes(*bytes)).ok_or_else(missing);
        let values = part("quantized")?;
        let scale = number(part("scale")?)?;
        // What the graph adds after the scale is a whole number of steps.
        let zero = (-number(part("zero_point")?)? / scale).round();
        let shape: Vec<usize> = values.shape.iter().map(|length| usize::try_from(*length).unwrap_or(0)).collect();
        let sound = shape.iter().product::<usize>() == values.raw.len() && scale > 0.0 && zero.abs() <= 128.0;
        sound.then(|| Quantised { shape, values: values.raw.clone(), scale, zero: zero as i32 }).ok_or_else(missing)
    }

    /// The floats of this name.
    pub fn floats(&self, name: &str, length: usize) -> Result<Vec<f32>, WeightsError> {
        let found = self.tensors.get(name).filter(|tensor| tensor.raw.len() == length * size_of::<f32>());
        Ok(found.ok_or_else(|| WeightsError::Missing(name.to_owned()))?.floats())
    }

    /// The vector of floats that a node multiplies with or adds.
    pub fn vector(&self, node: &str, length: usize) -> Result<Vec<f32>, WeightsError> {
        let inputs = self.inputs.get(node).into_iter().flatten();
        let found = inputs.filter_map(|input| self.tensors.get(input)).find(|tensor| tensor.raw.len() == length * size_of::<f32>());
        Ok(found.ok_or_else(|| WeightsError::Missing(node.to_owned()))?.floats())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[i64], raw: Vec<u8>) -> Tensor {
        Tensor { shape: shape.to_vec(), name: name.to_owned(), raw: raw.into() }
    }

    fn node(name: &str, inputs: &[&str], attributes: Vec<Attribute>) -> Node {
        Node { inputs: inputs.iter().map(|input| (*input).to_owned()).collect(), name: name.to_owned(), attributes }
    }

    #[test]
    fn weights_are_found_by_the_node_that_uses_them() {
        let branch = Graph { nodes: vec![node("up", &["x", "w_add_tensor"], Vec::new())], initializers: Vec::new() };
        let graph = Graph {
            nodes: vec![node("if", &[], vec![Attribute { graph: Some(branch) }]), node("add", &["b", "y"], Vec::new())],
            initializers: vec![
                tensor("w_quantized", &[1, 3], vec![0xff, 2, 5]),
                tensor("w_scale", &[1], 0.5f32.to_le_bytes().to_vec()),
                tensor("w_zero_point", &[1], (-1.0f32).to_le_bytes().to_vec()),
                tensor("b", &[2], [1.5f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect()),
            ],
        };
        let weights = Weights::read(Model { graph: Some(graph) }.encode_to_vec().into()).unwrap();
        let found = weights.quantised("up").unwrap();
        assert_eq!((found.shape.as_slice(), found.values(), found.scale, found.zero), (&[1, 3][..], &[-1, 2, 5][..], 0.5, 2));
        assert_eq!(found.floats().collect::<Vec<_>>(), [-1.5, 0.0, 1.5]);
        assert_eq!(weights.vector("add", 2).unwrap(), [1.5, -2.0]);
        assert_eq!(weights.vector("add", 3), Err(WeightsError::Missing("add".to_owned())));
        assert!(weights.quantised("down").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _read_or_not = Weights::read(bytes.into());
        }
    }
}
