    // What holds in a SpillRegister between stream.sv's claims, for the induction.
    always @* begin
        assert (count == shown_full_q + spilled_full_q);
        assert (shown_full_q | ~spilled_full_q);
        if (tracked && ahead == 1) assert (spilled_q == value);
    end
