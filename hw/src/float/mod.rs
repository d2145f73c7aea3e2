//! Single precision: pipelined cells, one operation a cycle, none that stalls.
//!
//! Round to nearest, ties to even. Subnormal inputs count as zeros of their sign. A result is rounded
//! to 24 significant bits as if exponents had no end; then it is infinite from 2^128 on, and below
//! 2^-126 it is a zero of its sign. There is one NaN, `7fc00000`. hw/docs/float.md has the ports.
//!
//! The cells have text of their own: it is bit selection and addition of odd widths throughout.

pub mod add;
pub mod compare;
pub mod convert;
pub mod divide;
pub mod multiply;
pub mod multiply_accumulate;
pub mod pair_sum;
pub mod square_root;

/// The one NaN, in Verilog.
const NAN: &str = "32'h7fc00000";

/// What is known of one operand: `x_zero` (with subnormal ones), `x_infinite`, `x_nan`.
fn classes(name: &str) -> String {
    format!(
        "    wire {name}_zero = ~|{name}[30:23];
    wire {name}_infinite = &{name}[30:23] & ~|{name}[22:0];
    wire {name}_nan = &{name}[30:23] & |{name}[22:0];
"
    )
}

/// The last cycle of most cells: rounds and packs into `output`.
///
/// | name in the text | what |
/// |---|---|
/// | `exponent` | biased, 10 bits, signed: the ends are found here |
/// | `kept` | 23 bits of fraction |
/// | `up` | the fraction is one more |
/// | `negative`, `is_nan`, `is_infinite`, `is_zero` | of the result; the first of the last three that holds decides |
fn pack(output: &str) -> String {
    format!(
        "    // The carry out of the fraction goes on into the exponent, whose ends are looked at afterwards.
    wire [32:0] rounded = {{exponent, kept}} + {{32'd0, up}};
    wire signed [9:0] rounded_exponent = rounded[32:23];
    wire above = ~rounded_exponent[9] & (rounded_exponent[8] | &rounded_exponent[7:0]);
    wire below = rounded_exponent[9] | ~|rounded_exponent[8:0];
    reg [31:0] {output}_q;
    always @(posedge clock) begin
        if (is_nan) {output}_q <= {NAN};
        else if (is_infinite) {output}_q <= {{negative, 8'hff, 23'd0}};
        else if (is_zero | below) {output}_q <= {{negative, 31'd0}};
        else if (above) {output}_q <= {{negative, 8'hff, 23'd0}};
        else {output}_q <= {{negative, rounded[30:0]}};
    end
    assign {output} = {output}_q;
"
    )
}

/// `name_1` to `name_N`: `expression` of `bits` bits, 1 to `depth` cycles later.
fn delay(name: &str, bits: usize, expression: &str, depth: usize) -> String {
    let names: Vec<String> = (1..=depth).map(|n| format!("{name}_{n}")).collect();
    let mut text = format!("    reg [{}:0] {};\n    always @(posedge clock) begin\n", bits - 1, names.join(", "));
    let mut from = expression;
    for to in &names {
        text += &format!("        {to} <= {from};\n");
        from = to;
    }
    text + "    end\n"
}
