//! Text of memories made of the ECP5's blocks with the blocks' own output registers.
//!
//! Yosys does not use those: it leaves the register in logic, behind the slow side of the block and behind the
//! choice of a row where the memory is deeper than a block.

use std::fmt::Write;

/// Words and bits that one `DP16KD` offers to a writing and a reading port, the deepest first, less the ninth bit of
/// every byte.
const SHAPES: [(usize, usize); 5] = [(16384, 1), (8192, 2), (4096, 4), (2048, 8), (1024, 16)];

/// The shape that takes both ports of a block for either side. It is left to Yosys.
const WIDEST: (usize, usize) = (512, 32);

/// Bits of a block's address, whatever its shape.
const ADDRESS_BITS: usize = 14;

/// `depth` words of `banks` banks of `bits` bits each, a write enable a bank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    pub(super) depth: usize,
    pub(super) banks: usize,
    pub(super) bits: usize,
}

impl Memory {
    fn blocks(&self, (words, width): (usize, usize)) -> usize {
        self.depth.div_ceil(words) * self.bits.div_ceil(width)
    }

    /// As few blocks as can be, and as deep: a row more is a choice more behind them.
    fn shape(&self) -> Option<(usize, usize)> {
        let fitting = SHAPES.into_iter().filter(|(_, width)| self.bits % width == 0);
        fitting.min_by_key(|&shape| self.blocks(shape)).filter(|&shape| self.blocks(shape) <= self.blocks(WIDEST))
    }

    /// From the ports of `BankedRam` to `read_data`, two cycles behind the address. `None` where Yosys needs
    /// fewer blocks.
    pub(super) fn ecp5(&self) -> Option<String> {
        let (words, width) = self.shape()?;
        let (rows, columns, all) = (self.depth.div_ceil(words), self.bits / width, self.banks * self.bits);
        let word_bits = words.trailing_zeros() as usize;
        let depth_bits = (self.depth.next_power_of_two().trailing_zeros()) as usize;
        let mut text = format!(
            "    // {rows} rows of {words} words, in blocks of {width} bits with their output registers.
    wire [{}:0] rows;
    wire [13:0] read_at = {};
    wire [13:0] write_at = {};
",
            rows * all - 1,
            block_address("read_address", depth_bits.min(word_bits), word_bits),
            block_address("write_address", depth_bits.min(word_bits), word_bits),
        );
        let row = format!("[{}:{word_bits}]", depth_bits.max(1) - 1);
        let here = if rows == 1 { String::new() } else { format!(" & (write_address{row} == row)") };
        let enable = if self.banks == 1 { "write_enable" } else { "write_enable[bank]" };
        let _ = write!(
            text,
            "    genvar row, bank, column;
    generate
        for (row = 0; row < {rows}; row = row + 1) begin : in_row
            for (bank = 0; bank < {banks}; bank = bank + 1) begin : in_bank
                wire writes = {enable}{here};
                for (column = 0; column < {columns}; column = column + 1) begin : in_column
                    wire [17:0] d = {{{}'h0, write_data[bank*{bits} + column*{width} +: {width}]}};
                    wire [17:0] q;
                    assign rows[row*{all} + bank*{bits} + column*{width} +: {width}] = q[{}:0];
{}                end
            end
        end
    endgenerate
",
            18 - width,
            width - 1,
            block(width),
            banks = self.banks,
            bits = self.bits,
        );
        if rows == 1 {
            text.push_str("    assign read_data = rows;\n");
        } else {
            let _ = write!(
                text,
                "    reg [{top}:0] read_row, data_row;
    always @(posedge clock) begin
        if (read_enable) read_row <= read_address{row};
        data_row <= read_row;
    end
    assign read_data = rows[data_row*{all} +: {all}];
",
                top = depth_bits - word_bits - 1,
            );
        }
        Some(text)
    }
}

/// The lowest `bits` bits of `address` as a block's: the word's number at the top, below it what tells parts
/// of the widest word apart, of which the lowest two bits enable the bytes of a 16-bit word.
fn block_address(address: &str, bits: usize, word_bits: usize) -> String {
    let below = ADDRESS_BITS - word_bits;
    let above = if bits < word_bits { format!("{}'h0, ", word_bits - bits) } else { String::new() };
    match below {
        0 => format!("{{{above}{address}[{}:0]}}", bits - 1),
        4 => format!("{{{above}{address}[{}:0], 4'b0011}}", bits - 1),
        _ => format!("{{{above}{address}[{}:0], {below}'h0}}", bits - 1),
    }
}

/// One `DP16KD` of `width` bits: port A writes, port B reads.
fn block(width: usize) -> String {
    // With the parity bit that stays unused.
    let width = width + width / 8;
    let mut text = format!(
        "                    DP16KD #(
                        .DATA_WIDTH_A({width}), .DATA_WIDTH_B({width}), .REGMODE_A(\"NOREG\"), .REGMODE_B(\"OUTREG\"),
                        .RESETMODE(\"SYNC\"), .GSR(\"DISABLED\"), .WRITEMODE_A(\"NORMAL\"), .WRITEMODE_B(\"NORMAL\")
                    ) block (
                        .CLKA(clock), .CEA(writes), .OCEA(1'b1), .WEA(1'b1), .RSTA(1'b0), .CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0),
                        .CLKB(clock), .CEB(read_enable), .OCEB(1'b1), .WEB(1'b0), .RSTB(1'b0), .CSB0(1'b0), .CSB1(1'b0), .CSB2(1'b0)"
    );
    for (port, wire, count) in
        [("ADA", "write_at", ADDRESS_BITS), ("ADB", "read_at", ADDRESS_BITS), ("DIA", "d", 18), ("DOB", "q", 18)]
    {
        for bit in 0..count {
            let gap = if bit % 6 == 0 { ",\n                        " } else { ", " };
            let _ = write!(text, "{gap}.{port}{bit}({wire}[{bit}])");
        }
    }
    text.push_str("\n                    );\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_takes_the_fewest_blocks_and_then_the_fewest_rows() {
        for (depth, bits, shape) in [
            (2048, 32, Some((2048, 8))),
            (6144, 32, Some((2048, 8))),
            (6144, 16, Some((2048, 8))),
            (1024, 32, Some((1024, 16))),
            (16384, 8, Some((16384, 1))),
            (300, 16, Some((1024, 16))),
            (512, 16, Some((1024, 16))),
            (512, 32, None),
        ] {
            assert_eq!(Memory { depth, banks: 2, bits }.shape(), shape, "{depth} words of {bits} bits");
        }
    }
}
