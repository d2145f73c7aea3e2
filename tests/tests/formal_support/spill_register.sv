    // Of a register in a stream: every word leaves once, in order, and stands still until it is taken.
    // Parameters: WIDTH bits.
    wire takes = in_valid & in_ready, gives = out_valid & out_ready;
    // One word among all, chosen freely, and how many are before it.
    (* anyseq *) wire pick;
    reg tracked = 0;
    reg [WIDTH-1:0] value;
    reg [1:0] ahead;
    reg [1:0] count = 0;
    reg stalled = 0;
    reg [WIDTH-1:0] shown_before;
    always @(posedge clock) begin
        stalled <= ~reset & out_valid & ~out_ready;
        shown_before <= out_data;
        if (reset) begin
            count <= 0;
            tracked <= 0;
        end else begin
            count <= count + takes - gives;
            if (~tracked & takes & pick) begin
                tracked <= 1;
                value <= in_data;
                ahead <= count - gives;
            end else if (tracked & gives) begin
                if (ahead == 0) tracked <= 0;
                else ahead <= ahead - 1'b1;
            end
        end
    end
    always @* begin
        assert (count <= 2);
        assert (out_valid == (count != 0));
        assert (in_ready == (count != 2));
        if (tracked) assert (ahead < count);
        if (tracked && ahead == 0) assert (out_data == value);
        if (stalled) assert (out_valid && out_data == shown_before);
    end

    // What holds in between, for the induction.
    always @* begin
        assert (count == shown_full_q + spilled_full_q);
        assert (shown_full_q | ~spilled_full_q);
        if (tracked && ahead == 1) assert (spilled_q == value);
    end
