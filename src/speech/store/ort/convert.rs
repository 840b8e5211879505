//! The two formats side by side. Numbers are the slots of ONNX Runtime's schema and the fields of
//! ONNX's.

use std::collections::{HashMap, HashSet};

use super::flatbuffer::{OrtError, Table};
use super::protobuf::Message;

type Result<T> = std::result::Result<T, OrtError>;

/// Graphs within graphs that a model may have.
const DEPTH: usize = 8;
/// The kind of value that is a tensor, in both type fields that occur.
const TENSOR: u8 = 1;

/// Converts a whole model.
///
/// # Errors
/// [`OrtError`] when the bytes are not a sound `.ort` model.
pub(in super::super) fn to_onnx(ort: &[u8]) -> Result<Vec<u8>> {
    let model = Table::root(ort)?.table(1)?.ok_or(OrtError::Missing("model"))?;
    let mut onnx = Message::default();
    onnx.integer(1, model.i64(0)?);
    onnx.bytes(2, model.text(2)?);
    for import in model.tables(1)? {
        let mut opset = Message::default();
        opset.bytes(1, import.text(0)?);
        opset.integer(2, import.i64(1)?);
        onnx.message(8, &opset);
    }
    let main = model.table(7)?.ok_or(OrtError::Missing("graph"))?;
    onnx.message(7, &graph(main, b"main", DEPTH)?);
    Ok(onnx.into_bytes())
}

fn graph(graph: Table, name: &[u8], depth: usize) -> Result<Message> {
    let depth = depth.checked_sub(1).ok_or(OrtError::Graph)?;
    let mut onnx = Message::default();
    for node in ordered(graph.tables(2)?)? {
        onnx.message(1, &node_message(node, depth)?);
    }
    onnx.bytes(2, name);
    let mut initialised = HashSet::new();
    for initializer in graph.tables(0)? {
        initialised.insert(initializer.text(0)?);
        onnx.message(5, &tensor(initializer)?);
    }
    let mut values = HashMap::new();
    for value in graph.tables(1)? {
        values.insert(value.text(0)?, value);
    }
    let inputs = graph.texts(5)?.into_iter().filter(|name| !initialised.contains(name));
    for name in inputs {
        onnx.message(11, &value_info(name, values.get(name))?);
    }
    for name in graph.texts(6)? {
        onnx.message(12, &value_info(name, values.get(name))?);
    }
    Ok(onnx)
}

/// The nodes so that each comes after those whose results it takes, as `.onnx` wants them.
fn ordered(nodes: Vec<Table>) -> Result<Vec<Table>> {
    let mut waiting = Vec::new();
    let mut pending = HashSet::new();
    for node in nodes {
        let mut needs = node.texts(8)?;
        needs.extend(node.texts(12)?);
        let makes = node.texts(9)?;
        pending.extend(makes.iter().copied());
        waiting.push((node, needs, makes));
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|(node, needs, makes)| {
            if needs.iter().any(|name| pending.contains(name)) {
                return true;
            }
            makes.iter().for_each(|name| {
                pending.remove(name);
            });
            order.push(*node);
            false
        });
        if waiting.len() == before {
            return Err(OrtError::Graph);
        }
    }
    Ok(order)
}

fn node_message(node: Table, depth: usize) -> Result<Message> {
    let mut onnx = Message::default();
    for input in node.texts(8)? {
        onnx.bytes(1, input);
    }
    for output in node.texts(9)? {
        onnx.bytes(2, output);
    }
    onnx.bytes(3, node.text(0)?);
    onnx.bytes(4, node.text(5)?);
    for attribute in node.tables(10)? {
        onnx.message(5, &attribute_message(attribute, depth)?);
    }
    onnx.bytes(7, node.text(2)?);
    Ok(onnx)
}

fn attribute_message(attribute: Table, depth: usize) -> Result<Message> {
    let missing = OrtError::Missing("attribute value");
    let mut onnx = Message::default();
    let name = attribute.text(0)?;
    onnx.bytes(1, name);
    let kind = attribute.i32(2)?;
    match kind {
        1 => onnx.float(2, attribute.f32(3)?),
        2 => onnx.integer(3, attribute.i64(4)?),
        3 => onnx.bytes(4, attribute.text(5)?),
        4 => onnx.message(5, &tensor(attribute.table(6)?.ok_or(missing)?)?),
        5 => onnx.message(6, &graph(attribute.table(7)?.ok_or(missing)?, name, depth)?),
        6 => attribute.f32s(8)?.into_iter().for_each(|value| onnx.float(7, value)),
        7 => attribute.i64s(9)?.into_iter().for_each(|value| onnx.integer(8, value)),
        8 => attribute.texts(10)?.into_iter().for_each(|value| onnx.bytes(9, value)),
        kind => return Err(OrtError::Attribute(kind)),
    }
    onnx.integer(20, i64::from(kind));
    Ok(onnx)
}

fn tensor(tensor: Table) -> Result<Message> {
    let mut onnx = Message::default();
    for dimension in tensor.i64s(2)? {
        onnx.integer(1, dimension);
    }
    onnx.integer(2, i64::from(tensor.i32(3)?));
    for text in tensor.texts(5)? {
        onnx.bytes(6, text);
    }
    onnx.bytes(8, tensor.text(0)?);
    if let Some(raw) = tensor.bytes(4)? {
        onnx.bytes(9, raw);
    }
    Ok(onnx)
}

/// A graph's input or output: its name and, for a tensor, element type and shape.
fn value_info(name: &[u8], value: Option<&Table>) -> Result<Message> {
    let mut onnx = Message::default();
    onnx.bytes(1, name);
    let kind = match value {
        Some(value) => value.table(2)?,
        None => None,
    };
    if let Some(kind) = kind.filter(|kind| kind.u8(1) == Ok(TENSOR)) {
        let mut tensor_type = Message::default();
        tensor_type.message(1, &tensor_type_message(kind.table(2)?.ok_or(OrtError::Missing("type"))?)?);
        onnx.message(2, &tensor_type);
    }
    Ok(onnx)
}

fn tensor_type_message(tensor: Table) -> Result<Message> {
    let mut onnx = Message::default();
    onnx.integer(1, i64::from(tensor.i32(0)?));
    if let Some(shape) = tensor.table(1)? {
        let mut dimensions = Message::default();
        for dimension in shape.tables(0)? {
            dimensions.message(1, &dimension_message(dimension)?);
        }
        onnx.message(2, &dimensions);
    }
    Ok(onnx)
}

/// A dimension is a number, a name, or open.
fn dimension_message(dimension: Table) -> Result<Message> {
    let mut onnx = Message::default();
    if let Some(value) = dimension.table(0)? {
        match value.u8(0)? {
            1 => onnx.integer(1, value.i64(1)?),
            2 => onnx.bytes(2, value.text(2)?),
            _ => {}
        }
    }
    Ok(onnx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_a_model() {
        assert_eq!(to_onnx(b""), Err(OrtError::NotOrt));
        assert_eq!(to_onnx(b"\x08\0\0\0ORTM"), Err(OrtError::Damaged(0)));
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_any_bytes(noise: Vec<u8>) {
            let mut file = vec![12, 0, 0, 0, b'O', b'R', b'T', b'M'];
            file.extend(noise);
            let _ = to_onnx(&file);
        }
    }
}
