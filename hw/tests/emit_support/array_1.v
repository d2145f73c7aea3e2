// Cortado 0.1.0
// preset test
// architecture 0123abcd
// command cortado verilog --preset test

`default_nettype none

// MulAcc: adds a product a cycle
module dut_mul_acc (
    input wire clock,
    input wire signed [15:0] a,
    input wire signed [15:0] w,
    input wire clear,
    output wire signed [31:0] sum
);
    wire signed [31:0] product;
    reg signed [31:0] acc_d;
    reg signed [31:0] acc_q = 32'h0;

    always @(*) begin
        acc_d = acc_q;
        if (clear) begin
            acc_d = product;
        end else begin
            acc_d = acc_q + product;
        end
    end
    assign product = $signed({{16{a[15]}}, a}) * $signed({{16{w[15]}}, w});
    assign sum = acc_q;

    always @(posedge clock) begin
        acc_q <= acc_d;
    end
endmodule

// Array: a grid of multiply-accumulates
module dut (
    input wire clock,
    input wire clear,
    input wire [15:0] a,
    input wire [15:0] w,
    output wire [31:0] sum
);
    dut_mul_acc pe_0_0 (
        .clock(clock),
        .a(a),
        .w(w),
        .clear(clear),
        .sum(sum)
    );
endmodule

`default_nettype wire
