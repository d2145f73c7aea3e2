//! The multiplier and memory blocks of the parts, so that what synthesis takes can be simulated.

use cortado_hw::emit::EmitError;
use std::fmt::Write;
use std::path::PathBuf;

/// Whose blocks a design is emitted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartCells {
    /// `MULT18X18D` and `DP16KD`: our own models, for Yosys has none.
    Ecp5,
    /// `SB_MAC16`: the model that comes with Yosys.
    Up5k,
}

impl PartCells {
    /// The emitted text with the part's cells chosen and their models behind it. `None`, said aloud, where
    /// `make tools` has not brought Yosys' models.
    ///
    /// # Panics
    /// When the models are missing and `CI=true`.
    pub fn choose(self, text: Result<String, EmitError>) -> Option<Result<String, EmitError>> {
        let (name, model) = match self {
            PartCells::Ecp5 => ("CORTADO_CELLS_ECP5", mult18x18d() + &dp16kd()),
            PartCells::Up5k => ("CORTADO_CELLS_UP5K", sb_mac16()?),
        };
        // The models have no nets without a declaration to guard against, and defaults that Verilator refuses.
        let head = format!("`define {name}\n`define NO_ICE40_DEFAULT_ASSIGNMENTS\n");
        Some(text.map(|text| format!("{head}{text}\n`default_nettype wire\n{model}")))
    }
}

/// As the ECP5's sysDSP usage guide has it for both operand registers and the output register in use.
fn mult18x18d() -> String {
    let mut ports = String::from("input CLK0, CE0, RST0, SIGNEDA, SIGNEDB");
    let mut bits = String::new();
    for (direction, port, count) in [("input", "A", 18), ("input", "B", 18), ("output", "P", 36)] {
        for bit in 0..count {
            let _ = write!(ports, ", {direction} {port}{bit}");
            let _ = match port {
                "P" => writeln!(bits, "  assign P{bit} = p[{bit}];"),
                _ => writeln!(bits, "  assign {}[{bit}] = {port}{bit};", port.to_lowercase()),
            };
        }
    }
    let parameters: Vec<String> = ["INPUTA", "INPUTB", "OUTPUT"]
        .iter()
        .map(|r| {
            format!(
                "parameter REG_{r}_CLK = \"NONE\", parameter REG_{r}_CE = \"CE0\", parameter REG_{r}_RST = \"RST0\""
            )
        })
        .collect();
    format!(
        "module MULT18X18D #({}, parameter GSR = \"ENABLED\") ({ports});
  wire [17:0] a, b;
  reg signed [18:0] a_q, b_q;
  reg signed [37:0] p;
{bits}  always @(posedge CLK0) if (RST0) begin
    a_q <= 0; b_q <= 0; p <= 0;
  end else if (CE0) begin
    a_q <= {{SIGNEDA & a[17], a}};
    b_q <= {{SIGNEDB & b[17], b}};
    p <= a_q * b_q;
  end
  initial if (REG_INPUTA_CLK != \"CLK0\" || REG_INPUTB_CLK != \"CLK0\" || REG_OUTPUT_CLK != \"CLK0\") $stop;
endmodule
",
        parameters.join(", ")
    )
}

/// As the ECP5's memory usage guide has it for one clock, port A writing and port B reading through its output
/// register. A word of 16384 addresses a bit; narrow words are addressed by the upper bits alone.
fn dp16kd() -> String {
    let mut ports = String::new();
    let mut bits = String::new();
    for side in ["A", "B"] {
        let _ = write!(
            ports,
            "input CLK{side}, CE{side}, OCE{side}, WE{side}, RST{side}, CS{side}0, CS{side}1, CS{side}2, "
        );
    }
    for (direction, port, count) in
        [("input", "ADA", 14), ("input", "ADB", 14), ("input", "DIA", 18), ("output", "DOB", 18)]
    {
        for bit in 0..count {
            let comma = if (port, bit) == ("DOB", 17) { "" } else { ", " };
            let _ = write!(ports, "{direction} {port}{bit}{comma}");
            let _ = match port {
                "DOB" => writeln!(bits, "  assign DOB{bit} = out[{bit}];"),
                _ => writeln!(bits, "  assign {}[{bit}] = {port}{bit};", port.to_lowercase()),
            };
        }
    }
    format!(
        "module DP16KD #(parameter DATA_WIDTH_A = 18, parameter DATA_WIDTH_B = 18, parameter REGMODE_A = \"NOREG\",
  parameter REGMODE_B = \"NOREG\", parameter RESETMODE = \"SYNC\", parameter GSR = \"ENABLED\",
  parameter WRITEMODE_A = \"NORMAL\", parameter WRITEMODE_B = \"NORMAL\") ({ports});
  wire [13:0] ada, adb;
  wire [17:0] dia;
{bits}  reg [8:0] store [0:2047];
  reg [17:0] core, out;
  wire writes = CEA & WEA & ~CSA0 & ~CSA1 & ~CSA2;
  wire [8:0] old = store[ada[13:3]];
  always @(posedge CLKA) if (writes)
    case (DATA_WIDTH_A)
      18: begin
        if (ada[0]) store[{{ada[13:4], 1'b0}}] <= dia[8:0];
        if (ada[1]) store[{{ada[13:4], 1'b1}}] <= dia[17:9];
      end
      9: store[ada[13:3]] <= dia[8:0];
      4: store[ada[13:3]] <= (old & ~(9'd15 << {{ada[2], 2'b00}})) | ({{5'd0, dia[3:0]}} << {{ada[2], 2'b00}});
      2: store[ada[13:3]] <= (old & ~(9'd3 << {{ada[2:1], 1'b0}})) | ({{7'd0, dia[1:0]}} << {{ada[2:1], 1'b0}});
      1: store[ada[13:3]] <= (old & ~(9'd1 << ada[2:0])) | ({{8'd0, dia[0]}} << ada[2:0]);
    endcase
  always @(posedge CLKB) begin
    if (CEB & ~CSB0 & ~CSB1 & ~CSB2)
      case (DATA_WIDTH_B)
        18: core <= {{store[{{adb[13:4], 1'b1}}], store[{{adb[13:4], 1'b0}}]}};
        9: core <= {{9'd0, store[adb[13:3]]}};
        4: core <= {{14'd0, store[adb[13:3]][{{adb[2], 2'b00}} +: 4]}};
        2: core <= {{16'd0, store[adb[13:3]][{{adb[2:1], 1'b0}} +: 2]}};
        1: core <= {{17'd0, store[adb[13:3]][adb[2:0]]}};
      endcase
    if (OCEB) out <= core;
  end
  initial if (REGMODE_B != \"OUTREG\" || WEB || RSTA || RSTB || DATA_WIDTH_A != DATA_WIDTH_B) $stop;
endmodule
"
    )
}

/// The module out of Yosys' models of the iCE40.
fn sb_mac16() -> Option<String> {
    let libraries = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../build/tools/venv/lib");
    let pythons = std::fs::read_dir(&libraries).into_iter().flatten().flatten();
    let models = pythons.map(|one| one.path().join("site-packages/pyosys/share/ice40/cells_sim.v"));
    let text = models.filter_map(|path| std::fs::read_to_string(path).ok()).next();
    let module = text.as_deref().and_then(|text| {
        let start = text.find("module SB_MAC16")?;
        let length = text[start..].find("endmodule")? + "endmodule\n".len();
        Some(text[start..start + length].to_string())
    });
    if module.is_none() {
        let missing = "Yosys' models of the iCE40 are missing; `make tools` gets them";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
        eprintln!("skipped: {missing}");
    }
    module
}
