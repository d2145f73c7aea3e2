//! The cheapest way of doing every job of a network: exact, by dynamic programming over (job, layout).
//!
//! A state is where each map lies that is still to be read: on chip or not, and in which order. Jobs are done in
//! the network's order; of all ways to a state only the cheapest is kept. The cost of a job depends on nothing but
//! the state before it, so what remains at the end is the cheapest of all. `tests` hold it against trying everything.

use super::engine::{on_chip_words, Engine, Place, Way};
use super::workload::Workload;
use std::collections::BTreeMap;

/// What was chosen for each job, and what it costs.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// Where the network's input lies.
    pub input: Place,
    /// Of each job.
    pub ways: Vec<Way>,
    /// Cycles of one image.
    pub cycles: f64,
}

/// Places of the maps that are still to be read, in the order of their indices.
pub(super) type State = Vec<(usize, Place)>;

/// A way to a state: cycles so far and the steps taken, the last one an index into `steps`.
#[derive(Clone, Copy)]
struct Reached {
    cycles: f64,
    step: Option<usize>,
}

/// A job's way, and the step before it.
struct Step {
    way: Way,
    before: Option<usize>,
}

/// The cheapest schedule; `None` when some job fits in no way.
pub(crate) fn schedule(workload: &Workload, engine: &Engine) -> Option<Schedule> {
    let starts = engine.input_places(workload);
    let schedules = starts.into_iter().filter_map(|place| from(workload, engine, place));
    schedules.reduce(|least, other| if other.cycles < least.cycles { other } else { least })
}

fn from(workload: &Workload, engine: &Engine, input: Place) -> Option<Schedule> {
    let mut steps: Vec<Step> = Vec::new();
    let mut states: BTreeMap<State, Reached> = BTreeMap::new();
    states.insert(vec![(workload.input, input)], Reached { cycles: 0.0, step: None });
    for job in 0..workload.jobs.len() {
        let mut next: BTreeMap<State, Reached> = BTreeMap::new();
        for (state, reached) in &states {
            for (way, after) in moves(workload, engine, job, state) {
                let cycles = reached.cycles + way.cost.total(engine.streamed);
                if next.get(&after).is_none_or(|other| cycles < other.cycles) {
                    steps.push(Step { way, before: reached.step });
                    next.insert(after, Reached { cycles, step: Some(steps.len() - 1) });
                }
            }
        }
        states = next;
    }
    let least = states.into_values().min_by(|a, b| a.cycles.total_cmp(&b.cycles))?;
    let mut ways = Vec::with_capacity(workload.jobs.len());
    let mut step = least.step;
    while let Some(Step { way, before }) = step.map(|index| &steps[index]) {
        ways.push(*way);
        step = *before;
    }
    ways.reverse();
    Some(Schedule { input, ways, cycles: least.cycles })
}

/// The ways of `job` from `state`, each with the state it leaves.
pub(super) fn moves(workload: &Workload, engine: &Engine, job: usize, state: &State) -> Vec<(Way, State)> {
    let index = job;
    let Some(job) = workload.jobs.get(index) else { return Vec::new() };
    let place = |map: usize| state.iter().find(|(other, _)| *other == map).map(|(_, place)| *place);
    let Some(input) = place(job.input) else { return Vec::new() };
    let held = state.iter().filter(|(_, place)| *place == Place::OnChip);
    let held: usize = held.map(|(map, _)| on_chip_words(workload, *map, engine)).sum();
    let Some(free) = engine.arch.activation_words.checked_sub(held) else { return Vec::new() };
    let residual = job.residual.and_then(place);
    let ways = engine.ways(workload, job, input, residual, free).into_iter();
    let after = |way: Way| {
        let moved = |&(map, place): &(usize, Place)| (map, if map == job.input { way.input } else { place });
        let read = |map: usize| workload.last_reader(map).is_some_and(|last| last > index);
        let mut state: State = state.iter().map(moved).chain([(job.output, way.output)]).collect();
        state.retain(|(map, _)| read(*map));
        state.sort_unstable();
        (way, state)
    };
    ways.map(after).collect()
}
