//! A network as exploration sees it: shapes and windows, no numbers.

use crate::build::build;
use crate::error::MapErrors;
use crate::fuse::fuse;
use crate::network::{Grid, Kind, Network, Shape};
use cortado_graph::ir::{DataType, Graph};

/// What a layer computes, by its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// All input channels of a group to each of its output channels.
    Convolution {
        grid: Grid,
        groups: usize,
    },
    /// Each channel on its own.
    Depthwise(Grid),
    Pool {
        grid: Grid,
        average: bool,
    },
    /// The input itself, for an add that nothing could take in.
    Identity,
}

/// One layer.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub name: String,
    pub work: Work,
    /// Indices into [`Workload::maps`].
    pub input: usize,
    /// The input as the layer sees it.
    pub input_shape: Shape,
    pub residual: Option<usize>,
    pub output: usize,
    /// Multiply-accumulates that count as work.
    pub macs: u64,
}

/// A network: jobs in execution order over a table of maps.
#[derive(Debug, Clone)]
pub struct Workload {
    pub name: String,
    pub(crate) maps: Vec<Shape>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) input: usize,
    pub(crate) outputs: Vec<usize>,
    /// Layers that the host does, which no cycle is counted for.
    pub host: Vec<String>,
}

impl Job {
    /// Maps read: the input, then the residual.
    pub fn reads(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.input).chain(self.residual)
    }

    /// A convolution that sees its whole input at once.
    pub fn is_fully_connected(&self) -> bool {
        let whole = |grid: &Grid| grid.kernel == (self.input_shape.height, self.input_shape.width);
        matches!(&self.work, Work::Convolution { grid, groups: 1 } if whole(grid) && grid.padding == (0, 0))
    }
}

impl Workload {
    /// The workload of a quantised network for activation words of `word_bytes` channels, adds taken into the layers
    /// that feed them as the mapper does.
    ///
    /// # Errors
    /// What the mapper refuses, by node.
    pub fn of_graph(graph: &Graph, word_bytes: usize) -> Result<Self, MapErrors> {
        if graph.data_type != DataType::Int8 {
            let reason = format!(
                "the network is of {}; exploration is of int8 engines: quantise it to int8, or give the float model",
                graph.data_type.name()
            );
            return Err(MapErrors::one(&graph.name, reason));
        }
        let mut network = build(graph, word_bytes)?;
        fuse(&mut network);
        let host = network.host.iter().filter_map(|&node| graph.nodes.get(node)).map(|node| node.name.clone());
        Ok(Self::of_network(&graph.name, &network, host.collect()))
    }

    fn of_network(name: &str, network: &Network, host: Vec<String>) -> Self {
        let jobs = network.operations.iter().map(|op| Job {
            name: op.name.clone(),
            work: match &op.kind {
                Kind::Convolution(kernel) => Work::Convolution { grid: kernel.grid, groups: 1 },
                Kind::Depthwise(kernel) => Work::Depthwise(kernel.grid),
                Kind::Pool(pool) => Work::Pool { grid: pool.grid, average: pool.average },
                Kind::Identity => Work::Identity,
            },
            input: op.input,
            input_shape: op.input_shape,
            residual: op.sum.map(|sum| sum.residual),
            output: op.output,
            macs: op.macs,
        });
        Self {
            name: name.to_owned(),
            maps: network.maps.iter().map(|map| map.shape).collect(),
            jobs: jobs.collect(),
            input: network.input,
            outputs: network.outputs.clone(),
            host,
        }
    }

    /// Multiply-accumulates of one inference.
    pub fn macs(&self) -> u64 {
        self.jobs.iter().map(|job| job.macs).sum()
    }

    /// Whether there is an add for the residual unit.
    pub(crate) fn adds(&self) -> bool {
        self.jobs.iter().any(|job| job.residual.is_some())
    }

    /// Taps of the largest depthwise window, 0 without any.
    pub(crate) fn depthwise_taps(&self) -> usize {
        let taps = |job: &Job| match &job.work {
            Work::Depthwise(grid) => grid.taps(),
            _ => 0,
        };
        self.jobs.iter().map(taps).max().unwrap_or(0)
    }

    /// Bytes of the patch of a convolution that reads the network's input, 0 where there is none or it is not the
    /// only reader.
    pub(crate) fn patch_bytes(&self) -> usize {
        let mut readers = self.jobs.iter().filter(|job| job.reads().any(|map| map == self.input));
        match (readers.next(), readers.next()) {
            (Some(Job { work: Work::Convolution { grid, groups: 1 }, input_shape, .. }), None) => {
                grid.taps() * input_shape.channels
            }
            _ => 0,
        }
    }

    /// Whether swapping rows and columns keeps every layer's meaning.
    pub(crate) fn can_transpose(&self) -> bool {
        self.jobs.iter().all(|job| job.input_shape == self.maps[job.input])
    }

    /// The same network on transposed maps.
    pub(crate) fn transposed(&self) -> Self {
        let mut other = self.clone();
        for map in &mut other.maps {
            *map = map.transposed();
        }
        for job in &mut other.jobs {
            job.input_shape = job.input_shape.transposed();
            match &mut job.work {
                Work::Convolution { grid, .. } | Work::Depthwise(grid) | Work::Pool { grid, .. } => {
                    *grid = grid.transposed();
                }
                Work::Identity => {}
            }
        }
        other
    }

    /// The job after which no other reads `map`; outputs are read by the host at the end.
    pub(crate) fn last_reader(&self, map: usize) -> Option<usize> {
        self.jobs.iter().rposition(|job| job.reads().any(|read| read == map))
    }
}
