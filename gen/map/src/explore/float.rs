//! The workload of a float network: what quantisation will make of it, by shapes alone.

use super::workload::{Job, Work, Workload};
use crate::error::MapErrors;
use crate::network::{Grid, Shape};
use cortado_graph::float::{FloatGraph, Node, Op, PoolKind, Window};
use cortado_graph::geometry::span;

impl Workload {
    /// The workload of a float network. Normalisations, scales and clamps go into the layer before; what the
    /// integer graph has no operation for is left to the host.
    ///
    /// # Errors
    /// An add or a normalisation that no layer can take in, by node.
    pub fn of_float(graph: &FloatGraph) -> Result<Self, MapErrors> {
        let &[input] = graph.inputs.as_slice() else {
            let reason = format!("{} inputs; the engine takes networks with one", graph.inputs.len());
            return Err(MapErrors::one(&graph.name, reason));
        };
        let mut maker = Maker {
            graph,
            place: vec![0; graph.tensors.len()],
            workload: Workload {
                name: graph.name.clone(),
                maps: Vec::new(),
                jobs: Vec::new(),
                input: 0,
                outputs: Vec::new(),
                host: Vec::new(),
            },
        };
        maker.map(input);
        for node in &graph.nodes {
            maker.node(node).map_err(|reason| MapErrors::one(&node.name, reason))?;
        }
        let mut workload = maker.workload;
        workload.outputs = graph.outputs.iter().map(|&tensor| maker.place[tensor]).collect();
        if workload.jobs.is_empty() {
            return Err(MapErrors::one(&graph.name, "holds no layer for the engine"));
        }
        fuse(&mut workload);
        Ok(workload)
    }
}

struct Maker<'a> {
    graph: &'a FloatGraph,
    /// The map of each tensor seen so far.
    place: Vec<usize>,
    workload: Workload,
}

impl Maker<'_> {
    /// Rows, columns and channels of a tensor, which float graphs keep channel first.
    fn shape(&self, tensor: usize) -> Shape {
        match *self.graph.tensors[tensor].shape.as_slice() {
            [_, channels, height, width] => Shape { height, width, channels },
            ref other => Shape { height: 1, width: 1, channels: other.iter().skip(1).product::<usize>().max(1) },
        }
    }

    fn map(&mut self, tensor: usize) -> usize {
        self.workload.maps.push(self.shape(tensor));
        self.place[tensor] = self.workload.maps.len() - 1;
        self.place[tensor]
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        let first = *node.inputs.first().ok_or("has no input")?;
        let source = self.place[first];
        let input_shape = self.workload.maps[source];
        let mut residual = None;
        let work = match &node.op {
            Op::Reshape => None,
            Op::Softmax | Op::Lrn(_) => {
                self.workload.host.push(node.name.clone());
                None
            }
            Op::Affine(_) | Op::Clamp { .. } => {
                if !self.workload.jobs.iter().any(|job| job.output == source) {
                    return Err("reads the network's input; it goes into a layer before it: scale the input".into());
                }
                None
            }
            Op::Convolution(convolution) => {
                let grid = grid(&convolution.window)?;
                Some(if convolution.groups > 1 && convolution.groups == input_shape.channels {
                    Work::Depthwise(grid)
                } else {
                    Work::Convolution { grid, groups: convolution.groups.max(1) }
                })
            }
            Op::FullyConnected(_) => {
                let grid = Grid { kernel: (input_shape.height, input_shape.width), ..Grid::POINT };
                Some(Work::Convolution { grid, groups: 1 })
            }
            Op::Pool(pool) => Some(Work::Pool { grid: grid(&pool.window)?, average: pool.kind != PoolKind::Max }),
            Op::Add => {
                residual = node.inputs.get(1).map(|&tensor| self.place[tensor]);
                Some(Work::Identity)
            }
        };
        let Some(work) = work else {
            self.place[node.output] = source;
            return Ok(());
        };
        let output = self.map(node.output);
        let macs = node.macs(self.graph);
        let name = node.name.clone();
        self.workload.jobs.push(Job { name, work, input: source, input_shape, residual, output, macs });
        Ok(())
    }
}

/// A window as the engine takes it: dilation filled up with zeros.
fn grid(window: &Window) -> Result<Grid, String> {
    let side = |kernel, dilation| span(kernel, dilation).ok_or("a window of no size");
    Ok(Grid {
        kernel: (side(window.kernel.0, window.dilation.0)?, side(window.kernel.1, window.dilation.1)?),
        stride: window.stride,
        padding: window.before,
    })
}

/// Takes adds into the convolutions that feed them, as [`crate::fuse`] does for the integer network: one operand
/// must have no other reader, and of two candidates that with more work hides the addition better.
fn fuse(workload: &mut Workload) {
    while let Some((maker, add)) = fusable(workload) {
        let taken = workload.jobs[maker].clone();
        let sum = &mut workload.jobs[add];
        let residual = sum.reads().find(|&map| map != taken.output);
        *sum = Job { name: format!("{} + {}", taken.name, sum.name), residual, output: sum.output, ..taken };
        workload.jobs.remove(maker);
    }
}

fn fusable(workload: &Workload) -> Option<(usize, usize)> {
    let readers = |map: usize| workload.jobs.iter().flat_map(Job::reads).filter(|&read| read == map).count();
    let maker = |map: usize| {
        let index = workload.jobs.iter().position(|job| job.output == map)?;
        let job = &workload.jobs[index];
        let simple = job.residual.is_none() && matches!(job.work, Work::Convolution { .. } | Work::Depthwise(_));
        (simple && readers(map) == 1 && !workload.outputs.contains(&map)).then_some(index)
    };
    workload.jobs.iter().enumerate().find_map(|(index, add)| {
        let residual = add.residual.filter(|&map| add.work == Work::Identity && map != add.input)?;
        let makers = [add.input, residual].into_iter().filter_map(maker);
        makers.max_by_key(|&m| (workload.jobs[m].macs, m)).map(|m| (m, index))
    })
}
