//! Builds a float graph node by node, with the shapes checked where they arise. Importers read
//! attributes; what the attributes mean for shapes stands here once.

use super::ir::*;
use crate::error::{Code, Fault};
use crate::geometry::elements;

/// A float graph that is being built.
#[derive(Debug)]
pub struct Builder {
    graph: FloatGraph,
    /// Name and file position of the operator whose nodes come next.
    operator: (String, usize),
}

fn shape_fault(came: impl Into<String>, would_do: impl Into<String>) -> Fault {
    Fault::new(Code::Shape, came, would_do)
}

impl Builder {
    pub(crate) fn new(name: &str) -> Builder {
        let graph = FloatGraph {
            name: name.to_string(),
            tensors: Vec::new(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        Builder { graph, operator: (String::new(), 0) }
    }

    pub(crate) fn finish(mut self, outputs: Vec<TensorId>) -> FloatGraph {
        self.graph.outputs = outputs;
        self.graph
    }

    /// The operator the next nodes belong to.
    pub(crate) fn enter(&mut self, name: &str, source: usize) {
        self.operator = (name.to_string(), source);
    }

    pub(crate) fn shape(&self, id: TensorId) -> &[usize] {
        &self.graph.tensors[id].shape
    }

    fn tensor(&mut self, name: String, shape: Vec<usize>) -> Result<TensorId, Fault> {
        let usable = (1..=4).contains(&shape.len()) && !shape.contains(&0) && elements(&shape).is_some();
        if !usable {
            return Err(shape_fault(
                format!("a tensor of shape {shape:?}"),
                "1 to 4 dimensions of 1 or more, under 2^31 elements in all, are needed",
            ));
        }
        self.graph.tensors.push(Tensor { name, shape, range: None });
        Ok(self.graph.tensors.len() - 1)
    }

    pub(crate) fn input(&mut self, name: &str, shape: Vec<usize>) -> Result<TensorId, Fault> {
        let id = self.tensor(name.to_string(), shape)?;
        self.graph.inputs.push(id);
        Ok(id)
    }

    fn node(&mut self, op: Op, inputs: Vec<TensorId>, shape: Vec<usize>) -> Result<TensorId, Fault> {
        let (name, source) = self.operator.clone();
        let output = self.tensor(name.clone(), shape)?;
        self.graph.nodes.push(Node { name, op, inputs, output, source });
        Ok(output)
    }

    /// The file quantises tensor `id` between these values.
    pub(crate) fn quantised(&mut self, id: TensorId, range: (f64, f64)) {
        self.graph.tensors[id].range = Some(range);
    }

    fn map(&self, id: TensorId) -> Result<[usize; 4], Fault> {
        self.shape(id)
            .try_into()
            .map_err(|_| shape_fault(format!("an input of shape {:?}", self.shape(id)), "a map (NCHW) is needed"))
    }

    pub(crate) fn convolution(&mut self, input: TensorId, op: Convolution) -> Result<TensorId, Fault> {
        let [batch, channels, height, width] = self.map(input)?;
        let Window { kernel, .. } = op.window;
        let out = op.weights.shape.first().copied().unwrap_or(0);
        let groups = op.groups;
        let divides = groups > 0 && out > 0 && channels % groups == 0 && out % groups == 0;
        if !divides {
            return Err(shape_fault(
                format!("{channels} channels into {out} in {groups} groups"),
                "the groups must divide both numbers of channels",
            ));
        }
        let expected = [out, channels / groups, kernel.0, kernel.1];
        expect(&op.weights, &expected, "weights")?;
        if let Some(bias) = &op.bias {
            expect_len(bias, out, "biases")?;
        }
        let (rows, columns) = slide(&op.window, (height, width), Rounding::Floor)?;
        self.node(Op::Convolution(op), vec![input], vec![batch, out, rows, columns])
    }

    pub(crate) fn fully_connected(&mut self, input: TensorId, op: FullyConnected) -> Result<TensorId, Fault> {
        let shape = self.shape(input);
        let (batch, features) = (shape[0], shape[1..].iter().product::<usize>());
        let out = op.weights.shape.first().copied().unwrap_or(0);
        expect(&op.weights, &[out, features], "weights")?;
        if let Some(bias) = &op.bias {
            expect_len(bias, out, "biases")?;
        }
        self.node(Op::FullyConnected(op), vec![input], vec![batch, out])
    }

    pub(crate) fn pool(&mut self, input: TensorId, op: Pool, rounding: Rounding) -> Result<TensorId, Fault> {
        let [batch, channels, height, width] = self.map(input)?;
        let (rows, columns) = slide(&op.window, (height, width), rounding)?;
        self.node(Op::Pool(op), vec![input], vec![batch, channels, rows, columns])
    }

    /// A pool over the whole map.
    pub(crate) fn global_pool(&mut self, input: TensorId, kind: PoolKind) -> Result<TensorId, Fault> {
        let [.., height, width] = self.map(input)?;
        let window =
            Window { kernel: (height, width), stride: (1, 1), dilation: (1, 1), before: (0, 0), after: (0, 0) };
        self.pool(input, Pool { kind, window }, Rounding::Floor)
    }

    pub(crate) fn affine(&mut self, input: TensorId, op: Affine) -> Result<TensorId, Fault> {
        let shape = self.shape(input).to_vec();
        let channels = shape.get(1).copied().unwrap_or(0);
        let fits = |values: &(Vec<f32>, Vec<f32>)| values.0.len() == op.channels && values.1.len() == op.channels;
        if channels != op.channels || !op.values.as_ref().is_none_or(fits) {
            return Err(shape_fault(
                format!("{} values for channels on shape {shape:?}", op.channels),
                "one a channel is needed",
            ));
        }
        self.node(Op::Affine(op), vec![input], shape)
    }

    pub(crate) fn clamp(&mut self, input: TensorId, low: f32, high: f32) -> Result<TensorId, Fault> {
        if low.is_nan() || high.is_nan() || low > high {
            return Err(Fault::new(Code::Operator, format!("bounds {low} to {high}"), "an ordered pair is needed"));
        }
        let shape = self.shape(input).to_vec();
        self.node(Op::Clamp { low, high }, vec![input], shape)
    }

    pub(crate) fn add(&mut self, a: TensorId, b: TensorId) -> Result<TensorId, Fault> {
        let shape = self.shape(a).to_vec();
        if shape != self.shape(b) {
            return Err(shape_fault(
                format!("shapes {shape:?} and {:?}", self.shape(b)),
                "equal shapes are needed (broadcasting is taken for constants, one value a channel)",
            ));
        }
        self.node(Op::Add, vec![a, b], shape)
    }

    pub(crate) fn reshape(&mut self, input: TensorId, shape: Vec<usize>) -> Result<TensorId, Fault> {
        if elements(&shape) != elements(self.shape(input)) {
            return Err(shape_fault(
                format!("shape {:?} into {shape:?}", self.shape(input)),
                "both must hold the same number of elements",
            ));
        }
        self.node(Op::Reshape, vec![input], shape)
    }

    pub(crate) fn softmax(&mut self, input: TensorId) -> Result<TensorId, Fault> {
        let shape = self.shape(input).to_vec();
        self.node(Op::Softmax, vec![input], shape)
    }

    pub(crate) fn lrn(&mut self, input: TensorId, op: Lrn) -> Result<TensorId, Fault> {
        let shape = self.map(input)?.to_vec();
        if op.size % 2 == 0 {
            return Err(shape_fault(format!("a normalisation over {} channels", op.size), "an odd number is needed"));
        }
        self.node(Op::Lrn(op), vec![input], shape)
    }
}

fn slide(window: &Window, input: (usize, usize), rounding: Rounding) -> Result<(usize, usize), Fault> {
    window.slide(input, rounding).ok_or_else(|| {
        shape_fault(
            format!(
                "a window of {:?}, stride {:?}, dilation {:?}, padding {:?} and {:?} on a map of {input:?}",
                window.kernel, window.stride, window.dilation, window.before, window.after
            ),
            "factors of 1 or more, padding smaller than the window, and a window that fits are needed",
        )
    })
}

fn expect(constant: &Constant, shape: &[usize], what: &str) -> Result<(), Fault> {
    let len = elements(shape);
    if constant.shape != shape || constant.values.as_ref().is_some_and(|values| Some(values.len()) != len) {
        return Err(shape_fault(
            format!("{what} of shape {:?}", constant.shape),
            format!("{shape:?} is needed by the layer and its input"),
        ));
    }
    Ok(())
}

fn expect_len(constant: &Constant, len: usize, what: &str) -> Result<(), Fault> {
    let held = constant.values.as_ref().map_or(constant.len(), Vec::len);
    if held != len || constant.len() != len {
        return Err(shape_fault(format!("{held} {what}"), format!("{len} are needed, one an output channel")));
    }
    Ok(())
}
