//! One engine judged: the schedule, what of the weights stays, and every layer's place under the roofline.

use super::curve::Curve;
use super::engine::{Engine, Place};
use super::schedule::{schedule, Schedule};
use super::streaming::{Streaming, Weights};
use super::uniform::{Mapping, Model};
use super::workload::Workload;
use cortado_arch::isa::Mode;
use cortado_arch::Architecture;
use serde::Serialize;

/// A layer as it is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerPoint {
    pub name: String,
    pub macs: u64,
    #[serde(serialize_with = "mode_name")]
    pub mode: Mode,
    pub mapping: Option<Mapping>,
    /// Rows of output made at a time: Tr.
    pub rows: usize,
    /// Where its input and its output lie.
    pub input: Place,
    pub output: Place,
    /// Cycles of one image.
    pub cycles: f64,
    pub compute_cycles: f64,
    pub transfer_cycles: f64,
    /// Bytes over the port for one image.
    pub bytes: f64,
    /// Operations (two a multiply-accumulate) per byte, each byte counted gamma times; `None` without transfers.
    pub ctc: Option<f64>,
    /// Operations per cycle.
    pub attained: f64,
}

fn mode_name<S: serde::Serializer>(mode: &Mode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{mode:?}").to_lowercase())
}

/// An engine as the roofline sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Cycles of one image.
    pub cycles: f64,
    pub macs: u64,
    /// `macs / (cycles * Tm * Tn)`.
    pub utilisation: f64,
    /// Share of the weights that a run brings from external memory.
    pub streamed: f64,
    /// Rows and columns of every map are swapped on chip.
    pub transposed: bool,
    /// Where the network's input lies.
    pub input: Place,
    /// Bytes per cycle of the longest transfers.
    pub bandwidth: f64,
    pub layers: Vec<LayerPoint>,
}

/// How to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    pub model: Model,
    /// Images that fully connected layers work on together, at least 1.
    pub batch: usize,
}

/// Judges `arch` behind a memory of bandwidth `curve`; `None` when the network does not fit.
pub fn evaluate(workload: &Workload, arch: &Architecture, curve: &Curve, judgement: Judgement) -> Option<Evaluation> {
    let upright = oriented(workload, arch, curve, judgement, false);
    let oblong = workload.maps.iter().any(|map| map.height != map.width);
    if !oblong || !workload.can_transpose() {
        return upright;
    }
    let turned = oriented(&workload.transposed(), arch, curve, judgement, true);
    match (upright, turned) {
        (Some(a), Some(b)) => Some(if b.cycles < a.cycles { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn oriented(
    workload: &Workload,
    arch: &Architecture,
    curve: &Curve,
    Judgement { model, batch }: Judgement,
    transposed: bool,
) -> Option<Evaluation> {
    let flat = curve.flattened();
    let curve = if model == Model::Original { &flat } else { curve };
    let weights = Weights::of(workload, arch);
    let streamed = if weights.words() <= arch.weight_words { 0.0 } else { 1.0 };
    let engine = Engine { arch, curve, model, batch: batch.max(1), streamed };
    let schedule = schedule(workload, &engine)?;
    let streaming = match streamed > 0.0 {
        true => weights.streaming(&schedule, &engine),
        false => Streaming::none(schedule.ways.len()),
    };
    Some(evaluation(workload, &engine, &schedule, &streaming, transposed))
}

fn evaluation(
    workload: &Workload,
    engine: &Engine,
    schedule: &Schedule,
    streaming: &Streaming,
    transposed: bool,
) -> Evaluation {
    let mut place = vec![Place::External; workload.maps.len()];
    place[workload.input] = schedule.input;
    let mut layers = Vec::with_capacity(workload.jobs.len());
    let (shares, times) = (&streaming.shares, streaming.cycles(&schedule.ways));
    for (((job, way), &share), cycles) in workload.jobs.iter().zip(&schedule.ways).zip(shares).zip(times) {
        let cost = &way.cost;
        let transfers = cost.maps + share * cost.weights;
        let operations = 2.0 * job.macs as f64;
        layers.push(LayerPoint {
            name: job.name.clone(),
            macs: job.macs,
            mode: way.mode,
            mapping: way.mapping,
            rows: way.rows,
            input: place[job.input],
            output: way.output,
            cycles,
            compute_cycles: cost.compute,
            transfer_cycles: transfers,
            bytes: cost.map_bytes + share * cost.weight_bytes,
            // Cycles of transfers at full bandwidth are bytes weighed with gamma.
            ctc: (transfers > 0.0).then(|| operations / (transfers * engine.curve.maximum())),
            attained: operations / cycles,
        });
        place[job.input] = way.input;
        place[job.output] = way.output;
    }
    let cycles: f64 = layers.iter().map(|layer| layer.cycles).sum();
    let macs = workload.macs();
    let weights: f64 = schedule.ways.iter().map(|way| way.cost.weight_bytes).sum();
    let streamed: f64 = schedule.ways.iter().zip(shares).map(|(way, share)| way.cost.weight_bytes * share).sum();
    Evaluation {
        cycles,
        macs,
        utilisation: macs as f64 / (cycles * engine.arch.macs() as f64),
        streamed: if weights > 0.0 { streamed / weights } else { 0.0 },
        transposed,
        input: schedule.input,
        bandwidth: engine.curve.maximum(),
        layers,
    }
}
