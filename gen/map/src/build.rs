//! From the graph to the [`Network`]: storage shared by reshapes, layers in one form, the host's
//! part set apart, and every node that cannot be mapped refused by name.

use crate::error::{MapError, MapErrors};
use crate::factors::sum;
use crate::kernels::{channel_first, expand, still, widen};
use crate::network::{Grid, Kernel, Kind, Map, MapId, Network, Operation, Pool, Shape};
use cortado_graph::ir::{Graph, Node, Op, PoolKind, TensorId};

/// Builds the network of a valid graph for words of `word_channels` channels.
pub(crate) fn build(graph: &Graph, word_channels: usize) -> Result<Network, MapErrors> {
    cortado_graph::passes::validate(graph).map_err(|faults| {
        let error = |f: cortado_graph::passes::GraphFault| MapError {
            node: f.node.unwrap_or_else(|| graph.name.clone()),
            reason: f.what,
        };
        MapErrors(faults.into_iter().map(error).collect())
    })?;
    let &[input] = graph.inputs.as_slice() else {
        let reason = format!("{} inputs; the engine takes networks with one", graph.inputs.len());
        return Err(MapErrors::one(&graph.name, reason));
    };
    let host = host_nodes(graph);
    let mut builder =
        Builder { graph, word_channels, host: &host, maps: Vec::new(), place: vec![None; graph.tensors.len()] };
    let shape = builder.shape(input).map_err(|reason| MapErrors::one(&graph.tensors[input].name, reason))?;
    let input = builder.add_map(input, shape);
    let mut operations = Vec::new();
    let mut errors = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| !host[*index]) {
        match builder.operation(index, node) {
            Ok(operation) => operations.extend(operation),
            Err(reason) => {
                errors.push(MapError { node: node.name.clone(), reason });
                builder.assume(node);
            }
        }
    }
    if errors.is_empty() && operations.is_empty() {
        errors.push(MapError { node: graph.name.clone(), reason: "holds no layer for the engine".into() });
    }
    if !errors.is_empty() {
        return Err(MapErrors(errors));
    }
    let outputs = builder.outputs(input);
    Ok(Network {
        outputs,
        maps: builder.maps,
        operations,
        input,
        host: (0..graph.nodes.len()).filter(|&index| host[index]).collect(),
        transposed: false,
    })
}

/// Which nodes the host does: softmax and reshapes that only the host or nobody reads.
fn host_nodes(graph: &Graph) -> Vec<bool> {
    let mut host = vec![false; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let kept = graph.nodes.iter().enumerate().any(|(i, n)| !host[i] && n.inputs.contains(&node.output));
        host[index] = !kept && matches!(node.op, Op::Softmax(_) | Op::Reshape);
    }
    host
}

struct Builder<'a> {
    graph: &'a Graph,
    word_channels: usize,
    host: &'a [bool],
    maps: Vec<Map>,
    /// Where each tensor lies.
    place: Vec<Option<MapId>>,
}

impl Builder<'_> {
    fn shape(&self, tensor: TensorId) -> Result<Shape, String> {
        let shape = &self.graph.tensors[tensor].shape;
        let map = |height: usize, width: usize, channels: usize| Shape { height, width, channels };
        match *shape.as_slice() {
            [] => Ok(map(1, 1, 1)),
            [channels] => Ok(map(1, 1, channels)),
            [width, channels] => Ok(map(1, width, channels)),
            [height, width, channels] | [1, height, width, channels] => Ok(map(height, width, channels)),
            _ => Err(format!(
                "shape {shape:?}; the engine takes batches of one, with at most height, width and channels"
            )),
        }
    }

    fn add_map(&mut self, tensor: TensorId, shape: Shape) -> MapId {
        self.maps.push(Map { shape, tensors: vec![tensor], name: self.graph.tensors[tensor].name.clone() });
        self.place[tensor] = Some(self.maps.len() - 1);
        self.maps.len() - 1
    }

    /// Keeps later nodes meaningful after an error at `node`, so that all errors come at once.
    fn assume(&mut self, node: &Node) {
        let shape = self.shape(node.output).unwrap_or(Shape { height: 1, width: 1, channels: 1 });
        self.add_map(node.output, shape);
    }

    fn map_of(&self, tensor: TensorId) -> Result<MapId, String> {
        self.place[tensor].ok_or_else(|| format!("reads tensor {tensor}, which the host makes"))
    }

    /// The map of `tensor` and its shape, where the map's storage agrees with the tensor's shape.
    fn operand(&self, tensor: TensorId) -> Result<(MapId, Shape), String> {
        let map = self.map_of(tensor)?;
        let (shape, stored) = (self.shape(tensor)?, self.maps[map].shape);
        if stored.same_blocks(&shape, self.word_channels) {
            return Ok((map, shape));
        }
        Err(format!(
            "reads {:?} from storage of {}x{}x{}, whose channels are no multiple of {}: a reshape that moves bytes; \
             leave it to the ends of the network",
            self.graph.tensors[tensor].shape, stored.height, stored.width, stored.channels, self.word_channels
        ))
    }

    fn operation(&mut self, index: usize, node: &Node) -> Result<Option<Operation>, String> {
        let first = *node.inputs.first().ok_or("has no input")?;
        let (kind, input, input_shape, sum) = match &node.op {
            Op::Reshape => return self.reshape(node, first).map(|()| None),
            Op::Softmax(_) => return Err("softmax runs on the host, at the end of the network only".into()),
            Op::FullyConnected(fc) => {
                let shape = self.shape(node.output)?;
                let (map, from) = if shape.pixels() == 1 {
                    let map = self.map_of(first)?;
                    (map, self.maps[map].shape)
                } else {
                    let channels = self.shape(first)?.elements() / shape.pixels();
                    let map = self.map_of(first)?;
                    let from = Shape { channels, ..shape };
                    if !self.maps[map].shape.same_blocks(&from, self.word_channels) {
                        return Err("reads a batch from a map that lies otherwise; split the batch".into());
                    }
                    (map, from)
                };
                let grid = if shape.pixels() == 1 {
                    Grid { kernel: (from.height, from.width), ..Grid::POINT }
                } else {
                    Grid::POINT
                };
                let kernel = Kernel {
                    grid,
                    weights: fc.weights.clone(),
                    bias: fc.bias.clone(),
                    input_zero_point: fc.input_zero_point,
                    output: fc.output.clone(),
                };
                (Kind::Convolution(kernel), map, from, None)
            }
            Op::Conv2d(conv) => {
                let (map, from) = self.operand(first)?;
                let channels = from.channels;
                let (grid, weights) = expand(&conv.window, &conv.weights, conv.bias.len(), channels)?;
                let kernel = Kernel {
                    grid,
                    weights,
                    bias: conv.bias.clone(),
                    input_zero_point: conv.input_zero_point,
                    output: conv.output.clone(),
                };
                (Kind::Convolution(kernel), map, from, None)
            }
            Op::DepthwiseConv2d(conv) => {
                let (map, from) = self.operand(first)?;
                let by_channel = channel_first(&conv.weights, conv.bias.len());
                let (grid, weights) = expand(&conv.window, &by_channel, conv.bias.len(), 1)?;
                let kernel = Kernel {
                    grid,
                    weights,
                    bias: conv.bias.clone(),
                    input_zero_point: conv.input_zero_point,
                    output: conv.output.clone(),
                };
                let kind = if conv.depth_multiplier == 1 {
                    Kind::Depthwise(kernel)
                } else {
                    Kind::Convolution(widen(kernel, conv.depth_multiplier, from.channels)?)
                };
                (kind, map, from, None)
            }
            Op::Pool2d(pool) => {
                let (map, from) = self.operand(first)?;
                if pool.window.dilation != (1, 1) {
                    return Err(format!("dilation {:?}; a pool needs 1", pool.window.dilation));
                }
                let window = &pool.window;
                let grid = Grid { kernel: window.kernel, stride: window.stride, padding: window.padding };
                let average = pool.kind == PoolKind::Average;
                (Kind::Pool(Pool { average, grid, min: pool.min, max: pool.max }), map, from, None)
            }
            Op::Add(add) => {
                let (map, from) = self.operand(first)?;
                let (residual, _) = self.operand(*node.inputs.get(1).ok_or("has one input; an add needs two")?)?;
                (Kind::Identity, map, from, Some(sum(add, residual)?))
            }
        };
        let shape = self.shape(node.output)?;
        let output = self.add_map(node.output, shape);
        let macs = node.macs(self.graph);
        let kind = still(kind, shape);
        Ok(Some(Operation { nodes: vec![index], name: node.name.clone(), kind, input, input_shape, output, sum, macs }))
    }

    /// Gives the output of a reshape its input's storage.
    fn reshape(&mut self, node: &Node, from: TensorId) -> Result<(), String> {
        let map = self.map_of(from)?;
        let shape = self.shape(node.output)?;
        if !self.maps[map].shape.same_blocks(&shape, self.word_channels) {
            let nodes = || self.graph.nodes.iter().enumerate().filter(|(i, _)| !self.host[*i]).map(|(_, n)| n);
            let only_here = self.maps[map].tensors.iter().all(|t| {
                let read = |n: &&Node| n.inputs.contains(t) && !matches!(n.op, Op::Reshape);
                nodes().find(read).is_none() && nodes().filter(|n| n.inputs.contains(t)).count() == 1
            });
            let flat = nodes()
                .filter(|n| n.inputs.contains(&node.output))
                .all(|n| matches!(n.op, Op::FullyConnected(_)) && self.shape(n.output).is_ok_and(|s| s.pixels() == 1));
            if self.graph.inputs.contains(&self.maps[map].tensors[0]) && only_here {
                // The host brings the input in any shape of the same bytes.
                self.maps[map].shape = shape;
            } else if !flat {
                let (a, b) = (self.maps[map].shape, self.word_channels);
                return Err(format!(
                    "moves bytes: {} channels are no multiple of {b} (Tm); reshapes at the ends, or before a fully \
                     connected layer, are free",
                    a.channels
                ));
            }
        }
        self.maps[map].tensors.push(node.output);
        self.place[node.output] = Some(map);
        Ok(())
    }

    /// Maps the host reads: graph outputs and inputs of the host's nodes.
    fn outputs(&self, input: MapId) -> Vec<MapId> {
        let host = self.graph.nodes.iter().zip(self.host).filter(|(_, host)| **host);
        let read = host.flat_map(|(n, _)| n.inputs.iter()).chain(&self.graph.outputs);
        let mut maps: Vec<MapId> = read.filter_map(|&t| self.place[t]).filter(|&m| m != input).collect();
        maps.sort_unstable();
        maps.dedup();
        maps
    }
}
