//! The single layer other generators are measured with: 3x3, 16 to 32 channels, a 16x16 map, same padding.

use super::measure::{infer, Measured};
use super::SEED;
use crate::failure::Failure;
use crate::inputs::random_values;
use cortado_graph::ir::{Conv2d, DataType, Graph, Multiplier, Node, Op, Requantise, Tensor, Window};
use cortado_random::Rng;

const SIDE: usize = 16;
const INPUTS: usize = 16;
const OUTPUTS: usize = 32;
const KERNEL: usize = 3;

/// Measures the layer as one of a network whose maps are on chip: from the arrival of its input to its last result.
///
/// # Errors
/// Verilator is missing, or the engine is wrong.
pub fn measure() -> Result<Measured, Failure> {
    Ok(infer(&graph())?.layer_utilisation())
}

/// Measures the same with the input's arrival and the output's departure.
///
/// # Errors
/// As [`measure`].
pub fn with_transfers() -> Result<Measured, Failure> {
    Ok(infer(&graph())?.utilisation())
}

fn graph() -> Graph {
    let mut rng = Rng::new(SEED);
    let tensor = |name: &str, channels| Tensor {
        name: name.to_owned(),
        shape: vec![1, SIDE, SIDE, channels],
        scale: 1.0 / 64.0,
        zero_point: 3,
    };
    // Spreads sums of 144 random products, some 75 000 wide, over the int8 range.
    let multiplier = Multiplier { q: 1 << 30, shift: -8 };
    let conv = Conv2d {
        window: Window { kernel: (KERNEL, KERNEL), stride: (1, 1), dilation: (1, 1), padding: (1, 1) },
        weights: random_values(&mut rng, DataType::Int8, OUTPUTS * KERNEL * KERNEL * INPUTS),
        bias: random_values(&mut rng, DataType::Int8, OUTPUTS).into_iter().map(|value| i64::from(value) << 6).collect(),
        input_zero_point: 3,
        output: Requantise { multipliers: vec![multiplier; OUTPUTS], zero_point: 3, min: -128, max: 127 },
    };
    Graph {
        name: "conv3x3".to_owned(),
        data_type: DataType::Int8,
        tensors: vec![tensor("input", INPUTS), tensor("output", OUTPUTS)],
        nodes: vec![Node { name: "conv".to_owned(), op: Op::Conv2d(conv), inputs: vec![0], output: 1 }],
        inputs: vec![0],
        outputs: vec![1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_is_a_valid_graph_of_the_stated_work_and_uses_the_whole_int8_range() {
        let graph = graph();
        assert!(cortado_graph::passes::validate(&graph).is_ok());
        assert_eq!(graph.nodes[0].macs(&graph), 16 * 16 * 32 * 9 * 16);
        let input = random_values(&mut Rng::new(2), DataType::Int8, SIDE * SIDE * INPUTS);
        let output = cortado_golden::run(&graph, &input).expect("the graph runs").pop().unwrap_or_default();
        let (least, most) = (output.iter().min(), output.iter().max());
        assert!(least < Some(&-100) && most > Some(&100), "{least:?} to {most:?}");
    }
}
