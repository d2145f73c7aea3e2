//! What a job costs on one engine, by each way of doing it: the revised roofline of one layer.

use super::curve::Curve;
use super::shape::{computes, map_words, weight_major, Computes};
use super::uniform::{Mapping, Model};
use super::workload::{Job, Work, Workload};
use crate::bands::MAX_BANDS;
use crate::cost::{compute_cycles, copy_cycles, fetch_cycles, steps, store_cycles};
use cortado_arch::isa::{Compute, Mode, Transfer};
use cortado_arch::Architecture;

/// Where a map lies between two layers, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In activation memory, blocked.
    OnChip,
    /// In external memory, blocked.
    External,
    /// The network's input in external memory, packed for the patch unit.
    Packed,
    /// The same, unfolded by the host.
    Unfolded,
    /// In external memory, as kernels of a weight-major layer.
    Kernels,
}

/// An engine, its memory, and by which roofline to judge.
#[derive(Debug, Clone)]
pub(crate) struct Engine<'a> {
    pub arch: &'a Architecture,
    pub curve: &'a Curve,
    pub model: Model,
    /// Images that fully connected layers work on together.
    pub batch: usize,
    /// Share (0 to 1) of the weights that come from external memory in a run.
    pub streamed: f64,
}

/// One way of doing a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Way {
    pub mode: Mode,
    /// Of a fully connected layer.
    pub mapping: Option<Mapping>,
    /// Rows of output made at a time: Tr.
    pub rows: usize,
    /// Where the input lies afterwards, and the output.
    pub input: Place,
    pub output: Place,
    pub cost: Cost,
}

/// Cycles and traffic of a job for one image.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Cost {
    /// The array's, waits of the machine included in the revised model.
    pub compute: f64,
    /// Transfers of maps.
    pub maps: f64,
    /// Transfers of weights, were none resident.
    pub weights: f64,
    /// What neither hides: the first band's arrival, the last one's departure.
    pub exposed: f64,
    /// Bytes over the port: of maps, and of weights were none resident.
    pub map_bytes: f64,
    pub weight_bytes: f64,
    /// Segments of output groups that `compute` is cut into, and what one more cut costs.
    pub segments: f64,
    pub cut: f64,
}

impl Cost {
    /// Cycles with `streamed` (0 to 1) of the weights coming from external memory.
    pub fn total(&self, streamed: f64) -> f64 {
        self.compute.max(self.maps + streamed * self.weights) + self.exposed
    }

    fn scaled(self, by: f64) -> Self {
        Self {
            compute: self.compute * by,
            maps: self.maps * by,
            weights: self.weights * by,
            exposed: self.exposed * by,
            map_bytes: self.map_bytes * by,
            weight_bytes: self.weight_bytes * by,
            segments: self.segments,
            cut: self.cut * by,
        }
    }
}

/// A way before its price: tile counts and where the maps go.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Bands of rows, and segments of output groups whose weights are on chip together.
    bands: usize,
    segments: usize,
    input: Place,
    input_after: Place,
    output: Place,
    residual: Option<Place>,
    /// Words of the maps, `vectors` of each.
    input_words: usize,
    output_words: usize,
    /// The output is kept whole until it is stored.
    kept: bool,
}

/// Row band counts worth trying: powers of two, three times those, and single rows.
fn band_counts(rows: usize) -> Vec<usize> {
    let counts = (0..12).flat_map(|power| [1usize << power, 3 << power]);
    let mut counts: Vec<usize> = counts.filter(|&count| count < rows).chain([rows.max(1)]).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

impl Engine<'_> {
    fn store(&self, words: f64) -> f64 {
        match (self.model, self.curve) {
            (Model::Revised, Curve::Port(_)) if words > 0.0 => {
                let transfer = Transfer { words: words.min(f64::from(u32::MAX)) as u32, ..Transfer::default() };
                store_cycles(&transfer, self.arch) as f64
            }
            _ => self.curve.cycles(1.0, words * self.arch.tm as f64),
        }
    }

    fn load(&self, words: f64) -> f64 {
        self.curve.cycles(1.0, words * self.arch.tm as f64)
    }

    /// Cycles of a COMPUTE by the model: its array steps, or those and all that delays them.
    fn instruction(&self, mode: Mode, compute: &Compute) -> f64 {
        match self.model {
            Model::Original => steps(mode, compute, self.arch) as f64,
            Model::Revised => {
                let handed = fetch_cycles(self.arch) + copy_cycles(self.arch);
                (compute_cycles(mode, compute, self.arch) + 2).max(handed) as f64
            }
        }
    }

    /// Cycles of a job's COMPUTEs, cut into `bands` of rows and `segments` of output groups.
    fn compute(&self, all: &Computes, bands: usize, segments: usize) -> f64 {
        let whole = |total: u32, parts: usize| total.div_ceil(u32::try_from(parts).unwrap_or(u32::MAX)).max(1);
        let cut = |mode: Mode, compute: &Compute| {
            let (height, groups) = (compute.output_height, compute.output_groups);
            let (rows, wide) = (whole(height, bands), whole(groups, segments));
            let cells = |total: u32, one: u32| [(total / one, one), (u32::from(total % one > 0), total % one)];
            let mut cycles = 0.0;
            for (tall, rows) in cells(height, rows) {
                for (across, wide) in cells(groups, wide) {
                    let times = f64::from(tall) * f64::from(across);
                    if times > 0.0 {
                        let part = Compute { output_height: rows, output_groups: wide, ..*compute };
                        cycles += times * self.instruction(mode, &part);
                    }
                }
            }
            cycles
        };
        all.parts.iter().map(|(mode, compute)| cut(*mode, compute)).sum()
    }

    /// Every way of doing `job` with its input and residual at these places and `free` activation words beside
    /// the maps that lie on chip; of ways that leave the maps at the same places only the cheapest.
    pub fn ways(&self, workload: &Workload, job: &Job, input: Place, residual: Option<Place>, free: usize) -> Vec<Way> {
        let mut ways: Vec<Way> = Vec::new();
        let mut offer = |way: Way| {
            let same = |other: &&mut Way| (other.input, other.output) == (way.input, way.output);
            match ways.iter_mut().find(same) {
                Some(other) if other.cost.total(self.streamed) <= way.cost.total(self.streamed) => {}
                Some(other) => *other = way,
                None => ways.push(way),
            }
        };
        self.convolving(workload, job, input, residual, free, &mut offer);
        if job.is_fully_connected() && job.residual.is_none() {
            self.weight_major(workload, job, input, free, &mut offer);
        }
        ways
    }

    /// The job as a convolution; a fully connected one input-major, its batch a row of pixels.
    fn convolving(
        &self,
        workload: &Workload,
        job: &Job,
        input: Place,
        residual: Option<Place>,
        free: usize,
        offer: &mut dyn FnMut(Way),
    ) {
        let shape = workload.maps[job.output];
        let Some(mut all) = computes(job, shape, input, self.arch) else { return };
        if all.group_words > self.arch.weight_words {
            return;
        }
        let vectors = if job.is_fully_connected() { self.batch } else { 1 };
        for (_, compute) in all.parts.iter_mut().filter(|_| vectors > 1) {
            compute.output_width = crate::layer::field(vectors);
        }
        let half = (self.arch.weight_words / 2).max(all.group_words).max(1);
        let segments = if self.streamed > 0.0 { all.weight_words.div_ceil(half).max(1) } else { 1 };
        let inputs: &[Place] = match input {
            Place::OnChip => &[Place::OnChip],
            Place::Packed => &[Place::Packed, Place::OnChip],
            Place::Unfolded => &[Place::Unfolded, Place::OnChip],
            _ => &[Place::External, Place::OnChip],
        };
        let bands = if vectors > 1 { band_counts(vectors) } else { band_counts(shape.height) };
        for &bands in &bands {
            for &input_after in inputs {
                for (output, kept) in self.outputs(workload, job) {
                    let plan = Plan {
                        bands,
                        segments,
                        input,
                        input_after,
                        output,
                        residual,
                        input_words: all.input_words * vectors,
                        output_words: map_words(shape, self.arch) * vectors,
                        kept,
                    };
                    if plan.buffer_words(&all) > free {
                        continue;
                    }
                    let share = if vectors > 1 { 1.0 / self.batch as f64 } else { 1.0 };
                    offer(Way {
                        mode: all.parts.first().map_or(Mode::Convolution, |part| part.0),
                        mapping: job.is_fully_connected().then_some(Mapping::InputMajor),
                        rows: shape.height.div_ceil(if vectors > 1 { 1 } else { bands }),
                        input: input_after,
                        output,
                        cost: self.price(&all, &plan).scaled(share),
                    });
                }
            }
        }
    }

    /// Where a job's output may go, and whether it is then kept whole until it is stored.
    fn outputs(&self, workload: &Workload, job: &Job) -> Vec<(Place, bool)> {
        let single = self.batch == 1 || job.is_fully_connected();
        let mut places = vec![(Place::External, false)];
        if workload.outputs.contains(&job.output) && workload.last_reader(job.output).is_none() {
            places.push((Place::External, true));
        } else if !workload.outputs.contains(&job.output) {
            // The maps of one image are gone when the batch is worked on.
            let batched = |reader: &Job| reader.is_fully_connected() == job.is_fully_connected();
            let mut readers = workload.jobs.iter().filter(|reader| reader.reads().any(|map| map == job.output));
            if single || readers.all(batched) {
                places.push((Place::OnChip, false));
            }
        }
        places
    }

    fn price(&self, all: &Computes, plan: &Plan) -> Cost {
        let bands = plan.bands as f64;
        let external = |place: Place| place != Place::OnChip;
        let staying = external(plan.input) && !external(plan.input_after);
        let (input_words, output_words) = (plan.input_words as f64, plan.output_words as f64);
        let band_words = input_words / bands + if plan.bands > 1 { all.halo_words as f64 } else { 0.0 };
        let (compute, weight_loads) = (self.compute(all, plan.bands, plan.segments), plan.segments as f64);
        let cut = all.parts.first().map_or(0.0, |(mode, compute)| {
            let one = Compute { output_height: 1, output_width: 1, output_groups: 1, ..*compute };
            self.instruction(*mode, &one) - steps(*mode, &one, self.arch) as f64
        });
        let mut cost = Cost { compute, cut, segments: plan.segments as f64, ..Cost::default() };
        // Segments outside, bands inside: weights come once and the maps of external memory once a segment; or the
        // other way round.
        let banded = plan.bands > 1;
        let weights = |times: f64| times * self.curve.cycles(weight_loads, all.weight_bytes as f64 / weight_loads);
        let input_loads = if staying { self.load(input_words) } else { bands * self.load(band_words) };
        let streams = external(plan.input) && !staying;
        let again = if streams { plan.segments as f64 } else { 1.0 };
        let outside = (weights(1.0), again * input_loads, again, 1.0);
        let inside = (weights(bands), input_loads, 1.0, bands);
        let (weight_cycles, input_cycles, input_times, weight_times) = match banded && external(plan.input) {
            true if outside.0 * self.streamed + outside.1 > inside.0 * self.streamed + inside.1 => inside,
            _ => outside,
        };
        cost.weights = weight_cycles;
        cost.weight_bytes = weight_times * all.weight_bytes as f64;
        let bytes = self.arch.tm as f64;
        if external(plan.input) {
            cost.maps += input_cycles;
            let words = if staying { input_words } else { bands * band_words };
            cost.map_bytes += input_times * words * bytes;
            cost.exposed += match (staying, self.model) {
                (_, Model::Original) => 0.0,
                // The layer is cut so that computing begins with the first rows.
                (true, _) => self.load(input_words).min(compute) / MAX_BANDS as f64,
                (false, _) => self.load(band_words),
            };
        }
        if plan.residual.is_some_and(external) {
            cost.maps += bands * self.load(output_words / bands);
            cost.map_bytes += output_words * bytes;
        }
        if external(plan.output) {
            cost.map_bytes += output_words * bytes;
            let (beside, after) = self.departure(plan, compute, output_words);
            cost.maps += beside;
            cost.exposed += after;
        }
        cost
    }

    /// Cycles of the output's STOREs: beside computing, and after it.
    fn departure(&self, plan: &Plan, compute: f64, words: f64) -> (f64, f64) {
        let bands = plan.bands as f64;
        let all = bands * self.store(words / bands);
        if self.model == Model::Original {
            return (all, 0.0);
        }
        if !plan.kept {
            return (all, self.store(words / bands));
        }
        // The last part of the layer is as small as hides most of the store.
        let shares = [0.1, 0.2, 0.3, 0.4, 0.5, 1.0];
        let after = |share: f64| {
            let late = (self.store(words * (1.0 - share)) - compute * share).max(0.0);
            late + self.store((words * share).ceil())
        };
        let (share, least) = shares
            .iter()
            .map(|&share| (share, after(share)))
            .fold((1.0, f64::INFINITY), |least, one| if one.1 < least.1 { one } else { least });
        (self.store(words) * (1.0 - share), least)
    }

    /// A fully connected layer with its weights as maps, from external memory, and its batch as kernels.
    fn weight_major(&self, workload: &Workload, job: &Job, input: Place, free: usize, offer: &mut dyn FnMut(Way)) {
        let Work::Convolution { .. } = job.work else { return };
        if input == Place::OnChip && self.batch > 1 {
            return;
        }
        let outputs = workload.maps[job.output].channels;
        let all = weight_major(job, outputs, self.batch, self.arch);
        if all.weight_words > self.arch.weight_words {
            return;
        }
        let output_words = outputs * self.batch.div_ceil(self.arch.tm);
        for bands in band_counts(outputs) {
            if 2 * (all.input_words + output_words).div_ceil(bands) > free {
                continue;
            }
            let parts = bands as f64;
            let (weights, answers) = (all.input_words as f64, output_words as f64);
            let band = weights / parts;
            let kernel_bytes = (self.batch * map_words(job.input_shape, self.arch) * self.arch.tm) as f64;
            // In any other order the kernels come in runs of one multiplier row.
            let run = if input == Place::Kernels { kernel_bytes } else { self.arch.tn as f64 };
            let kernels = self.curve.cycles(kernel_bytes / run, run);
            let compute: f64 = {
                let width = outputs.div_ceil(bands);
                all.parts
                    .iter()
                    .map(|(mode, c)| {
                        let cut = Compute { output_width: crate::layer::field(width), ..*c };
                        parts * self.instruction(*mode, &cut)
                    })
                    .sum()
            };
            let exposed = match self.model {
                Model::Original => 0.0,
                Model::Revised => self.load(band) + self.store(answers / parts),
            };
            let bytes = self.arch.tm as f64;
            let cost = Cost {
                compute,
                maps: parts * (self.load(band) + self.store(answers / parts)) + kernels,
                exposed,
                map_bytes: (weights + answers) * bytes + kernel_bytes,
                ..Cost::default()
            };
            offer(Way {
                mode: Mode::Convolution,
                mapping: Some(Mapping::WeightMajor),
                rows: 1,
                input,
                output: Place::Kernels,
                cost: cost.scaled(1.0 / self.batch as f64),
            });
        }
    }

    /// Where the network's input may lie.
    pub fn input_places(&self, workload: &Workload) -> Vec<Place> {
        let mut readers = workload.jobs.iter().filter(|job| job.reads().any(|map| map == workload.input));
        let mut places = vec![Place::External];
        if let (Some(job), None) = (readers.next(), readers.next()) {
            let own = job.input_shape == workload.maps[workload.input];
            if own && matches!(job.work, Work::Convolution { groups: 1, .. }) && job.residual.is_none() {
                places.extend([Place::Packed, Place::Unfolded]);
            }
        }
        places
    }
}

impl Plan {
    /// Activation words beside the maps that lie on chip before the job: double-buffered bands of what streams,
    /// and what begins to stay.
    fn buffer_words(&self, all: &Computes) -> usize {
        let halo = if self.bands > 1 { all.halo_words } else { 0 };
        let streamed = |words: usize| match self.bands {
            1 => words,
            bands => 2 * (words.div_ceil(bands) + halo),
        };
        let input = match (self.input, self.input_after) {
            (Place::OnChip, _) => 0,
            (_, Place::OnChip) => self.input_words,
            _ => streamed(self.input_words),
        };
        let output = match (self.output, self.kept) {
            (Place::OnChip, _) | (_, true) => self.output_words,
            _ => streamed(self.output_words),
        };
        let residual = match self.residual {
            Some(place) if place != Place::OnChip => streamed(self.output_words),
            _ => 0,
        };
        input + output + residual
    }
}

/// Words of `map` where it lies on chip, read by `job` or not.
pub(crate) fn on_chip_words(workload: &Workload, map: usize, engine: &Engine) -> usize {
    let batched = workload.jobs.iter().any(|job| job.output == map && job.is_fully_connected());
    map_words(workload.maps[map], engine.arch) * if batched { engine.batch } else { 1 }
}
