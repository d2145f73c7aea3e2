// DP16KD, the ECP5's block RAM of 1024 x 18 bits with two ports, which Yosys has no model of. From Lattice's ECP5
// memory usage guide, as far as Yosys uses it; an inverted clock, an asynchronous reset and a decoded chip select stop
// the simulation.
//
// A port that reads a word which the other port writes at the same edge gets anything in the part: here the
// complement of what it would have read, so that a design which leans on either value is found.
module DP16KD #(
  parameter DATA_WIDTH_A = 18, parameter DATA_WIDTH_B = 18,
  parameter REGMODE_A = "NOREG", parameter REGMODE_B = "NOREG",
  parameter WRITEMODE_A = "NORMAL", parameter WRITEMODE_B = "NORMAL",
  parameter RESETMODE = "SYNC", parameter ASYNC_RESET_RELEASE = "SYNC",
  parameter CSDECODE_A = "0b000", parameter CSDECODE_B = "0b000",
  parameter CLKAMUX = "CLKA", parameter CLKBMUX = "CLKB",
  parameter GSR = "ENABLED", parameter INIT_DATA = "STATIC", parameter WID = 0,
  parameter [319:0] INITVAL_00 = 0, parameter [319:0] INITVAL_01 = 0, parameter [319:0] INITVAL_02 = 0,
  parameter [319:0] INITVAL_03 = 0, parameter [319:0] INITVAL_04 = 0, parameter [319:0] INITVAL_05 = 0,
  parameter [319:0] INITVAL_06 = 0, parameter [319:0] INITVAL_07 = 0, parameter [319:0] INITVAL_08 = 0,
  parameter [319:0] INITVAL_09 = 0, parameter [319:0] INITVAL_0A = 0, parameter [319:0] INITVAL_0B = 0,
  parameter [319:0] INITVAL_0C = 0, parameter [319:0] INITVAL_0D = 0, parameter [319:0] INITVAL_0E = 0,
  parameter [319:0] INITVAL_0F = 0, parameter [319:0] INITVAL_10 = 0, parameter [319:0] INITVAL_11 = 0,
  parameter [319:0] INITVAL_12 = 0, parameter [319:0] INITVAL_13 = 0, parameter [319:0] INITVAL_14 = 0,
  parameter [319:0] INITVAL_15 = 0, parameter [319:0] INITVAL_16 = 0, parameter [319:0] INITVAL_17 = 0,
  parameter [319:0] INITVAL_18 = 0, parameter [319:0] INITVAL_19 = 0, parameter [319:0] INITVAL_1A = 0,
  parameter [319:0] INITVAL_1B = 0, parameter [319:0] INITVAL_1C = 0, parameter [319:0] INITVAL_1D = 0,
  parameter [319:0] INITVAL_1E = 0, parameter [319:0] INITVAL_1F = 0, parameter [319:0] INITVAL_20 = 0,
  parameter [319:0] INITVAL_21 = 0, parameter [319:0] INITVAL_22 = 0, parameter [319:0] INITVAL_23 = 0,
  parameter [319:0] INITVAL_24 = 0, parameter [319:0] INITVAL_25 = 0, parameter [319:0] INITVAL_26 = 0,
  parameter [319:0] INITVAL_27 = 0, parameter [319:0] INITVAL_28 = 0, parameter [319:0] INITVAL_29 = 0,
  parameter [319:0] INITVAL_2A = 0, parameter [319:0] INITVAL_2B = 0, parameter [319:0] INITVAL_2C = 0,
  parameter [319:0] INITVAL_2D = 0, parameter [319:0] INITVAL_2E = 0, parameter [319:0] INITVAL_2F = 0,
  parameter [319:0] INITVAL_30 = 0, parameter [319:0] INITVAL_31 = 0, parameter [319:0] INITVAL_32 = 0,
  parameter [319:0] INITVAL_33 = 0, parameter [319:0] INITVAL_34 = 0, parameter [319:0] INITVAL_35 = 0,
  parameter [319:0] INITVAL_36 = 0, parameter [319:0] INITVAL_37 = 0, parameter [319:0] INITVAL_38 = 0,
  parameter [319:0] INITVAL_39 = 0, parameter [319:0] INITVAL_3A = 0, parameter [319:0] INITVAL_3B = 0,
  parameter [319:0] INITVAL_3C = 0, parameter [319:0] INITVAL_3D = 0, parameter [319:0] INITVAL_3E = 0,
  parameter [319:0] INITVAL_3F = 0
) (
  input DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12, DIA13, DIA14, DIA15,
    DIA16, DIA17,
  input ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12, ADA13,
  input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
  output DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12, DOA13, DOA14, DOA15,
    DOA16, DOA17,
  input DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8, DIB9, DIB10, DIB11, DIB12, DIB13, DIB14, DIB15,
    DIB16, DIB17,
  input ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12, ADB13,
  input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
  output DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11, DOB12, DOB13, DOB14, DOB15,
    DOB16, DOB17
);
  // Sixteen words of 18 bits a parameter, each in 20 bits.
  localparam [20479:0] INIT = {INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
    INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
    INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27,
    INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E,
    INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15,
    INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C,
    INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03,
    INITVAL_02, INITVAL_01, INITVAL_00};
  reg [17:0] words [0:1023];
  integer i;
  initial for (i = 0; i < 1024; i = i + 1) words[i] = INIT[20 * i +: 18];

  // The bits of a word that an address of a port of this width means. Narrow ports leave out each ninth bit.
  function [17:0] lanes(input integer width, input [3:0] low);
    case (width)
      18: lanes = 18'h3ffff;
      9: lanes = 18'h001ff << (low[3] ? 9 : 0);
      4: lanes = 18'h0000f << (4 * low[3:2] + low[3]);
      2: lanes = 18'h00003 << (2 * low[3:1] + low[3]);
      default: lanes = 18'h00001 << ({1'b0, low} + low[3]);
    endcase
  endfunction

  // Where the lowest of them is.
  function [4:0] first(input integer width, input [3:0] low);
    case (width)
      18: first = 0;
      9: first = low[3] ? 9 : 0;
      4: first = 4 * low[3:2] + low[3];
      2: first = 2 * low[3:1] + low[3];
      default: first = {1'b0, low} + low[3];
    endcase
  endfunction

  wire [17:0] a_in = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
    DIA3, DIA2, DIA1, DIA0};
  wire [13:0] a_at = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire a_on = CEA & ~(CSA2 | CSA1 | CSA0);
  wire a_writes = a_on & WEA;
  wire [17:0] a_lanes = lanes(DATA_WIDTH_A, a_at[3:0]);
  // The widest port's lowest address bits enable its bytes.
  wire [17:0] a_mask = DATA_WIDTH_A == 18 ? {{9{a_at[1]}}, {9{a_at[0]}}} : a_lanes;
  wire [17:0] a_put = a_in << first(DATA_WIDTH_A, a_at[3:0]);
  wire [17:0] b_in = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
    DIB3, DIB2, DIB1, DIB0};
  wire [13:0] b_at = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  wire b_on = CEB & ~(CSB2 | CSB1 | CSB0);
  wire b_writes = b_on & WEB;
  wire [17:0] b_lanes = lanes(DATA_WIDTH_B, b_at[3:0]);
  // The widest port's lowest address bits enable its bytes.
  wire [17:0] b_mask = DATA_WIDTH_B == 18 ? {{9{b_at[1]}}, {9{b_at[0]}}} : b_lanes;
  wire [17:0] b_put = b_in << first(DATA_WIDTH_B, b_at[3:0]);
  wire same_word = a_at[13:4] == b_at[13:4];

  wire [17:0] a_old = words[a_at[13:4]];
  wire [17:0] a_new = WRITEMODE_A == "WRITETHROUGH" && a_writes ? (a_old & ~a_mask) | (a_put & a_mask) : a_old;
  wire [17:0] a_seen = a_new ^ (same_word & b_writes ? b_mask : 18'd0);
  reg [17:0] a_q, a_out;
  always @(posedge CLKA) begin
    if (a_writes) words[a_at[13:4]] <= (a_old & ~a_mask) | (a_put & a_mask);
    if (RSTA) a_q <= 0;
    else if (a_on && !(WEA && WRITEMODE_A == "NORMAL")) a_q <= (a_seen & a_lanes) >> first(DATA_WIDTH_A, a_at[3:0]);
    if (RSTA) a_out <= 0;
    else if (OCEA) a_out <= a_q;
    if (RSTA && RESETMODE != "SYNC") $stop;
  end
  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
    DOA1, DOA0} = REGMODE_A == "OUTREG" ? a_out : a_q;

  wire [17:0] b_old = words[b_at[13:4]];
  wire [17:0] b_new = WRITEMODE_B == "WRITETHROUGH" && b_writes ? (b_old & ~b_mask) | (b_put & b_mask) : b_old;
  wire [17:0] b_seen = b_new ^ (same_word & a_writes ? a_mask : 18'd0);
  reg [17:0] b_q, b_out;
  always @(posedge CLKB) begin
    if (b_writes) words[b_at[13:4]] <= (b_old & ~b_mask) | (b_put & b_mask);
    if (RSTB) b_q <= 0;
    else if (b_on && !(WEB && WRITEMODE_B == "NORMAL")) b_q <= (b_seen & b_lanes) >> first(DATA_WIDTH_B, b_at[3:0]);
    if (RSTB) b_out <= 0;
    else if (OCEB) b_out <= b_q;
    if (RSTB && RESETMODE != "SYNC") $stop;
  end
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
    DOB1, DOB0} = REGMODE_B == "OUTREG" ? b_out : b_q;

  initial begin
    if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB") $stop;
    if (DATA_WIDTH_A > 18 || DATA_WIDTH_B > 18) $stop;
  end
endmodule
