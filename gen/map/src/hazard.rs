//! The waits of a program, and a check of finished programs.

use crate::access::{input, Access, Span};
use cortado_arch::isa::{Instruction, Operation};
use cortado_arch::Architecture;
use std::fmt;

fn is_compute(instruction: &Instruction) -> bool {
    matches!(instruction.operation, Operation::Compute(..))
}

/// Which unit works an instruction, and how many of that unit's come before it; END has none.
fn ordinals(program: &[Instruction]) -> Vec<Option<(bool, usize)>> {
    let mut counts = [0usize; 2];
    let place = |i: &Instruction| {
        if matches!(i.operation, Operation::End) {
            return None;
        }
        let unit = is_compute(i);
        counts[usize::from(unit)] += 1;
        Some((unit, counts[usize::from(unit)] - 1))
    };
    program.iter().map(place).collect()
}

/// Sets each instruction's waits: for the last one of the other unit whose words it meets.
pub(crate) fn set_waits(program: &mut [Instruction], arch: &Architecture) -> Result<(), String> {
    let accesses: Vec<Access> = program.iter().map(|i| Access::of(&i.operation, arch)).collect();
    let ordinals = ordinals(program);
    for index in 0..program.len() {
        let Some((unit, _)) = ordinals[index] else {
            continue;
        };
        let last = (0..index).rev().find_map(|before| {
            let (other, ordinal) = ordinals[before].filter(|(other, _)| *other != unit)?;
            accesses[index].conflicts(&accesses[before]).then_some((other, ordinal))
        });
        let instruction = &mut program[index];
        (instruction.wait_dma, instruction.wait_compute) = (0, 0);
        if let Some((other, ordinal)) = last {
            let count =
                u16::try_from(ordinal + 1).map_err(|_| "a program of more than 65535 instructions".to_string())?;
            *(if other { &mut instruction.wait_compute } else { &mut instruction.wait_dma }) = count;
        }
    }
    Ok(())
}

/// A pair of instructions whose order nothing guarantees, or a wait that never ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hazard {
    /// `later` touches words of `earlier`, which may not have retired.
    Unordered { earlier: usize, later: usize },
    /// The instruction waits for more instructions than come before it.
    Deadlock { instruction: usize },
    /// The instruction writes words that it also reads as its input.
    Overlap { instruction: usize },
    /// The instruction reaches beyond its memory.
    Outside { instruction: usize },
    /// The instruction has no encoding.
    Unencodable { instruction: usize },
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hazard::Unordered { earlier, later } => {
                write!(f, "instruction {later} touches words of instruction {earlier} without waiting for it")
            }
            Hazard::Deadlock { instruction } => {
                write!(f, "instruction {instruction} waits for what comes after it")
            }
            Hazard::Overlap { instruction } => {
                write!(f, "instruction {instruction} overwrites its own input")
            }
            Hazard::Outside { instruction } => {
                write!(f, "instruction {instruction} reaches beyond its memory")
            }
            Hazard::Unencodable { instruction } => {
                write!(f, "instruction {instruction} has no encoding")
            }
        }
    }
}

/// Proves that every two instructions whose words meet are ordered, by their unit or by waits, that
/// every wait ends, and that all words exist.
///
/// # Errors
/// Every hazard found.
pub fn check_hazards(program: &[Instruction], arch: &Architecture) -> Result<(), Vec<Hazard>> {
    let bad = program.iter().enumerate().filter(|(_, i)| i.encode().is_err());
    let bad: Vec<Hazard> = bad.map(|(instruction, _)| Hazard::Unencodable { instruction }).collect();
    if !bad.is_empty() {
        return Err(bad);
    }
    let accesses: Vec<Access> = program.iter().map(|i| Access::of(&i.operation, arch)).collect();
    let ordinals = ordinals(program);
    let mut hazards = Vec::new();
    // What each unit's instructions have waited for so far: they start in order.
    let mut seen = [(0usize, 0usize); 2];
    let mut before = (0usize, 0usize);
    for (later, instruction) in program.iter().enumerate() {
        let waits = (usize::from(instruction.wait_dma), usize::from(instruction.wait_compute));
        if waits.0 > before.0 || waits.1 > before.1 {
            hazards.push(Hazard::Deadlock { instruction: later });
        }
        let Some((unit, _)) = ordinals[later] else {
            continue;
        };
        let guaranteed = &mut seen[usize::from(unit)];
        *guaranteed = (guaranteed.0.max(waits.0), guaranteed.1.max(waits.1));
        for earlier in 0..later {
            let Some((other, ordinal)) = ordinals[earlier].filter(|(other, _)| *other != unit) else {
                continue;
            };
            let retired = if other { guaranteed.1 } else { guaranteed.0 };
            if ordinal >= retired && accesses[later].conflicts(&accesses[earlier]) {
                hazards.push(Hazard::Unordered { earlier, later });
            }
        }
        own(later, instruction, &accesses[later], arch, &mut hazards);
        *(if unit { &mut before.1 } else { &mut before.0 }) += 1;
    }
    if hazards.is_empty() {
        Ok(())
    } else {
        Err(hazards)
    }
}

/// What an instruction may do wrong by itself.
fn own(index: usize, instruction: &Instruction, access: &Access, arch: &Architecture, hazards: &mut Vec<Hazard>) {
    let beyond = |s: &Span| s.end as usize > arch.on_chip(s.memory).0;
    if access.reads.iter().chain(&access.writes).any(beyond) {
        hazards.push(Hazard::Outside { instruction: index });
    }
    if let Operation::Compute(mode, c) = &instruction.operation {
        let source = input(*mode, c, arch);
        if source.is_some_and(|s| access.writes.iter().any(|w| w.meets(&s))) {
            hazards.push(Hazard::Overlap { instruction: index });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::engine;
    use cortado_arch::isa::{Compute, Mode, OnChip, Transfer};

    fn instruction(operation: Operation) -> Instruction {
        Instruction { wait_dma: 0, wait_compute: 0, operation }
    }

    fn load(memory: OnChip, word_address: u32, words: u32) -> Instruction {
        instruction(Operation::Load(memory, Transfer { word_address, words, ..Transfer::default() }))
    }

    /// A 1x1 convolution of a row of `pixels` from `from` to `to`.
    fn row(from: u32, to: u32, pixels: u32) -> Instruction {
        let c = Compute {
            input_address: from,
            output_address: to,
            output_width: pixels,
            output_height: 1,
            input_width: pixels,
            input_height: 1,
            kernel_width: 1,
            kernel_height: 1,
            stride_x: 1,
            stride_y: 1,
            input_blocks: 1,
            last_substeps: 1,
            output_groups: 1,
            pixel_words: 1,
            row_words: pixels,
            output_pixel_words: 1,
            ..Compute::default()
        };
        instruction(Operation::Compute(Mode::Convolution, c))
    }

    /// Input in two LOADs, two layers, the second's weights overwriting the first's, a STORE.
    fn program() -> Vec<Instruction> {
        let store = instruction(Operation::Store(Transfer { word_address: 0, words: 8, ..Transfer::default() }));
        vec![
            load(OnChip::Weight, 0, 4),
            load(OnChip::Parameter, 0, 2),
            load(OnChip::Activation, 0, 8),
            row(0, 16, 8),
            load(OnChip::Weight, 0, 4),
            row(16, 0, 8),
            store,
            instruction(Operation::End),
        ]
    }

    #[test]
    fn derived_waits_order_every_hazard_and_none_is_idle() {
        let arch = engine();
        let mut program = program();
        set_waits(&mut program, &arch).expect("a short program");
        let waits: Vec<(u16, u16)> = program.iter().map(|i| (i.wait_dma, i.wait_compute)).collect();
        assert_eq!(waits, [(0, 0), (0, 0), (0, 0), (3, 0), (0, 1), (4, 0), (0, 2), (0, 0)]);
        assert_eq!(check_hazards(&program, &arch), Ok(()));
        for index in 0..program.len() {
            for dma in [true, false] {
                let mut weaker = program.clone();
                let wait = if dma { &mut weaker[index].wait_dma } else { &mut weaker[index].wait_compute };
                if *wait == 0 {
                    continue;
                }
                *wait -= 1;
                let hazards = check_hazards(&weaker, &arch).expect_err("one wait too few");
                let found = hazards.iter().any(|h| matches!(h, Hazard::Unordered { later, .. } if *later == index));
                assert!(found, "instruction {index}: {hazards:?}");
            }
        }
    }

    #[test]
    fn waits_for_what_comes_later_are_found() {
        let arch = engine();
        let mut program = program();
        set_waits(&mut program, &arch).expect("a short program");
        program[3].wait_dma = 4;
        assert_eq!(check_hazards(&program, &arch), Err(vec![Hazard::Deadlock { instruction: 3 }]));
    }

    #[test]
    fn instructions_wrong_by_themselves_are_found() {
        let arch = engine();
        let end = arch.activation_words as u32;
        assert_eq!(check_hazards(&[row(0, 7, 8)], &arch), Err(vec![Hazard::Overlap { instruction: 0 }]));
        assert_eq!(check_hazards(&[row(0, end - 7, 8)], &arch), Err(vec![Hazard::Outside { instruction: 0 }]));
        assert_eq!(check_hazards(&[row(0, 1 << 16, 8)], &arch), Err(vec![Hazard::Unencodable { instruction: 0 }]));
    }
}
