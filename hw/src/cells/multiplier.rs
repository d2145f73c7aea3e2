//! Text of signed multipliers with a register before and one behind.
//!
//! A multiplier is written three ways under one interface, and the macro that the synthesis script
//! defines picks one. Without a macro it is behavioural: the form that is simulated.
//!
//! | macro | form |
//! |---|---|
//! | `CORTADO_CELLS_ECP5` | `MULT18X18D` with its own registers, which Yosys does not find by itself |
//! | `CORTADO_CELLS_UP5K` | `SB_MAC16`, whose registers Yosys loses when it infers the cell |
//! | none | `*` between registers |

use std::fmt::Write;

/// A number in the text: its expression and its bits. The expression of a signed one is a name.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    pub text: &'a str,
    pub bits: usize,
}

/// `*` between registers.
fn behavioural(name: &str, a: Operand, b: Operand) -> String {
    let (a_top, b_top) = (a.bits - 1, b.bits - 1);
    format!(
        "    reg signed [{a_top}:0] {name}_a;\n    reg signed [{b_top}:0] {name}_b;\n    reg signed [{top}:0] {name}_p;\n    \
         always @(posedge clock) begin\n        {name}_a <= {a};\n        {name}_b <= {b};\n        \
         {name}_p <= {name}_a * {name}_b;\n    end\n    assign {name} = {name}_p;\n",
        top = a.bits + b.bits - 1,
        a = a.text,
        b = b.text,
    )
}

/// One `MULT18X18D`, operands extended to 18 bits, both registered, as is the product.
fn ecp5(name: &str, a: Operand, b: Operand) -> String {
    let mut text = String::new();
    for (port, operand) in [("a", a), ("b", b)] {
        let _ = writeln!(text, "    wire [17:0] {name}_{port} = $signed({});", operand.text);
    }
    let _ = writeln!(text, "    wire [35:0] {name}_p;\n    assign {name} = {name}_p[{}:0];", a.bits + b.bits - 1);
    text.push_str("    MULT18X18D #(\n");
    for register in ["INPUTA", "INPUTB", "OUTPUT"] {
        let _ = writeln!(
            text,
            "        .REG_{register}_CLK(\"CLK0\"), .REG_{register}_CE(\"CE0\"), .REG_{register}_RST(\"RST0\"),"
        );
    }
    let _ = write!(text, "        .GSR(\"DISABLED\")\n    ) {name}_block (\n        .CLK0(clock), .CE0(1'b1), .RST0(1'b0), .SIGNEDA(1'b1), .SIGNEDB(1'b1)");
    for (port, wire, count) in [("A", "a", 18), ("B", "b", 18), ("P", "p", 36)] {
        for bit in 0..count {
            let _ =
                write!(text, "{}.{port}{bit}({name}_{wire}[{bit}])", if bit % 6 == 0 { ",\n        " } else { ", " });
        }
    }
    text.push_str("\n    );\n");
    text
}

/// One `SB_MAC16` with input registers and a registered product: of bytes in `eights`, else of 16 bits.
fn mac16(name: &str, eights: bool, a: &str, b: &str, signs: (bool, bool), p: &str) -> String {
    let (output, mode, middle) = if eights { (2, 1, 1) } else { (3, 0, 0) };
    // Yosys reads a module again, and loses its flattened children, when a port of a cell it does not
    // know yet is connected to something signed.
    format!(
        "    wire [15:0] {name}_a = {a};\n    wire [15:0] {name}_b = {b};\n    wire [31:0] {name}_p;\n    assign {p} = {name}_p;\n    \
         SB_MAC16 #(\n        .A_REG(1'b1), .B_REG(1'b1), .TOP_8x8_MULT_REG(1'b{middle}), .BOT_8x8_MULT_REG(1'b{middle}),\n        \
         .PIPELINE_16x16_MULT_REG2(1'b{last}), .TOPOUTPUT_SELECT(2'd{output}), .BOTOUTPUT_SELECT(2'd{output}),\n        \
         .MODE_8x8(1'b{mode}), .A_SIGNED(1'b{sa}), .B_SIGNED(1'b{sb})\n    ) {name}_block (\n        \
         .CLK(clock), .CE(1'b1), .A({name}_a), .B({name}_b), .C(16'd0), .D(16'd0),\n        \
         .AHOLD(1'b0), .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0), .IRSTTOP(1'b0), .IRSTBOT(1'b0),\n        \
         .ORSTTOP(1'b0), .ORSTBOT(1'b0), .OLOADTOP(1'b0), .OLOADBOT(1'b0), .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0),\n        \
         .OHOLDTOP(1'b0), .OHOLDBOT(1'b0), .CI(1'b0), .ACCUMCI(1'b0), .SIGNEXTIN(1'b0), .O({name}_p)\n    );\n",
        last = 1 - mode,
        sa = u8::from(signs.0),
        sb = u8::from(signs.1),
    )
}

/// `name = a * b`, both signed and of at most 18 bits.
pub fn wide(name: &str, a: Operand, b: Operand) -> String {
    format!(
        "    wire signed [{}:0] {name};\n`ifdef CORTADO_CELLS_ECP5\n{}`else\n{}`endif\n",
        a.bits + b.bits - 1,
        ecp5(name, a, b),
        behavioural(name, a, b),
    )
}

/// `name = a * b` of 16-bit expressions, `a` signed or not, `b` not, in one `SB_MAC16`: 32 bits.
pub fn up5k_wide(name: &str, a: &str, a_signed: bool, b: &str) -> String {
    format!("    wire [31:0] {name};\n{}", mac16(name, false, a, b, (a_signed, false), name))
}

/// `name = a * b`, both signed expressions of 16 bits, in one `MULT18X18D` or `SB_MAC16`.
pub fn short(name: &str, a: &str, b: &str) -> String {
    let operand = |text| Operand { text, bits: 16 };
    format!(
        "    wire signed [31:0] {name};\n`ifdef CORTADO_CELLS_ECP5\n{}`elsif CORTADO_CELLS_UP5K\n{}`else\n{}`endif\n",
        ecp5(name, operand(a), operand(b)),
        mac16(name, false, a, b, (true, true), name),
        behavioural(name, operand(a), operand(b)),
    )
}

/// `first = a0 * b0` and `second = a1 * b1`, signed bytes: two `MULT18X18D` or the halves of one `SB_MAC16`.
pub fn byte_pair(names: [&str; 2], a: [&str; 2], b: [&str; 2]) -> String {
    let [first, second] = names;
    let byte = |text| Operand { text, bits: 8 };
    let both = |form: fn(&str, Operand, Operand) -> String| {
        form(first, byte(a[0]), byte(b[0])) + &form(second, byte(a[1]), byte(b[1]))
    };
    let up5k = mac16(
        first,
        true,
        &format!("{{{}, {}}}", a[1], a[0]),
        &format!("{{{}, {}}}", b[1], b[0]),
        (true, true),
        &format!("{{{second}, {first}}}"),
    );
    format!(
        "    wire signed [15:0] {first}, {second};\n`ifdef CORTADO_CELLS_ECP5\n{}`elsif CORTADO_CELLS_UP5K\n{up5k}`else\n{}`endif\n",
        both(ecp5),
        both(behavioural),
    )
}

/// `name = a * b`, signed bytes, in rows of adders: less than half of what a `*` takes in logic.
pub fn byte_rows(name: &str, a: &str, b: &str) -> String {
    let mut text = format!(
        "    reg signed [7:0] {name}_a, {name}_b;\n    reg signed [15:0] {name}_p;\n    wire signed [15:0] {name} = {name}_p;\n"
    );
    for pair in 0..4 {
        let (even, odd) = (2 * pair, 2 * pair + 1);
        // The sign bit of b counts negative.
        let sign = if pair == 3 { '-' } else { '+' };
        // Kept apart: joined, the sums become one compressor of many more look-up tables.
        let _ = writeln!(
            text,
            "    (* keep *) wire signed [9:0] {name}_{pair} = $signed({name}_a & {{8{{{name}_b[{even}]}}}}) {sign} \
             $signed({{{name}_a & {{8{{{name}_b[{odd}]}}}}, 1'b0}});"
        );
    }
    for (half, (low, high)) in [("low", (0, 1)), ("high", (2, 3))] {
        let _ = writeln!(
            text,
            "    (* keep *) wire signed [11:0] {name}_{half} = {name}_{low} + $signed({{{name}_{high}, 2'b00}});"
        );
    }
    let _ = write!(
        text,
        "    always @(posedge clock) begin\n        {name}_a <= {a};\n        {name}_b <= {b};\n        \
         {name}_p <= {name}_low + $signed({{{name}_high, 4'b0000}});\n    end\n"
    );
    text
}
