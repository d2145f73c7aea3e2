//! One fault each, and the words it draws.

use crate::common::flatbuffer::{byte, float, int};
use crate::common::model::{op, tensor, Model, FLOAT32};

pub type Break = fn(&mut Model);

/// Each breaks the sound model in one place and must draw exactly these words.
pub const CASES: &[(&str, Break, &str)] = &[
    // The file and its wiring
    ("nothing", |_| {}, "taken"),
    (
        "version",
        |m| m.version = 2,
        "m: E-TFLITE-FILE: schema version 2; convert again with TensorFlow 2, which writes version 3",
    ),
    ("no subgraph", |m| m.subgraphs = 0, "m: E-TFLITE-FILE: a model without a subgraph; convert the model again"),
    (
        "two subgraphs",
        |m| m.subgraphs = 2,
        "m: E-TFLITE-GRAPH: 2 subgraphs; one is taken: convert without control flow (IF, WHILE, CALL_ONCE)",
    ),
    (
        "no output",
        |m| m.outputs.clear(),
        "m: E-TFLITE-GRAPH: a model without an output; at least one output tensor is needed",
    ),
    (
        "an output beyond the table",
        |m| m.outputs = vec![99],
        "m: E-TFLITE-GRAPH: a model output is tensor 99; the file has tensors 0 to 14",
    ),
    (
        "an output nothing makes",
        |m| m.outputs = vec![tensor::DENSE_BIAS as i32],
        "m: E-TFLITE-GRAPH: the model output tensor 13 \"dense/b\" is never produced; every output \
         must come from an operator or an input",
    ),
    (
        "operators out of order",
        |m| m.operators.swap(op::POOL, op::RESHAPE),
        "m: operator 3 (RESHAPE): E-TFLITE-GRAPH: tensor 4 \"pooled\" is read before anything \
         produces it; operators must stand in execution order and begin at the model's inputs",
    ),
    (
        "two producers",
        |m| {
            let again = m.operators[op::SOFTMAX].clone();
            m.operators.push(again);
        },
        "m: operator 7 (SOFTMAX): E-TFLITE-GRAPH: tensor 7 \"output\" is produced twice; each tensor \
         has one producer: convert the model again",
    ),
    (
        "an input beyond the table",
        |m| m.operators[op::SOFTMAX].inputs = vec![-7],
        "m: operator 6 (SOFTMAX): E-TFLITE-GRAPH: input 0 is tensor -7; the file has tensors 0 to 14",
    ),
    (
        "an operator without inputs",
        |m| m.operators[op::SOFTMAX].inputs.clear(),
        "m: operator 6 (SOFTMAX): E-TFLITE-GRAPH: input 0 is no tensor; the file has tensors 0 to 14",
    ),
    (
        "an operator with two outputs",
        |m| m.operators[op::SOFTMAX].outputs = vec![7, 13],
        "m: operator 6 (SOFTMAX): E-TFLITE-GRAPH: 2 outputs; one output is needed",
    ),
    // Operators
    (
        "an unknown operator",
        |m| m.operators[op::SOFTMAX].code = 14,
        "m: operator 6 (LOGISTIC): E-TFLITE-OPERATOR: LOGISTIC is not supported; supported are ADD, \
         AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, MAX_POOL_2D, RESHAPE, SOFTMAX",
    ),
    (
        "a global mean",
        |m| m.operators[op::POOL].code = 40,
        "m: operator 3 (MEAN): E-TFLITE-OPERATOR: MEAN is not supported; average over the map with \
         an AVERAGE_POOL_2D of the map's size instead of a global mean",
    ),
    (
        "float ends",
        |m| {
            m.operators[op::SOFTMAX].code = 6;
            m.tensors[tensor::OUTPUT].element_type = FLOAT32;
        },
        "m: operator 6 (DEQUANTIZE): E-TFLITE-OPERATOR: DEQUANTIZE is not supported; convert with \
         inference_input_type = inference_output_type = int8, and quantise on the host",
    ),
    (
        "a fused activation the engine lacks",
        |m| m.operators[op::CONV].set(3, byte(4)),
        "m: operator 0 (CONV_2D): E-TFLITE-OPERATOR: a fused TANH; fused NONE, RELU, RELU_N1_TO_1 or \
         RELU6 are taken",
    ),
    (
        "shuffled weights",
        |m| m.operators[op::DENSE].set(1, byte(1)),
        "m: operator 5 (FULLY_CONNECTED): E-TFLITE-OPERATOR: weights in the shuffled format; the \
         default format is needed: convert the model again",
    ),
    (
        "an unknown padding",
        |m| m.operators[op::CONV].set(0, byte(7)),
        "m: operator 0 (CONV_2D): E-TFLITE-OPERATOR: padding number 7; SAME (0) or VALID (1) are needed",
    ),
    (
        "a constant operand",
        |m| m.tensors[tensor::DEPTHWISE].data = vec![0; 48],
        "m: operator 1 (DEPTHWISE_CONV_2D): E-TFLITE-OPERATOR: tensor 2 \"depthwise\" is a constant; an \
         activation is needed here: fold constants before converting",
    ),
    (
        "a computed shape",
        |m| m.tensors[tensor::SHAPE].data.clear(),
        "m: operator 4 (RESHAPE): E-TFLITE-OPERATOR: the new shape is tensor 14, which is not a \
         constant; a shape known at conversion is needed: fix the input's shape and convert again",
    ),
    // Types
    (
        "older quantisation",
        |m| m.tensors[tensor::SUM].element_type = 3,
        "m: operator 2 (ADD): E-TFLITE-TYPE: tensor 3 \"sum\" is UINT8; INT8 is needed: convert again \
         with a converter of TensorFlow 2, which quantises to INT8",
    ),
    (
        "16-bit biases",
        |m| m.tensors[tensor::CONV_BIAS].element_type = 4,
        "m: operator 0 (CONV_2D): E-TFLITE-TYPE: tensor 9 \"conv/b\" is INT64; INT32 is needed: convert \
         with full integer quantisation",
    ),
    // Shapes
    (
        "a grouped convolution",
        |m| {
            m.tensors[tensor::CONV_WEIGHTS].shape = vec![3, 3, 3, 1];
            m.tensors[tensor::CONV_WEIGHTS].data.truncate(27);
        },
        "m: operator 0 (CONV_2D): E-TFLITE-SHAPE: weights of 1 input channels on a map of 2; the two \
         must be equal (grouped convolutions are not taken)",
    ),
    (
        "a depth multiplier that does not multiply",
        |m| m.operators[op::DEPTHWISE].set(3, int(2)),
        "m: operator 1 (DEPTHWISE_CONV_2D): E-TFLITE-SHAPE: weights of shape [1, 3, 3, 3] and \
         depth_multiplier 2 on a map of 3 channels; the weights must be 1 x height x width x (channels * \
         depth_multiplier)",
    ),
    (
        "a stride of zero",
        |m| m.operators[op::CONV].set(2, int(0)),
        "m: operator 0 (CONV_2D): E-TFLITE-SHAPE: a window of 3x3, stride 0x1, dilation 1x1 on a map of \
         4x4; kernel, stride and dilation must be 1 or more and the window must fit the map",
    ),
    (
        "a window larger than the map",
        |m| m.operators[op::POOL].set(4, int(5)),
        "m: operator 3 (AVERAGE_POOL_2D): E-TFLITE-SHAPE: a window of 5x4, stride 4x4, dilation 1x1 on a \
         map of 4x4; kernel, stride and dilation must be 1 or more and the window must fit the map",
    ),
    (
        "a padded window far larger than the map",
        |m| {
            m.operators[op::POOL].set(0, byte(0));
            m.operators[op::POOL].set(4, int(i32::MAX));
        },
        "m: E-TFLITE-GRAPH: node 03_average_pool2d: a pool of 2147483647x4 on a map of 4x4: at most twice \
         the map is taken; convert the model again",
    ),
    (
        "an output the window does not give",
        |m| m.operators[op::CONV].set(2, int(2)),
        "m: operator 0 (CONV_2D): E-TFLITE-SHAPE: an output of shape [1, 4, 4, 3]; the window and the \
         weights give [1, 2, 4, 3]: convert the model again",
    ),
    (
        "broadcasting",
        |m| m.operators[op::ADD].inputs = vec![1, 0],
        "m: operator 2 (ADD): E-TFLITE-SHAPE: shapes [1, 4, 4, 3] and [1, 4, 4, 2] into [1, 4, 4, 3]; \
         three equal shapes are needed (broadcasting is not taken)",
    ),
    (
        "a reshape that loses elements",
        |m| m.operators[op::RESHAPE].inputs = vec![3, 14],
        "m: operator 4 (RESHAPE): E-TFLITE-SHAPE: shape [1, 4, 4, 3] into [1, 3]; both must hold the same \
         number of elements",
    ),
    (
        "rows that do not fit the weights",
        |m| m.operators[op::DENSE].inputs = vec![0, 12, 13],
        "m: operator 5 (FULLY_CONNECTED): E-TFLITE-SHAPE: weights of shape [2, 3] between shapes \
         [1, 4, 4, 2] and [1, 2]; the input must hold rows of the weights' second dimension, the output \
         rows of the first",
    ),
    (
        "an unknown dimension",
        |m| m.tensors[tensor::INPUT].shape[0] = -1,
        "m: E-TFLITE-SHAPE: tensor 0 \"input\" has shape [-1, 4, 4, 2]; 1 to 8 fixed dimensions of 1 or \
         more, fewer than 2^31 elements in all, are needed",
    ),
    (
        "a shape that overflows",
        |m| m.tensors[tensor::INPUT].shape = vec![i32::MAX; 4],
        "m: E-TFLITE-SHAPE: tensor 0 \"input\" has shape [2147483647, 2147483647, 2147483647, 2147483647]; \
         1 to 8 fixed dimensions of 1 or more, fewer than 2^31 elements in all, are needed",
    ),
    // Constants
    (
        "a bias too few",
        |m| {
            m.tensors[tensor::CONV_BIAS].shape = vec![2];
            m.tensors[tensor::CONV_BIAS].data.truncate(8);
        },
        "m: operator 0 (CONV_2D): E-TFLITE-SHAPE: tensor 9 \"conv/b\" has shape [2]; one bias for each of \
         the 3 output channels is needed",
    ),
    (
        "a bias cut short",
        |m| m.tensors[tensor::CONV_BIAS].data.truncate(8),
        "m: operator 0 (CONV_2D): E-TFLITE-DATA: tensor 9 \"conv/b\" holds 8 bytes; its shape needs 3 \
         values of 4 bytes: convert the model again",
    ),
    (
        "computed weights",
        |m| m.tensors[tensor::DENSE_WEIGHTS].data.clear(),
        "m: operator 5 (FULLY_CONNECTED): E-TFLITE-DATA: tensor 12 \"dense/w\" is not a constant; weights \
         and biases must be stored in the file",
    ),
    // Quantisation
    (
        "a scale that is no number",
        |m| m.tensors[tensor::SUM].scales = vec![f32::NAN],
        "m: operator 2 (ADD): E-TFLITE-QUANTISATION: tensor 3 \"sum\" has scale NaN; a scale must be a \
         positive, finite number: quantise the model again",
    ),
    (
        "a weight scale of zero",
        |m| m.tensors[tensor::CONV_WEIGHTS].scales[1] = 0.0,
        "m: operator 0 (CONV_2D): E-TFLITE-QUANTISATION: tensor 8 \"conv/w\" has scale 0; a scale must be a \
         positive, finite number: quantise the model again",
    ),
    (
        "no scale",
        |m| m.tensors[tensor::INPUT].scales.clear(),
        "m: E-TFLITE-QUANTISATION: tensor 0 \"input\" has 0 scales and 1 zero points; an activation needs \
         exactly one of each: quantise the model again",
    ),
    (
        "a zero point outside int8",
        |m| m.tensors[tensor::INPUT].zero_points = vec![128],
        "m: E-TFLITE-QUANTISATION: tensor 0 \"input\" has zero point 128; an INT8 zero point lies in \
         -128..=127: quantise the model again",
    ),
    (
        "asymmetric weights",
        |m| m.tensors[tensor::DENSE_WEIGHTS].zero_points = vec![3],
        "m: operator 5 (FULLY_CONNECTED): E-TFLITE-QUANTISATION: tensor 12 \"dense/w\" has zero point 3; \
         INT8 weights are symmetric (zero point 0): quantise the model again",
    ),
    (
        "scales along the wrong dimension",
        |m| m.tensors[tensor::CONV_WEIGHTS].axis = 3,
        "m: operator 0 (CONV_2D): E-TFLITE-QUANTISATION: tensor 8 \"conv/w\" has 3 scales along dimension \
         3; one scale, or 3 along dimension 0, are needed",
    ),
    (
        "a factor too large",
        |m| m.tensors[tensor::CONV].scales = vec![1e-30],
        "m: operator 0 (CONV_2D): E-TFLITE-QUANTISATION: output channel 0 is rescaled by \
         1.00e27; a factor below 2^31 is needed: quantise the model again",
    ),
    (
        "an add far too fine",
        |m| {
            m.tensors[tensor::SUM].scales = vec![1e-8];
            m.tensors[tensor::POOLED].scales = vec![1e-8];
        },
        "m: operator 2 (ADD): E-TFLITE-QUANTISATION: input scales 0.1 and 0.1 into output scale \
         0.00000001; factors below 1 are needed (an output scale under 2^-19 of the inputs' is out of \
         range): quantise the model again",
    ),
    (
        "a pool that changes scale",
        |m| m.tensors[tensor::POOLED].zero_points = vec![0],
        "m: operator 3 (AVERAGE_POOL_2D): E-TFLITE-QUANTISATION: scale 0.15 and zero point -128 into scale \
         0.15 and zero point 0; a pool's input and output must share both: quantise the model again",
    ),
    (
        "a softmax on another scale",
        |m| m.tensors[tensor::OUTPUT].zero_points = vec![0],
        "m: operator 6 (SOFTMAX): E-TFLITE-QUANTISATION: an output of scale 0.00390625 and zero point 0; an \
         INT8 softmax has scale 1/256 and zero point -128: quantise the model again",
    ),
    (
        "a softmax without exponent",
        |m| m.operators[op::SOFTMAX].set(0, float(0.0)),
        "m: operator 6 (SOFTMAX): E-TFLITE-QUANTISATION: beta 0 on an input of scale 0.2; their product \
         must pass 2^-26: set beta to 1 or quantise the model again",
    ),
];
