    // Of what keeps a stream's words: every word leaves once, in order, and stands still until it is taken.
    // Parameters: DEPTH words of WIDTH bits.
    localparam COUNT_BITS = $clog2(DEPTH) + 1;

    wire takes = in_valid & in_ready, gives = out_valid & out_ready;
    // One word among all, chosen freely, and how many are before it.
    (* anyseq *) wire pick;
    reg tracked = 0;
    reg [WIDTH-1:0] value;
    reg [COUNT_BITS-1:0] ahead;
    reg [COUNT_BITS-1:0] count = 0;
    reg stalled = 0;
    reg [WIDTH-1:0] stood;
    always @(posedge clock) begin
        stalled <= ~reset & out_valid & ~out_ready;
        stood <= out_data;
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
        assert (count <= DEPTH);
        assert (out_valid == (count != 0));
        assert (in_ready == (count != DEPTH));
        if (tracked) assert (ahead < count);
        if (tracked && ahead == 0) assert (out_data == value);
        if (stalled) assert (out_valid && out_data == stood);
    end
