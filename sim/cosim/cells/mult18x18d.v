// MULT18X18D, the ECP5's 18 x 18 bit multiplier, which Yosys has no model of. From Lattice's ECP5 sysDSP usage guide.
//
// Operands and product are each registered by CLK0, CE0 and RST0 (synchronous), or not at all; other clocks, enables
// and resets stop the simulation. Operands come from A and B: SOURCEA and SOURCEB are 0 or left open, C is not used.
module MULT18X18D #(
  parameter REG_INPUTA_CLK = "NONE", parameter REG_INPUTA_CE = "CE0", parameter REG_INPUTA_RST = "RST0",
  parameter REG_INPUTB_CLK = "NONE", parameter REG_INPUTB_CE = "CE0", parameter REG_INPUTB_RST = "RST0",
  parameter REG_OUTPUT_CLK = "NONE", parameter REG_OUTPUT_CE = "CE0", parameter REG_OUTPUT_RST = "RST0",
  parameter GSR = "ENABLED"
) (
  input CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
  input A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
  input C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17,
  input B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
  output P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18, P19, P20, P21, P22,
    P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35
);
  wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  // A sign bit of its own says whether the highest bit counts negative.
  wire signed [18:0] a_in = {SIGNEDA & a[17], a};
  wire signed [18:0] b_in = {SIGNEDB & b[17], b};
  reg signed [18:0] a_q, b_q;
  reg signed [37:0] p_q;
  wire signed [18:0] a_used = REG_INPUTA_CLK == "CLK0" ? a_q : a_in;
  wire signed [18:0] b_used = REG_INPUTB_CLK == "CLK0" ? b_q : b_in;
  wire signed [37:0] product = a_used * b_used;
  wire signed [37:0] p = REG_OUTPUT_CLK == "CLK0" ? p_q : product;
  always @(posedge CLK0)
    if (RST0) begin
      a_q <= 0;
      b_q <= 0;
      p_q <= 0;
    end else if (CE0) begin
      a_q <= a_in;
      b_q <= b_in;
      p_q <= product;
    end
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15,
    P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = p[35:0];
  initial begin
    if (REG_INPUTA_CLK != "CLK0" && REG_INPUTA_CLK != "NONE") $stop;
    if (REG_INPUTB_CLK != "CLK0" && REG_INPUTB_CLK != "NONE") $stop;
    if (REG_OUTPUT_CLK != "CLK0" && REG_OUTPUT_CLK != "NONE") $stop;
    if (REG_INPUTA_CE != "CE0" || REG_INPUTB_CE != "CE0" || REG_OUTPUT_CE != "CE0") $stop;
    if (REG_INPUTA_RST != "RST0" || REG_INPUTB_RST != "RST0" || REG_OUTPUT_RST != "RST0") $stop;
  end
endmodule
