//! Whether a graph means anything: wiring, shapes and the lengths of its constants.
//!
//! A graph that passes can be executed without looking at any of it again.

use crate::geometry::{elements, span};
use crate::ir::{
    DataType, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise, TensorId, Window, ACCUMULATOR_BITS,
    MOST_AVERAGED,
};
use std::fmt;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphFault {
    /// Name of the node at fault; `None` when the fault is the graph's.
    pub node: Option<String>,
    pub what: String,
}

impl fmt::Display for GraphFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "node {node}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for GraphFault {}

/// Checks that every tensor is produced exactly once and before it is read, and that each node's
/// shapes, constants and parameters agree.
///
/// # Errors
/// Every broken rule, in execution order.
pub fn validate(graph: &Graph) -> Result<(), Vec<GraphFault>> {
    let mut faults = Vec::new();
    for (id, tensor) in graph.tensors.iter().enumerate() {
        if tensor.shape.contains(&0) || elements(&tensor.shape).is_none() {
            faults.push(GraphFault {
                node: None,
                what: format!("tensor {id} has the impossible shape {:?}", tensor.shape),
            });
        }
        if zero_point(graph.data_type, tensor.zero_point).is_err() {
            faults.push(GraphFault { node: None, what: format!("tensor {id} has zero point {}", tensor.zero_point) });
        }
    }
    wiring(graph, &mut faults);
    if faults.is_empty() {
        faults.extend(graph.nodes.iter().filter_map(|node| {
            let what = check(graph, node).err()?;
            Some(GraphFault { node: Some(node.name.clone()), what })
        }));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

fn wiring(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let mut made = vec![false; graph.tensors.len()];
    for &id in &graph.inputs {
        note(faults, None, make(&mut made, id));
    }
    for node in &graph.nodes {
        for &id in &node.inputs {
            note(faults, Some(node), read(&made, id));
        }
        note(faults, Some(node), make(&mut made, node.output));
    }
    for &id in &graph.outputs {
        note(faults, None, read(&made, id));
    }
    for (id, _) in made.iter().enumerate().filter(|(_, &made)| !made) {
        note(faults, None, Err(format!("tensor {id} is never produced")));
    }
}

fn note(faults: &mut Vec<GraphFault>, node: Option<&Node>, result: Result<(), String>) {
    if let Err(what) = result {
        faults.push(GraphFault { node: node.map(|node| node.name.clone()), what });
    }
}

fn make(made: &mut [bool], id: TensorId) -> Result<(), String> {
    match made.get_mut(id) {
        None => Err(format!("tensor {id} is not in the table")),
        Some(true) => Err(format!("tensor {id} is produced twice")),
        Some(slot) => {
            *slot = true;
            Ok(())
        }
    }
}

fn read(made: &[bool], id: TensorId) -> Result<(), String> {
    match made.get(id) {
        None => Err(format!("tensor {id} is not in the table")),
        Some(false) => Err(format!("tensor {id} is read before it is produced")),
        Some(true) => Ok(()),
    }
}

fn check(graph: &Graph, node: &Node) -> Result<(), String> {
    let arity = if matches!(node.op, Op::Add(_)) { 2 } else { 1 };
    if node.inputs.len() != arity {
        return Err(format!("{} inputs where {arity} are needed", node.inputs.len()));
    }
    let input = graph.tensors[node.inputs[0]].shape.as_slice();
    let output = graph.tensors[node.output].shape.as_slice();
    let data_type = graph.data_type;
    match &node.op {
        Op::Conv2d(conv) => {
            let (from, to) = (map(input)?, map(output)?);
            windows(&conv.window, from, to)?;
            let (height, width) = conv.window.kernel;
            constants(data_type, &conv.weights, &conv.bias, &[to[3], height, width, from[3]])?;
            zero_point(data_type, conv.input_zero_point)?;
            requantise(data_type, &conv.output, to[3])
        }
        Op::DepthwiseConv2d(conv) => {
            let (from, to) = (map(input)?, map(output)?);
            windows(&conv.window, from, to)?;
            if conv.depth_multiplier.checked_mul(from[3]) != Some(to[3]) {
                return Err(format!(
                    "depth multiplier {} between {} and {} channels",
                    conv.depth_multiplier, from[3], to[3]
                ));
            }
            let (height, width) = conv.window.kernel;
            constants(data_type, &conv.weights, &conv.bias, &[to[3], height, width])?;
            zero_point(data_type, conv.input_zero_point)?;
            requantise(data_type, &conv.output, to[3])
        }
        Op::FullyConnected(fc) => {
            let features = output.last().copied().unwrap_or(0);
            let batch = elements(output).unwrap_or(0) / features.max(1);
            let from = elements(input).unwrap_or(0);
            if batch == 0 || from % batch != 0 {
                return Err(format!("shape {input:?} into {output:?}"));
            }
            constants(data_type, &fc.weights, &fc.bias, &[features, from / batch])?;
            zero_point(data_type, fc.input_zero_point)?;
            requantise(data_type, &fc.output, features)
        }
        Op::Pool2d(pool) => pooling(data_type, pool, map(input)?, map(output)?),
        Op::Add(_) | Op::Softmax(_) if data_type == DataType::Int16 => {
            Err("an int16 graph has no adds and no softmax".to_string())
        }
        Op::Add(add) => {
            let other = graph.tensors[node.inputs[1]].shape.as_slice();
            if input != other || input != output {
                return Err(format!("shapes {input:?} and {other:?} into {output:?}"));
            }
            if add.left_shift > 22 {
                // 9 bits of difference and the sign must stay inside 32.
                return Err(format!("left shift {} is over 22", add.left_shift));
            }
            for multiplier in add.input_multipliers.iter().chain([&add.output_multiplier]) {
                factor(data_type, multiplier)?;
            }
            for point in add.input_zero_points.into_iter().chain([add.zero_point]) {
                zero_point(data_type, point)?;
            }
            bounds(data_type, add.min, add.max)
        }
        Op::Reshape => same(elements(input), elements(output), input, output),
        Op::Softmax(softmax) => {
            if softmax.input_multiplier < 0 || !(0..=31).contains(&softmax.input_left_shift) || softmax.diff_min > 0 {
                return Err(format!("impossible parameters {softmax:?}"));
            }
            same(Some(input), Some(output), input, output)
        }
    }
}

fn map(shape: &[usize]) -> Result<[usize; 4], String> {
    shape.try_into().map_err(|_| format!("shape {shape:?} where a map of four dimensions is needed"))
}

fn same<T: PartialEq>(a: T, b: T, from: &[usize], to: &[usize]) -> Result<(), String> {
    if a == b {
        Ok(())
    } else {
        Err(format!("shape {from:?} into {to:?}"))
    }
}

/// Every window must touch the map: none begins a whole span before it or after its end.
fn windows(window: &Window, from: [usize; 4], to: [usize; 4]) -> Result<(), String> {
    let axis = |input: usize, output: usize, kernel, stride: usize, dilation, before: usize| {
        let span = span(kernel, dilation)?;
        let last = (output - 1).checked_mul(stride)?;
        // Sums with the span are formed by the executor too, so they must not overflow.
        last.checked_add(span)?;
        (stride > 0 && before < span && last < input.checked_add(before)?).then_some(())
    };
    let rows = axis(from[1], to[1], window.kernel.0, window.stride.0, window.dilation.0, window.padding.0);
    let columns = axis(from[2], to[2], window.kernel.1, window.stride.1, window.dilation.1, window.padding.1);
    if rows.is_none() || columns.is_none() || from[0] != to[0] {
        return Err(format!("{window:?} takes {from:?} to {to:?}"));
    }
    Ok(())
}

fn pooling(data_type: DataType, pool: &Pool2d, from: [usize; 4], to: [usize; 4]) -> Result<(), String> {
    windows(&pool.window, from, to)?;
    let (height, width) = pool.window.kernel;
    // No weights bound a pool's window, and one beyond this sees nothing a smaller one does not.
    if height > 2 * from[1] || width > 2 * from[2] {
        return Err(format!(
            "a pool of {height}x{width} on a map of {}x{}: at most twice the map is taken",
            from[1], from[2]
        ));
    }
    if pool.window.dilation != (1, 1) {
        return Err("a dilated pool".to_string());
    }
    if from[3] != to[3] {
        return Err(format!("{} channels into {}", from[3], to[3]));
    }
    let averaged = data_type == DataType::Int16 && pool.kind == PoolKind::Average;
    if averaged && height.saturating_mul(width) > MOST_AVERAGED {
        return Err(format!(
            "an int16 average of {height}x{width}: at most {MOST_AVERAGED} positions have a reciprocal"
        ));
    }
    bounds(data_type, pool.min, pool.max)
}

/// `shape[0]` is the number of output channels.
fn constants(data_type: DataType, weights: &[i16], bias: &[i64], shape: &[usize]) -> Result<(), String> {
    if elements(shape) != Some(weights.len()) {
        return Err(format!("{} weights for {shape:?}", weights.len()));
    }
    if shape.first() != Some(&bias.len()) {
        return Err(format!("{} biases for {shape:?}", bias.len()));
    }
    let (low, high) = data_type.range();
    if let Some(weight) = weights.iter().find(|&&weight| !(low..=high).contains(&weight.into())) {
        return Err(format!("weight {weight} is not an {}", data_type.name()));
    }
    let bits = if data_type == DataType::Int8 { i32::BITS } else { ACCUMULATOR_BITS };
    let most = 1i64 << (bits - 1);
    if let Some(bias) = bias.iter().find(|&&bias| !(-most..most).contains(&bias)) {
        return Err(format!("bias {bias} does not fit {bits} bits"));
    }
    Ok(())
}

fn requantise(data_type: DataType, output: &Requantise, channels: usize) -> Result<(), String> {
    if output.multipliers.len() != channels {
        return Err(format!("{} multipliers for {channels} output channels", output.multipliers.len()));
    }
    for multiplier in &output.multipliers {
        factor(data_type, multiplier)?;
    }
    zero_point(data_type, output.zero_point)?;
    bounds(data_type, output.min, output.max)
}

fn factor(data_type: DataType, multiplier: &Multiplier) -> Result<(), String> {
    if data_type == DataType::Int16 {
        return multiplier
            .halvings()
            .map(|_| ())
            .ok_or_else(|| format!("{multiplier:?} is not a right shift by 0 to 47"));
    }
    let normalised = multiplier.q == 0 || multiplier.q >= 1 << 30;
    if normalised && (-31..=31).contains(&multiplier.shift) {
        Ok(())
    } else {
        Err(format!("{multiplier:?} is not a normalised factor"))
    }
}

fn zero_point(data_type: DataType, value: i32) -> Result<(), String> {
    match data_type {
        DataType::Int8 if i8::try_from(value).is_err() => Err(format!("zero point {value} is not an int8")),
        DataType::Int16 if value != 0 => Err(format!("zero point {value} in an int16 graph")),
        _ => Ok(()),
    }
}

fn bounds(data_type: DataType, min: i32, max: i32) -> Result<(), String> {
    let (low, high) = data_type.range();
    if low <= min && min <= max && max <= high {
        Ok(())
    } else {
        Err(format!("clamp bounds {min}..={max} do not lie in {}", data_type.name()))
    }
}
