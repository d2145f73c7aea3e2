//! The memory of banks as synthesis takes it for the ECP5: the blocks' own output registers.

mod blocks_support;

use blocks_support::part_cells::PartCells;
use blocks_support::random::Random;
use blocks_support::{header, Dut, TOP};
use cortado_hw::cells::ram::{BankedRam, ReadStage};
use cortado_hw::emit::emit;

/// One word and whether all of it has been written.
type Word = Option<Vec<u8>>;

/// Writes banks and reads words at random against a plain memory, each word two cycles after its address.
fn read_and_write(dut: &mut Dut, random: &mut Random, depth: usize, banks: usize, bank_bytes: usize) {
    let bytes = banks * bank_bytes;
    let mut memory: Vec<Vec<Option<u8>>> = vec![vec![None; bytes]; depth];
    let (mut core, mut out): (Word, Word) = (None, None);
    // Few words, so that what is read has been written, over the whole depth, so that all rows are.
    let places: Vec<usize> = (0..24).map(|_| random.below(depth)).chain([0, depth - 1]).collect();
    let mut compared = 0;
    for cycle in 0..4000 {
        let (read, write) = (places[random.below(26)], places[random.below(26)]);
        let enables = if read == write { 0 } else { random.below(1 << banks) };
        let reads = random.chance(70);
        let data = random.bytes(bytes);
        dut.set("read_enable", reads);
        dut.set("read_address", read as u64);
        dut.set("write_enable", enables as u64);
        dut.set("write_address", write as u64);
        dut.set_bytes("write_data", &data);
        dut.settle();
        if let Some(word) = &out {
            assert_eq!(
                &dut.bytes("read_data", bytes),
                word,
                "{depth} words of {banks} x {bank_bytes} bytes, cycle {cycle}"
            );
            compared += 1;
        }
        out = core.clone();
        if reads {
            core = memory[read].iter().copied().collect();
        }
        for at in (0..bytes).filter(|at| enables >> (at / bank_bytes) & 1 == 1) {
            memory[write][at] = Some(data[at]);
        }
        dut.tick();
    }
    assert!(compared > 1000, "{depth} words: only {compared} words were compared");
}

#[test]
fn the_parts_memory_blocks_hold_what_was_written_in_every_shape() {
    let seed = 51;
    let mut random = Random(seed);
    let sizes = [(300, 2, 2), (6144, 4, 4), (4096, 2, 1), (8192, 1, 1), (40000, 1, 1)];
    for (depth, banks, bank_bytes) in sizes {
        let ram = BankedRam::new(depth, banks, 8 * bank_bytes, ReadStage::Data);
        let mut ram = ram.expect("a size that can be");
        let emitted = emit(TOP, &mut ram, &header());
        assert!(emitted.as_ref().is_ok_and(|text| text.contains("DP16KD")), "{depth} words: no blocks");
        let Some(text) = PartCells::Ecp5.choose(emitted) else { return };
        let Some(mut dut) = Dut::new(text, seed) else { return };
        read_and_write(&mut dut, &mut random, depth, banks, bank_bytes);
    }
}
