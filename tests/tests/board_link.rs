//! Board tops as emitted, driven at their pins by the host's own library.

mod board_support;

use board_support::{copies, settings, simulate, Bench};
use cortado_arch::isa::{error_code, Instruction, OnChip, Operation, Transfer};
use cortado_graph::tflite;
use cortado_link::faulty::Faulty;
use cortado_link::{Link, LinkError};
use cortado_map::{compile, CompileOptions};
use std::time::Duration;

/// As long as a loaded machine may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn board(seed: u64) -> Option<Link<Bench>> {
    simulate("icebreaker-4x4", seed).map(|bench| Link::greet(bench, settings(3)).expect("the board answers"))
}

#[test]
fn a_network_runs_in_the_ulx3s_s_block_ram() {
    let Some(bench) = simulate("ulx3s-25f-8x2", 5) else { return };
    let mut board = Link::greet(bench, settings(3)).expect("the board answers");
    assert_eq!((board.known().port_bytes, board.known().memory_bits), (2, 14));
    run_as_the_golden_model(&mut board, "tiny", include_bytes!("../../models/tiny.tflite"), 1);
}

#[test]
fn memory_is_written_and_read_back_over_the_pins() {
    let Some(mut board) = board(1) else { return };
    let known = *board.known();
    assert_eq!((known.port_bytes, known.memory_bits, known.busy, known.error), (4, 16, false, 0));
    let bytes: Vec<u8> = (0..1000u32).map(|at| (at * 7 + (at >> 8)) as u8).collect();
    for address in [0, 4, 65536 - 1000] {
        board.write(address, &bytes).expect("written");
        assert_eq!(board.read(address, bytes.len()).expect("read"), bytes, "at {address}");
    }
    assert!(matches!(board.write(65532, &[0; 8]), Err(LinkError::Request(_))));
    assert!(matches!(board.read(2, 4), Err(LinkError::Request(_))));
    assert!(!board.wait(PATIENCE).expect("nothing runs").busy);
    assert_eq!(board.line().line.broken(), 0);
}

#[test]
fn a_network_runs_on_the_board_and_gives_the_golden_model_s_bytes() {
    let Some(mut board) = board(2) else { return };
    run_as_the_golden_model(&mut board, "fashion", include_bytes!("../../models/fashion.tflite"), 2);
}

/// Loads a network and compares so many runs of it.
fn run_as_the_golden_model(board: &mut Link<Bench>, name: &str, file: &[u8], rounds: i64) {
    let graph = tflite::import(name, file).expect("the embedded network");
    let arch = board.line().arch.clone();
    let compiled = compile(&graph, &arch, &CompileOptions::default()).expect("it fits");
    board.write(0, &compiled.image).expect("written");
    board.start(compiled.load_program).expect("started");
    assert_eq!(board.wait(PATIENCE).expect("loaded").error, error_code::NONE);
    let input = graph.inputs[0];
    for round in 0..rounds {
        let count: usize = graph.tensors[input].shape.iter().product();
        let values: Vec<i16> = (0..count as i64).map(|at| (at * (31 + round) % 251 - 125) as i16).collect();
        let packed = compiled.input.pack_input(&values).expect("the input's size");
        board.write(compiled.input.range().start as u32, &packed).expect("written");
        board.start(compiled.run_program).expect("started");
        let state = board.wait(PATIENCE).expect("ended");
        assert_eq!(state.error, error_code::NONE);
        let off = f64::from(state.cycles) / compiled.estimate.cycles as f64;
        assert!((0.98..1.1).contains(&off), "{} cycles, {} estimated", state.cycles, compiled.estimate.cycles);
        let golden = cortado_golden::run(&graph, &values).expect("the golden model runs");
        for place in &compiled.outputs {
            let range = place.range();
            let bytes = board.read(range.start as u32, range.len()).expect("read");
            assert_eq!(place.unpack(&bytes).expect("its size"), golden[place.tensor], "{}", place.name);
        }
    }
}

/// Where the long program lies, behind what the short one copies.
const LONG: u32 = 4096;

/// So many LOADs of the whole activation memory, 16,384 cycles each or more: requests pass while they run.
fn loads_of_everything(count: usize) -> Vec<u8> {
    let load = Operation::Load(OnChip::Activation, Transfer { words: 16_384, ..Transfer::default() });
    let operations = std::iter::repeat_n(load, count).chain([Operation::End]);
    operations
        .map(|operation| Instruction { wait_dma: 0, wait_compute: 0, operation })
        .flat_map(|instruction| instruction.encode().expect("an instruction"))
        .collect()
}

#[test]
fn a_program_at_work_is_stopped_and_the_next_one_runs() {
    let Some(mut board) = board(3) else { return };
    let bytes: Vec<u8> = (0..64).map(|at| at * 3 + 1).collect();
    board.write(1024, &bytes).expect("written");
    board.write(LONG, &loads_of_everything(40)).expect("written");
    board.start(LONG).expect("started");
    assert!(matches!(board.wait(Duration::ZERO), Err(LinkError::Running)));
    assert!(matches!(board.start(0), Err(LinkError::Refused(_))));
    board.reset().expect("reset");
    assert!(!board.status().expect("the board answers").busy);
    board.write(0, &copies(16, 1024, 2048)).expect("written");
    board.start(0).expect("started");
    assert_eq!(board.wait(PATIENCE).expect("ended").error, error_code::NONE);
    assert_eq!(board.read(2048, 64).expect("read"), bytes);
}

/// Writes, reads and runs of a copying program, all compared with what memory must hold.
#[test]
fn frames_that_suffer_cost_time_and_nothing_else() {
    /// Frames of both ways, and how many of them one suffers of.
    const FRAMES: u64 = 1500;
    const ONE_IN: u64 = 20;
    const AREA: usize = 2048;
    let Some(bench) = simulate("icebreaker-4x4", 4) else { return };
    let mut board = Link::greet(Faulty::new(bench, ONE_IN, 17), settings(30)).expect("the board answers");
    let mut memory = vec![0x5au8; AREA];
    board.write(0, &memory).expect("written");
    board.write(0, &copies(64, 512, 1024)).expect("written");
    memory[..192].copy_from_slice(&copies(64, 512, 1024));
    let mut random = 1u64;
    let mut below = |bound: u64| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) % bound
    };
    let mut runs = 0;
    while board.line().harm().frames < FRAMES {
        // The program's own place stays.
        let address = 256 + 4 * below(400) as usize;
        let count = 4 * (1 + below(40) as usize);
        match below(8) {
            0..=3 => {
                let bytes: Vec<u8> = (0..count).map(|_| below(256) as u8).collect();
                board.write(address as u32, &bytes).expect("written");
                memory[address..][..count].copy_from_slice(&bytes);
            }
            4..=6 => {
                let bytes = board.read(address as u32, count).expect("read");
                assert_eq!(bytes, memory[address..][..count], "{count} bytes at {address}");
            }
            _ => {
                board.start(0).expect("started");
                assert_eq!(board.wait(PATIENCE).expect("ended").error, error_code::NONE);
                memory.copy_within(512..768, 1024);
                runs += 1;
            }
        }
    }
    let harm = board.line().harm();
    println!("{harm:?}, {runs} runs");
    assert!(harm.faults > FRAMES / ONE_IN / 2, "{harm:?}");
    assert_eq!(board.read(0, AREA).expect("read"), memory);
}
