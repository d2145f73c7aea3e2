//! The first place where an engine's tensors are not the golden model's.

use cortado_arch::isa::{Compute, Operation};
use cortado_graph::ir::Graph;
use cortado_map::{Compiled, TensorPlace};
use serde::Serialize;
use std::fmt;

/// A value that is not the expected one, and the instruction that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The tensor's name.
    pub tensor: String,
    /// Its position in the tensor, one index a dimension.
    pub element: Vec<usize>,
    /// What the golden model has.
    pub expected: i16,
    /// What the engine stored.
    pub got: i16,
    /// Values of the tensor that differ.
    pub differing: usize,
    /// Index in the run program of the COMPUTE that made the value.
    pub instruction: Option<usize>,
    /// Cycle in which that instruction retired.
    pub cycle: Option<u64>,
    /// Whether the instruction-set simulator, on the same program, differs from the golden model too: then the
    /// program is at fault, else the Verilog.
    pub program_at_fault: Option<bool>,
    /// The waveform round that instruction.
    pub waveform: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { tensor, element, expected, got, differing, .. } = self;
        write!(
            f,
            "tensor {tensor:?}, element {element:?}: expected {expected}, got {got} ({differing} values differ)"
        )?;
        match (self.instruction, self.cycle) {
            (Some(instruction), Some(cycle)) => write!(f, "; instruction {instruction}, retired in cycle {cycle}")?,
            (Some(instruction), None) => write!(f, "; instruction {instruction}, which never retired")?,
            _ => {}
        }
        match self.program_at_fault {
            Some(true) => write!(f, "; the instruction-set simulator differs as well, so the program is at fault")?,
            Some(false) => write!(f, "; the instruction-set simulator agrees with golden, so the Verilog is at fault")?,
            None => {}
        }
        match &self.waveform {
            Some(path) => write!(f, "; waveform: {path}"),
            None => Ok(()),
        }
    }
}

/// Outcome of comparing a run's tensors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Tensors compared.
    pub tensors: usize,
    /// Tensors that differ.
    pub mismatches: usize,
    /// The first of them in execution order.
    pub first: Option<Difference>,
}

/// Compares the tensors at `places` in external memory with `golden`, all tensors of the graph.
///
/// A place outside the memory counts as a tensor that differs in its first element.
pub fn compare(
    graph: &Graph,
    compiled: &Compiled,
    places: &[TensorPlace],
    memory: &[u8],
    retired: &[(usize, u64)],
    golden: &[Vec<i16>],
) -> Comparison {
    let made = |place: &TensorPlace| graph.nodes.iter().position(|node| node.output == place.tensor);
    let mut places: Vec<&TensorPlace> = places.iter().collect();
    places.sort_by_key(|place| made(place));
    let mut comparison = Comparison { tensors: places.len(), ..Comparison::default() };
    for place in places {
        let expected = golden.get(place.tensor).map_or(&[][..], Vec::as_slice);
        let got = memory.get(place.range()).and_then(|bytes| place.unpack(bytes).ok()).unwrap_or_default();
        if got == expected {
            continue;
        }
        comparison.mismatches += 1;
        if comparison.first.is_none() {
            comparison.first = Some(describe(compiled, place, expected, &got, retired));
        }
    }
    comparison
}

fn describe(
    compiled: &Compiled,
    place: &TensorPlace,
    expected: &[i16],
    got: &[i16],
    retired: &[(usize, u64)],
) -> Difference {
    let differs = |index: &usize| expected.get(*index) != got.get(*index);
    let all = 0..expected.len().max(got.len());
    let element = all.clone().find(differs).unwrap_or(0);
    let instruction = maker(compiled, place, element);
    Difference {
        tensor: place.name.clone(),
        element: indices(&place.shape, element),
        expected: expected.get(element).copied().unwrap_or(0),
        got: got.get(element).copied().unwrap_or(0),
        differing: all.filter(differs).count(),
        instruction,
        cycle: instruction.and_then(|wanted| retired.iter().find(|one| one.0 == wanted)).map(|one| one.1),
        program_at_fault: None,
        waveform: None,
    }
}

/// The index of each dimension of the `flat`-th element.
fn indices(shape: &[usize], flat: usize) -> Vec<usize> {
    let mut rest = flat;
    let mut indices: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let index = rest % size.max(1);
            rest /= size.max(1);
            index
        })
        .collect();
    indices.reverse();
    indices
}

/// The COMPUTE that last wrote the activation word from which `element` was stored.
fn maker(compiled: &Compiled, place: &TensorPlace, element: usize) -> Option<usize> {
    let byte = place.byte_address as usize + byte_of(place, element)?;
    let operations = || compiled.instructions.iter().map(|note| &note.instruction.operation).enumerate();
    let (store, word) = operations().find_map(|(index, operation)| {
        let Operation::Store(t) = operation else { return None };
        let word = byte.checked_sub(t.byte_address as usize)? / place.layout.word_bytes.max(1);
        (word < t.words as usize).then_some((index, t.word_address as usize + word))
    })?;
    operations()
        .take(store)
        .filter_map(|(index, operation)| match operation {
            Operation::Compute(_, c) if writes(c, word) => Some(index),
            _ => None,
        })
        .next_back()
}

/// Where in its place an element's byte lies.
fn byte_of(place: &TensorPlace, element: usize) -> Option<usize> {
    let mut marker = vec![0; place.layout.elements()];
    *marker.get_mut(element)? = 1;
    place.layout.pack(&marker).ok()?.iter().position(|&byte| byte == 1)
}

fn writes(c: &Compute, word: usize) -> bool {
    let pixel_words = (c.output_pixel_words as usize).max(1);
    let pixels = c.output_width as usize * c.output_height as usize;
    word.checked_sub(c.output_address as usize)
        .is_some_and(|offset| offset / pixel_words < pixels && offset % pixel_words < c.output_groups as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_positions_become_one_index_a_dimension() {
        for (shape, flat, expected) in [
            (vec![1, 2, 3, 4], 0, vec![0, 0, 0, 0]),
            (vec![1, 2, 3, 4], 23, vec![0, 1, 2, 3]),
            (vec![1, 2, 3, 4], 13, vec![0, 1, 0, 1]),
            (vec![10], 7, vec![7]),
            (vec![], 0, vec![]),
        ] {
            assert_eq!(indices(&shape, flat), expected, "{shape:?} {flat}");
        }
    }

    #[test]
    fn a_compute_writes_the_words_of_its_groups_only() {
        let compute = Compute {
            output_address: 100,
            output_width: 2,
            output_height: 1,
            output_groups: 2,
            output_pixel_words: 3,
            ..Compute::default()
        };
        let written: Vec<usize> = (95..115).filter(|word| writes(&compute, *word)).collect();
        assert_eq!(written, [100, 101, 103, 104]);
    }
}
