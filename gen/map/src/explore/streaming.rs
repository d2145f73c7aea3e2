//! Which weights stay on chip when not all do, and how far what streams hides behind the array's work.

use super::engine::{Engine, Place, Way};
use super::schedule::Schedule;
use super::shape::computes;
use super::workload::{Job, Workload};
use cortado_arch::Architecture;

/// Parts in which weights are taken off the chip, each from the job that loses least by it.
const PARTS: usize = 48;

/// Less than any word.
const NOTHING: f64 = 1e-6;

/// The weight words of a network by job: all of them, and of one output group.
pub(super) struct Weights(Vec<(usize, usize)>);

/// How a run streams weights.
#[derive(Debug, Clone)]
pub(super) struct Streaming {
    /// Of each job's weights, 0 to 1.
    pub shares: Vec<f64>,
    /// Segments that each job's streamed weights would come in, were it all of them.
    segments: Vec<f64>,
    /// Cycles of filling the ring that weights stream through: as much is fetched ahead of its layer.
    ahead: f64,
}

impl Streaming {
    /// Of `jobs` jobs whose weights all stay.
    pub fn none(jobs: usize) -> Self {
        Self { shares: vec![0.0; jobs], segments: vec![0.0; jobs], ahead: 0.0 }
    }

    /// Cycles of each job. While the port is idle it fetches for the layers to come, as far as the ring goes.
    pub fn cycles(&self, ways: &[Way]) -> Vec<f64> {
        let mut credit = 0.0f64;
        let one = |((way, share), segments): ((&Way, &f64), &f64)| {
            let cost = &way.cost;
            // What stays is a segment of its own.
            let cuts = (share * segments).ceil() + f64::from(u8::from(*share < 1.0)) - cost.segments;
            let compute = cost.compute + cuts.max(0.0) * cost.cut;
            let weights = share * cost.weights;
            let there = credit.min(weights);
            let transfers = cost.maps + weights - there;
            let cycles = compute.max(transfers);
            credit = (credit - there + cycles - transfers).min(self.ahead);
            cycles + cost.exposed
        };
        ways.iter().zip(&self.shares).zip(&self.segments).map(one).collect()
    }

    fn total(&self, ways: &[Way]) -> f64 {
        self.cycles(ways).iter().sum()
    }
}

impl Weights {
    pub fn of(workload: &Workload, arch: &Architecture) -> Self {
        let words = |job: &Job| {
            let output = workload.maps[job.output];
            computes(job, output, Place::External, arch).map_or((0, 0), |c| (c.weight_words, c.group_words))
        };
        Self(workload.jobs.iter().map(words).collect())
    }

    /// Words in all.
    pub fn words(&self) -> usize {
        self.0.iter().map(|one| one.0).sum()
    }

    /// Words of the largest output group, which must be on chip together.
    pub fn largest_group(&self) -> usize {
        self.0.iter().map(|one| one.1).max().unwrap_or(0)
    }

    /// What streams where not everything fits: the best over the sizes of a ring of two groups.
    pub fn streaming(&self, schedule: &Schedule, engine: &Engine) -> Streaming {
        let mut rings: Vec<usize> = self.0.iter().map(|one| one.1).filter(|&group| group > 0).collect();
        rings.sort_unstable();
        rings.dedup();
        let options = rings.into_iter().filter_map(|group| self.through_ring(schedule, engine, group));
        let best = options.map(|one| (one.total(&schedule.ways), one)).reduce(|a, b| if b.0 < a.0 { b } else { a });
        best.map_or_else(
            || Streaming { shares: vec![1.0; self.0.len()], ..Streaming::none(self.0.len()) },
            |(_, one)| one,
        )
    }

    /// Streaming through a ring of two groups of `group` words; jobs of larger groups stay whole. `None` when
    /// they do not fit beside it.
    fn through_ring(&self, schedule: &Schedule, engine: &Engine, group: usize) -> Option<Streaming> {
        let may_stream = |one: &(usize, usize)| one.0 > 0 && one.1 <= group;
        let streamable: usize = self.0.iter().filter(|one| may_stream(one)).map(|one| one.0).sum();
        let excess = (self.words() + 2 * group).saturating_sub(engine.arch.weight_words);
        if excess > streamable {
            return None;
        }
        let ahead = engine.curve.cycles(1.0, (2 * group * engine.arch.weight_word_bytes()) as f64);
        let segments = self.0.iter().map(|one| one.0.div_ceil(group) as f64).collect();
        let mut streaming = Streaming { shares: vec![0.0; self.0.len()], segments, ahead };
        if excess >= streamable - streamable / 10 {
            // Nearly all streams: what little stays makes no difference.
            streaming.shares = self.0.iter().map(|one| f64::from(u8::from(may_stream(one)))).collect();
            return Some(streaming);
        }
        let part = excess.div_ceil(PARTS) as f64;
        let mut left = excess as f64;
        while left > NOTHING {
            let most = part.min(left);
            let moved = |index: usize| most.min(self.0[index].0 as f64 * (1.0 - streaming.shares[index]));
            let after = |index: usize| {
                let mut more = streaming.clone();
                more.shares[index] += moved(index) / self.0[index].0 as f64;
                more
            };
            // The least loss for a word, among jobs with words left on chip.
            let now = streaming.total(&schedule.ways);
            let open = (0..self.0.len()).filter(|&index| may_stream(&self.0[index]) && moved(index) > NOTHING);
            let loss = |index: usize| (after(index).total(&schedule.ways) - now) / moved(index);
            let least = open.map(|index| (loss(index), index)).min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, index)) = least else { break };
            let (words, next) = (moved(index), after(index));
            left -= words;
            streaming = next;
        }
        Some(streaming)
    }
}
