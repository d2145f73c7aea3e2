//! The engines a board has room for, each judged on a network.

use super::area::{block_rams, Area};
use super::curve::Curve;
use super::evaluate::{evaluate, Evaluation, Judgement};
use super::shape::map_words;
use super::streaming::Weights;
use super::workload::{Job, Work, Workload};
use crate::error::MapErrors;
use cortado_arch::board::Board;
use cortado_arch::{preset, ActivationKind, Architecture, DataType, ExternalMemory};
use std::thread;

/// Share of the look-up tables up to which designs route.
const ROUTABLE: f64 = 0.8;

/// Most words of a memory: addresses have 16 bits.
const MOST_WORDS: usize = 1 << 16;

/// What to explore: the workload as an engine of Tm output lanes sees it, and the board.
pub struct Request<'a> {
    pub workload: &'a (dyn Fn(usize) -> Result<Workload, MapErrors> + Sync),
    pub board: &'a Board,
    pub judgement: Judgement,
}

/// An engine, its size and its speed.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub arch: Architecture,
    pub area: Area,
    pub evaluation: Evaluation,
    /// No other candidate is both as fast and as small in logic.
    pub pareto: bool,
}

/// Every candidate that fits, the fastest first.
#[derive(Debug, Clone)]
pub struct Exploration {
    pub candidates: Vec<Candidate>,
    /// How many engines were considered; the others do not fit the board, or the network does not fit them.
    pub considered: usize,
}

/// Judges every engine that fits the board.
///
/// # Errors
/// What the mapper refuses of the network on every engine, by node.
pub fn explore(request: &Request) -> Result<Exploration, MapErrors> {
    let lanes = [2usize, 4, 8, 16, 32, 64];
    let mut found = Vec::new();
    let mut considered = 0;
    let mut refused = None;
    let results = thread::scope(|scope| {
        let workers: Vec<_> = lanes.iter().map(|&tm| scope.spawn(move || of_lanes(request, tm))).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for result in results {
        match result {
            Ok(Ok((candidates, tried))) => {
                found.extend(candidates);
                considered += tried;
            }
            Ok(Err(errors)) => refused = Some(errors),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    if let (true, Some(errors)) = (considered == 0, refused) {
        return Err(errors);
    }
    let speed = |one: &Candidate| (one.evaluation.cycles, one.area.lut, one.area.block_rams);
    found.sort_by(|a, b| speed(a).partial_cmp(&speed(b)).unwrap_or(std::cmp::Ordering::Equal));
    let mut smallest = usize::MAX;
    for candidate in &mut found {
        candidate.pareto = candidate.area.lut < smallest;
        smallest = smallest.min(candidate.area.lut);
    }
    Ok(Exploration { candidates: found, considered })
}

/// Every engine of `tm` output lanes.
fn of_lanes(request: &Request, tm: usize) -> Result<(Vec<Candidate>, usize), MapErrors> {
    let workload = (request.workload)(tm)?;
    let mut candidates = Vec::new();
    let mut considered = 0;
    for base in arrays(&workload, tm, request.board) {
        for arch in memories(&workload, base, request.board) {
            considered += 1;
            candidates.extend(judge(&workload, arch, request));
        }
    }
    Ok((candidates, considered))
}

fn judge(workload: &Workload, arch: Architecture, request: &Request) -> Option<Candidate> {
    let board = request.board;
    let area = Area::of(&arch, board);
    if area.share(board) > 1.0 || area.lut as f64 > ROUTABLE * board.resources.lut as f64 {
        return None;
    }
    // What a preset may not be is no engine.
    let arch = preset::parse(&arch.name, &arch.to_toml()).ok()?;
    let curve = Curve::of(board, &arch);
    let evaluation = evaluate(workload, &arch, &curve, request.judgement)?;
    Some(Candidate { arch, area, evaluation, pareto: false })
}

/// Arrays of `tm` output lanes, with the units the network has work for; memories are still empty.
fn arrays(workload: &Workload, tm: usize, board: &Board) -> Vec<Architecture> {
    let round = |amount: usize, to: usize| amount.div_ceil(to) * to;
    let powers = |low: usize, high: usize| (low.ilog2()..=high.ilog2()).map(|power| 1usize << power);
    let taps = workload.depthwise_taps();
    let patch = workload.patch_bytes();
    let mut arrays = Vec::new();
    for tn in powers((tm / 16).max(1), tm) {
        for requantise_lanes in powers(1, tm) {
            for requantise_cycles in [1, 4] {
                for patch_bytes in if patch > 0 { vec![0, round(patch, tn)] } else { vec![0] } {
                    for window_taps in if taps > 0 { vec![0, round(taps, tn)] } else { vec![0] } {
                        arrays.push(Architecture {
                            name: format!("explored-{}-{tm}x{tn}", board.name),
                            summary: format!("{} by {} multipliers for {}", tm, tn, workload.name),
                            family: board.family(),
                            clock_mhz: if board.family() == cortado_arch::Family::Generic {
                                0
                            } else {
                                board.clock_mhz
                            },
                            data_type: DataType::Int8,
                            tm,
                            tn,
                            requantise_lanes,
                            requantise_cycles,
                            residual_unit: workload.adds(),
                            window_taps,
                            patch_bytes,
                            activation_words: 0,
                            activation_kind: if board.resources.sprams > 0 {
                                ActivationKind::Spram
                            } else {
                                ActivationKind::Bram
                            },
                            weight_words: 0,
                            parameter_words: 0,
                            port_bytes: board.external.port_bytes.min(tm).min(8 * requantise_lanes),
                            burst_beats: if board.external.measured.is_empty() { 64 } else { 256 },
                            address_bits: board.external.bytes.max(2).ilog2() as usize,
                            external: external(board),
                        });
                    }
                }
            }
        }
    }
    arrays
}

/// The board's memory in cycles of the engine.
fn external(board: &Board) -> ExternalMemory {
    let (bytes, cycles) = (board.external.megabytes_per_s, board.clock_mhz.max(1));
    let divisor = gcd(bytes.max(1), cycles);
    ExternalMemory {
        latency_cycles: board.external.latency_cycles,
        bandwidth_bytes: bytes / divisor,
        bandwidth_cycles: cycles / divisor,
        burst_cycles: 0,
        bytes: board.external.bytes,
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

/// The ways to divide the board's block RAMs between weights and maps.
fn memories(workload: &Workload, base: Architecture, board: &Board) -> Vec<Architecture> {
    let groups = |job: &Job| match job.work {
        Work::Convolution { .. } | Work::Depthwise(_) => workload.maps[job.output].channels.div_ceil(base.tm),
        Work::Pool { .. } | Work::Identity => 1,
    };
    let wanted: usize = workload.jobs.iter().map(groups).sum::<usize>() * base.chunks();
    let parameter_words = wanted.next_power_of_two().clamp(16, 1024);
    let parameters = block_rams(board, parameter_words, base.parameter_word_bytes());
    let maps: usize = workload.maps.iter().map(|&map| map_words(map, &base)).sum();
    let bram = base.activation_kind == ActivationKind::Bram;
    let mut engines = Vec::new();
    let mut before = None;
    for weight_words in weight_depths(workload, &base) {
        let taken = parameters + block_rams(board, weight_words, base.weight_word_bytes());
        let Some(left) = board.resources.block_rams.checked_sub(taken) else { break };
        // As many blocks hold more words.
        if before.replace(taken) == Some(taken) {
            engines.pop();
        }
        let activation_words = if bram { most_words(board, left, base.tm) } else { spram_words(board, base.tm) };
        let activation_words = activation_words.min(maps.next_power_of_two()).min(MOST_WORDS);
        if activation_words > 0 {
            engines.push(Architecture { weight_words, parameter_words, activation_words, ..base.clone() });
        }
    }
    engines
}

/// Weight words worth trying: powers of two, those and a half, and what the largest output group takes.
fn weight_depths(workload: &Workload, base: &Architecture) -> Vec<usize> {
    const BLOCK: usize = 512;
    let group = Weights::of(workload, base).largest_group().div_ceil(BLOCK) * BLOCK;
    let powers = (5..=MOST_WORDS.ilog2()).flat_map(|power| [1usize << power, 3 << (power - 1)]);
    let mut depths: Vec<usize> = powers.chain([group]).filter(|depth| (1..=MOST_WORDS).contains(depth)).collect();
    depths.sort_unstable();
    depths.dedup();
    depths
}

/// Most words of `bytes` in `blocks` block RAMs.
fn most_words(board: &Board, blocks: usize, bytes: usize) -> usize {
    let shapes = board.resources.block_ram_shapes.iter();
    shapes.map(|&(depth, width)| blocks / (8 * bytes).div_ceil(width) * depth).max().unwrap_or(0)
}

/// Words of `bytes` in half of the board's single-port RAMs; the others stand for external memory.
fn spram_words(board: &Board, bytes: usize) -> usize {
    (board.resources.sprams / 2) / (8 * bytes).div_ceil(16) * 16384
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::board::board;

    #[test]
    fn the_memory_s_pace_is_in_cycles_of_the_engine() {
        let external = external(board("ku060").expect("a board"));
        assert_eq!((external.bandwidth_bytes, external.bandwidth_cycles), (50, 1));
        let external = super::external(board("ulx3s-25f").expect("a board"));
        assert_eq!((external.bandwidth_bytes, external.bandwidth_cycles), (2, 1));
    }

    #[test]
    fn block_rams_hold_what_they_are_asked_for() {
        for name in ["ulx3s-25f", "ku060", "hx8k-evn"] {
            let board = board(name).expect("a board");
            for bytes in [2, 4, 8, 16, 32] {
                for blocks in [1, 7, 20, board.resources.block_rams] {
                    let words = most_words(board, blocks, bytes);
                    assert!(words == 0 || block_rams(board, words, bytes) <= blocks, "{name} {bytes} {blocks}");
                }
            }
        }
    }
}
