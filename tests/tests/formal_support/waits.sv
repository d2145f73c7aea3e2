    // ---- Nothing waits for what has not been started.
    wire [2:0] unit = \compute_control.state_q ;
    wire [5:0] copied = \compute_control.at_q ;
    wire launched = unit != 0;
    // A COMPUTE that its unit has taken and that has not retired.
    wire compute_at_hand = launched | \compute_control.whole_q | copied > COPY_ISSUE;
    // No COMPUTE is so short that it ends before its own copy does.
    always @* assume (feed_busy | unit != 3 | copied <= COPY_ISSUE);
    always @* if (ran) begin
        if (fetching) assert (\reader.fetch_wanted_q | fetch_asked | inside != 0);
        // A transfer waits for a COMPUTE that is at hand and does not wait itself, and the reverse.
        if (waiting & \dispatcher.held_up_q ) assert (compute_at_hand & (launched | ~\compute_control.held_up_q ));
        if (moving) assert (moved < total);
        if (compute_at_hand & ~launched & \compute_control.held_up_q ) assert (~no_transfer & ~(waiting & \dispatcher.held_up_q ));
        if (dispatching) assert (\dispatcher.bad_q | \dispatcher.is_transfer_q | \dispatcher.is_compute_q | instruction_register_opcode == 0);
        if (draining & ~compute_at_hand) assert (compute_control_free);
    end
    // ---- What holds in between, of waits.
    wire [15:0] dma_started = \dispatcher.dma_retired_q + !no_transfer;
    wire [15:0] compute_started = \dispatcher.compute_retired_q + !compute_control_free;
    always @* if (ran) begin
        assert (unit <= 4);
        assert (copied <= COPY_LAST);
        if (copied != 0 && copied <= COPY_ISSUE) assert (dispatching & \dispatcher.is_compute_q & ~\dispatcher.taken_q & ~\dispatcher.bad_q );
        if (dispatching & \dispatcher.taken_q ) assert (\dispatcher.is_compute_q & (copied == (COPY_ISSUE == COPY_LAST ? 0 : COPY_ISSUE + 1)) );
        if (~dispatching & ~idle) assert (~\dispatcher.taken_q );
        if (\compute_control.whole_q ) assert ((unit == 0) & copied == 0);
        if (copied > COPY_ISSUE) begin
            assert (dispatching & \dispatcher.taken_q | asking | fetching);
            if (asking) assert (copied >= COPY_ISSUE + 2);
            if (fetching) assert (copied >= COPY_ISSUE + 3 + \reader.fetched_q );
            assert (unit != 4);
        end
        if (unit == 1 | unit == 2) assert (copied == 0 | copied > COPY_ISSUE);
        if (\compute_control.whole_q ) assert (~(dispatching & \dispatcher.is_compute_q & copied != 0));
        // What the instruction waits for has been started.
        if (dispatching) begin
            if (~\dispatcher.bad_q & \dispatcher.is_compute_q ) assert (instruction_register_wait_dma <= dma_started);
            if (~\dispatcher.bad_q & \dispatcher.is_transfer_q ) assert (instruction_register_wait_compute <= compute_started);
            if (\dispatcher.is_transfer_q ) assert (instruction_register_opcode == 1 | instruction_register_opcode == 2);
            if (\dispatcher.is_compute_q ) assert (instruction_register_opcode == 3 & ~\dispatcher.bad_q );
        end
        if (idle | finishing) assert (~compute_at_hand & copied == 0);
    end
