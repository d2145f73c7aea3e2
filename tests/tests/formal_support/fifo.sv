    // What holds in a Fifo between stream.sv's claims, for the induction.
    wire [COUNT_BITS-1:0] place = read + ahead;
    always @* begin
        assert (held == count);
        if (tracked) assert (words[place[COUNT_BITS-2:0]] == value);
    end
