//! The layers of a float graph, each written as its operator.

use super::place::{place, Placement};
use super::ranges::Code;
use super::walk::{integer_shape, refused, Placed, Refused, Walk};
use super::weights::{self, Setting};
use crate::float::{Constant, Convolution, FullyConnected, Node, Pool, PoolKind, TensorId, Window};
use crate::quantise::Activation;
use crate::tflite::write::{Operator, Sliding};

fn spatial(shape: &[usize]) -> (usize, usize) {
    (shape.get(2).copied().unwrap_or(1), shape.get(3).copied().unwrap_or(1))
}

impl Walk<'_> {
    fn sliding(&self, node: &Node, window: &Window, grows: bool) -> Result<(Sliding, Placement), Refused> {
        let (from, to) = (spatial(self.shape(node.inputs[0])), spatial(self.shape(node.output)));
        match place(window, from, to).filter(|placed| grows || !placed.is_grown()) {
            Some(placed) => {
                Ok((Sliding { padding: placed.padding, stride: window.stride, dilation: window.dilation }, placed))
            }
            None => refused(
                format!("padding {:?} and {:?} from a map of {from:?} to {to:?}", window.before, window.after),
                "a map of the input's size by the stride, or no padding, is needed",
            ),
        }
    }

    pub(super) fn convolution(
        &mut self,
        node: &Node,
        op: &Convolution,
        activation: Activation,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        let (sliding, zeros) = self.sliding(node, &op.window, true)?;
        let (kernel, bias) = present(&op.weights, op.bias.as_ref())?;
        let channels = self.shape(node.inputs[0])[1];
        let out = bias.len();
        let is_depthwise = op.groups == channels && channels > 1;
        if zeros.is_grown() {
            self.notes.push(format!("{:?}: zeros round its kernel say its padding", node.name));
        }
        let setting = self.setting(input, output)?;
        let (height, width) =
            (op.window.kernel.0 + zeros.before.0 + zeros.after.0, op.window.kernel.1 + zeros.before.1 + zeros.after.1);
        if is_depthwise {
            let quantised = weights::depthwise(op, (kernel, &bias), &zeros, &setting);
            let operator = Operator::DepthwiseConv2d(sliding, out / channels, activation);
            self.layer(node, operator, &[1, height, width, out], quantised, 3, input, output)
        } else {
            if op.groups > 1 {
                self.notes.push(format!("{:?}: its {} groups run as one, with zeros between", node.name, op.groups));
            }
            let quantised = weights::convolution(op, (kernel, &bias), &zeros, &setting);
            let shape = [out, height, width, channels];
            self.layer(node, Operator::Conv2d(sliding, activation), &shape, quantised, 0, input, output)
        }
    }

    pub(super) fn fully_connected(
        &mut self,
        node: &Node,
        op: &FullyConnected,
        activation: Activation,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let mut input = self.input(node, 0);
        let (matrix, bias) = present(&op.weights, op.bias.as_ref())?;
        if let &[batch, channels, height, width] = self.shape(node.inputs[0]) {
            let name = format!("{}/flatten", node.name);
            let flat = [batch, channels * height * width];
            let target = self.writer.shape(&format!("{name}/shape"), &flat);
            let index = self.writer.activation(&name, &flat, input.code.scale, input.code.zero_point);
            self.writer.operator(Operator::Reshape, &[input.index, target], index);
            input = Placed { index, flattened: Some([channels, height, width]), ..input };
        }
        let setting = self.setting(input, output)?;
        let quantised = weights::fully_connected(op, (matrix, &bias), input.flattened, &setting);
        self.layer(node, Operator::FullyConnected(activation), &op.weights.shape, quantised, 0, input, output)
    }

    /// What the weights between `input` and `output` are quantised for.
    fn setting(&self, input: Placed, output: TensorId) -> Result<Setting, Refused> {
        let output_scale = self.calibrated(output)?.scale;
        Ok(Setting { data_type: self.data_type, input_scale: input.code.scale, output_scale })
    }

    /// Adds weights, biases, the output and the operator on them.
    #[allow(clippy::too_many_arguments)] // Each is one word of a layer's line.
    fn layer(
        &mut self,
        node: &Node,
        operator: Operator,
        shape: &[usize],
        quantised: weights::Quantised,
        axis: i32,
        input: Placed,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let code = Code { scale: quantised.output_scale, ..self.calibrated(output)? };
        let placed = self.activation(output, code);
        let bias_scales = quantised.scales.iter().map(|scale| input.code.scale * scale).collect();
        let name = |what: &str| format!("{}/{what}", node.name);
        let weights = self.writer.weights(&name("weights"), shape, &quantised.weights, quantised.scales, axis);
        let bias = self.writer.bias(&name("bias"), &quantised.bias, bias_scales);
        self.writer.operator(operator, &[input.index, weights, bias], placed.index);
        Ok(placed)
    }

    pub(super) fn pool(
        &mut self,
        node: &Node,
        op: &Pool,
        activation: Activation,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        if op.window.dilation != (1, 1) {
            return refused("a dilated pool", "dilation 1 is needed");
        }
        let is_padded = op.window.before != (0, 0) || op.window.after != (0, 0);
        if op.kind == (PoolKind::Average { count_padding: true }) && is_padded {
            return refused("an average with the padding in it", "an average without padding is needed");
        }
        let (sliding, _) = self.sliding(node, &op.window, false)?;
        let placed = self.activation(output, input.code);
        let operator = match op.kind {
            PoolKind::Max => Operator::MaxPool2d(sliding, op.window.kernel, activation),
            PoolKind::Average { .. } => Operator::AveragePool2d(sliding, op.window.kernel, activation),
        };
        self.writer.operator(operator, &[input.index], placed.index);
        Ok(placed)
    }

    pub(super) fn reshape(&mut self, node: &Node, output: TensorId) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        let (from, to) = (self.shape(node.inputs[0]).to_vec(), self.shape(output).to_vec());
        let flattened = match (&from[..], &to[..]) {
            (&[batch, channels, height, width], &[same, _]) if batch == same => {
                (height * width > 1 && channels > 1).then_some([channels, height, width])
            }
            (&[batch, features], &[same, channels, _, _]) if batch == same && features == channels => None,
            _ => {
                return refused(
                    format!("shape {from:?} into {to:?}"),
                    "a map into a vector, or a vector into a map of 1 x 1, is needed",
                )
            }
        };
        let target = self.writer.shape(&format!("{}/shape", node.name), &integer_shape(&to));
        let placed = self.activation(output, input.code);
        self.writer.operator(Operator::Reshape, &[input.index, target], placed.index);
        Ok(Placed { flattened, ..placed })
    }
}

/// Weights and biases (zeros when the layer has none).
fn present<'c>(weights: &'c Constant, bias: Option<&Constant>) -> Result<(&'c [f32], Vec<f32>), Refused> {
    let out = weights.shape.first().copied().unwrap_or(0);
    let bias = bias.map_or_else(|| Some(vec![0.0; out]), |bias| bias.values.clone());
    match (weights.values.as_deref(), bias) {
        (Some(weights), Some(bias)) if weights.iter().chain(&bias).all(|value| value.is_finite()) => {
            Ok((weights, bias))
        }
        (Some(_), Some(_)) => refused("weights that are not finite", "train the network again"),
        _ => refused("no weights", "give the trained file with the definition"),
    }
}
