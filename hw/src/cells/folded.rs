//! The requantiser's text with one multiplier, which takes the four products of halves in turn.

use super::multiplier::{up5k_wide, wide, Operand};

/// Cycles from operand to `rounded`.
pub(super) const ROUNDED_LATENCY: usize = 10;

/// What is computed in the cycles after `start`; `after[n]` is high n + 1 cycles after it.
///
/// | cycles after `start` | what |
/// |---|---|
/// | 0 to 3 | halves of q into a register |
/// | 1 to 4 | halves of the operand into the multiplier |
/// | 3 to 6 | the products leave it |
/// | 7 to 10 | the shift: by 16 where wanted, then three times by 0, 1, 4 or 5 |
/// | 11 | `rounded` |
pub(super) fn body() -> String {
    let product = up5k_wide("product", "half", true, "q_half");
    let behavioural =
        wide("both", Operand { text: "half", bits: 16 }, Operand { text: "$signed({1'b0, q_half})", bits: 17 });
    format!(
        "    // operand = high * 2^15 + low, q = q_high * 2^15 + q_low
    reg [9:0] after;
    reg [15:0] q_half;
    wire [15:0] half = (after[1] | after[3]) ? {{operand[29], operand[29:15]}} : {{1'b0, operand[14:0]}};
`ifdef CORTADO_CELLS_UP5K
{product}`else
{behavioural}    wire [31:0] product = both[31:0];
`endif
{ROUNDING}"
    )
}

const ROUNDING: &str = "    reg [14:0] sum_low;
    reg signed [17:0] sum_high;
    wire [14:0] addend = after[2] ? product[29:15] : product[14:0];
    wire [15:0] low = sum_low + addend;
    reg signed [30:0] high_product;
    reg [4:0] shift_early;
    reg [3:0] shift_late;
    // The bit below the result is the last that was shifted out; `sticky` says whether one below it was set.
    reg signed [30:0] shifted;
    reg sticky;
    wire four = after[7] ? |shift_late[3:2] : after[8] ? shift_late[3] : &shift_late[3:2];
    wire one = after[7] ? |shift_late[1:0] : after[8] ? shift_late[1] : &shift_late[1:0];
    wire signed [30:0] by_one = one ? (shifted >>> 1) : shifted;
    reg signed [10:0] biased;
    reg signed [7:0] clamped_q;
    reg below, above;
    // Half away from zero: a half of a negative number is not rounded up.
    wire up = shifted[0] & (~shifted[30] | sticky);
    // What leaves these bits leaves the clamp's range with any zero point.
    wire outside = ~(&shifted[30:10]) & (|shifted[30:10]);
    always @(posedge clock) begin
        after <= {after[8:0], start};
        q_half <= (after[1] | after[2]) ? q[30:15] : {1'b0, q[14:0]};

        if (after[2] | after[3] | after[4]) sum_low <= low[14:0];
        else sum_low <= 15'd0;
        if (after[3] | after[4]) sum_high <= sum_high + $signed(product[31:15]) + $signed({1'b0, low[15]});
        else sum_high <= 18'd0;
        // The rounding 2^30 enters as the bit below the result.
        high_product <= $signed(product[30:0]) + sum_high + $signed(2'b01);

        if (after[2]) shift_early <= shift;
        if (after[6]) begin
            shift_late <= shift_early[3:0];
            shifted <= shift_early[4] ? $signed({high_product[30:1], 1'b0}) >>> 16 : $signed({high_product[30:1], 1'b0});
            sticky <= shift_early[4] & (|high_product[15:1]);
        end else if (after[7] | after[8] | after[9]) begin
            shifted <= four ? (by_one >>> 4) : by_one;
            sticky <= sticky | (one & shifted[0]) | (four & (|by_one[3:0]));
        end

        biased <= $signed(shifted[10:1]) + $signed(zero_point) + $signed({1'b0, up});
        below <= outside & shifted[30];
        above <= outside & ~shifted[30];

        if (below | (~above & (biased < $signed(minimum)))) clamped_q <= minimum;
        else if (above | (biased > $signed(maximum))) clamped_q <= maximum;
        else clamped_q <= biased[7:0];
    end
    assign rounded = $signed(shifted[30:1]) + $signed({1'b0, up});
    assign clamped = clamped_q;
";
