    // Of an engine's control, whatever program it fetches, however memory and datapath behave: where it reads and
    // writes, to whom beats go, and that nothing it waits for is missing for ever.
    // Parameters: PORT_BYTES, BURST, FETCH_BEATS, ADDRESS_MASK; of the memories 0 to 2 WORDS and WORD_BEATS; of the
    // copy of a COMPUTE COPY_ISSUE and COPY_LAST.

    // ---- Registers of the blocks.
    (* hierconn *) wire [2:0] \dispatcher.state_q ;
    (* hierconn *) wire [1:0] \dispatcher.moving_q ;
    (* hierconn *) wire \dispatcher.is_store_q ;
    (* hierconn *) wire \dispatcher.held_up_q ;
    (* hierconn *) wire \dispatcher.bad_q ;
    (* hierconn *) wire \dispatcher.is_transfer_q ;
    (* hierconn *) wire \dispatcher.is_compute_q ;
    (* hierconn *) wire \dispatcher.taken_q ;
    (* hierconn *) wire \dispatcher.go_on ;
    (* hierconn *) wire [15:0] \dispatcher.index_q ;
    (* hierconn *) wire [15:0] \dispatcher.dma_retired_q ;
    (* hierconn *) wire [15:0] \dispatcher.compute_retired_q ;
    (* hierconn *) wire [27:0] \transfer.to_ask_q ;
    (* hierconn *) wire [15:0] \transfer.in_flight_q ;
    (* hierconn *) wire \transfer.short_q ;
    (* hierconn *) wire \transfer.any_in_flight_q ;
    (* hierconn *) wire \reader.fetch_wanted_q ;
    (* hierconn *) wire \reader.fetching_q ;
    (* hierconn *) wire [5:0] \reader.fetched_q ;
    (* hierconn *) wire [15:0] \reader.ahead_q ;
    (* hierconn *) wire \reader.any_ahead_q ;
    (* hierconn *) wire \reader.asking_q ;
    (* hierconn *) wire \reader.asking_fetch_q ;
    (* hierconn *) wire \writer.asking_q ;
    (* hierconn *) wire \writer.going_full_q ;
    (* hierconn *) wire [2:0] \compute_control.state_q ;
    (* hierconn *) wire \compute_control.whole_q ;
    (* hierconn *) wire \compute_control.held_up_q ;
    (* hierconn *) wire [5:0] \compute_control.at_q ;

    wire [2:0] state = \dispatcher.state_q ;
    wire idle = state == 0, asking = state == 1, fetching = state == 2, decoding = state == 3, dispatching = state == 4,
        draining = state == 5, finishing = state == 6;
    wire no_transfer = \dispatcher.moving_q == 0, waiting = \dispatcher.moving_q == 1, moving = \dispatcher.moving_q == 2,
        retiring = \dispatcher.moving_q == 3;
    wire load_asked = \reader.asking_q & ~\reader.asking_fetch_q , fetch_asked = \reader.asking_q & \reader.asking_fetch_q ;

    // From a reset on, whatever was before it.
    reg ran = 0;
    always @(posedge clock) ran <= 1;
    always @* assume (ran | reset);

    // ---- What has been asked for: by the program, and of the memory.
    wire [31:0] word_beats = instruction_register_memory == 0 ? WORD_BEATS_0 :
        instruction_register_memory == 1 ? WORD_BEATS_1 : WORD_BEATS_2;
    wire [31:0] most_words = instruction_register_memory == 0 ? WORDS_0 :
        instruction_register_memory == 1 ? WORDS_1 : WORDS_2;
    reg [31:0] program_base, base, instruction;
    reg [27:0] total, asked, moved;
    // Beats of a LOAD that come before the instruction's, the instruction's, and beats behind.
    reg [15:0] before, inside, behind;
    wire loads = read_command_valid & read_command_ready & load_asked;
    wire fetches = read_command_valid & read_command_ready & fetch_asked;
    wire stores = write_command_valid & write_command_ready;
    wire reads = read_data_valid & read_data_ready, writes = write_data_valid & write_data_ready;
    wire [15:0] owed = before + inside + behind;
    wire fetch_beat = before == 0 & inside != 0;
    wire closes = reads & fetch_beat & inside == 1;
    // Memory gives the beats it was asked for, in order, at any time.
    always @* assume (owed != 0 | ~read_data_valid);
    always @(posedge clock) begin
        if (reset) begin
            before <= 0;
            inside <= 0;
            behind <= 0;
            asked <= 0;
            moved <= 0;
            total <= 0;
        end else begin
            // Before a fetch all beats count as before it.
            before <= before + (loads & (inside == 0 | closes) ? read_command_beats : 0) + (closes ? behind : 0)
                - (reads & before != 0);
            inside <= inside + (fetches ? read_command_beats : 0) - (reads & fetch_beat);
            behind <= closes ? 0 : behind + (loads & inside != 0 ? read_command_beats : 0);
            if (idle & start) program_base <= program_address;
            if (idle) instruction <= 0;
            else if (\dispatcher.go_on ) instruction <= instruction + 1;
            if (dispatcher_transfer_take) begin
                base <= instruction_register_byte_address;
                total <= instruction_register_words * word_beats;
                asked <= 0;
                moved <= 0;
            end else begin
                if (loads) asked <= asked + read_command_beats;
                if (stores) asked <= asked + write_command_beats;
                if ((reads & ~fetch_beat) | writes) moved <= moved + 1;
            end
        end
    end

    // ---- Commands stay in what the instruction names.
    always @* if (ran) begin
        if (load_asked) begin
            assert (moving & ~\dispatcher.is_store_q );
            assert (read_command_address == ((base + asked * PORT_BYTES) & ADDRESS_MASK));
            assert (read_command_beats != 0 && read_command_beats <= total - asked && asked <= total);
        end
        if (write_command_valid) begin
            assert (moving & \dispatcher.is_store_q );
            assert (write_command_address == ((base + asked * PORT_BYTES) & ADDRESS_MASK));
            assert (write_command_beats != 0 && write_command_beats <= total - asked && asked <= total);
        end
        if (fetch_asked) begin
            assert (read_command_address == ((program_base + instruction * (FETCH_BEATS * PORT_BYTES)) & ADDRESS_MASK));
            assert (read_command_beats == FETCH_BEATS);
        end
        if (write_data_valid) assert (moved < asked);
    end

    // ---- What is offered stands until it is taken.
    reg read_stalled = 0, write_stalled = 0, data_stalled = 0;
    reg [47:0] read_command, write_command;
    reg [8*PORT_BYTES-1:0] data_before;
    always @(posedge clock) begin
        read_stalled <= ~reset & read_command_valid & ~read_command_ready;
        write_stalled <= ~reset & write_command_valid & ~write_command_ready;
        data_stalled <= ~reset & write_data_valid & ~write_data_ready;
        read_command <= {read_command_address, read_command_beats};
        write_command <= {write_command_address, write_command_beats};
        data_before <= write_data;
    end
    always @* if (ran) begin
        if (read_stalled) assert (read_command_valid && {read_command_address, read_command_beats} == read_command);
        if (write_stalled) assert (write_command_valid && {write_command_address, write_command_beats} == write_command);
        if (data_stalled) assert (write_data_valid && write_data == data_before);
    end

    // ---- Beats go where they belong.
    always @* if (ran) begin
        if (read_data_valid) assert (reader_fetch_beat == fetch_beat);
        if (read_data_valid & ~fetch_beat) assert (moving & ~\dispatcher.is_store_q );
    end

    // ---- What holds in between, for the induction.
    always @* if (ran) begin
        assert (state <= 6);
        if (~idle) assert (\dispatcher.index_q == instruction[15:0]);
        assert (fetching == (\reader.fetch_wanted_q | \reader.fetching_q ));
        assert (\reader.fetching_q == (fetch_asked | inside != 0));
        assert (!(\reader.fetch_wanted_q & \reader.fetching_q ));
        assert (!(fetch_asked & inside != 0));
        assert (\reader.fetched_q == (inside == 0 ? 0 : FETCH_BEATS - inside));
        assert (inside <= FETCH_BEATS);
        assert (before <= 2 * BURST && behind <= 2 * BURST);
        assert (inside != 0 | behind == 0);
        assert (\reader.any_ahead_q == (\reader.ahead_q != 0));
        if (\reader.fetching_q ) assert (\reader.ahead_q == before);
        if (!\reader.fetching_q ) assert (\reader.ahead_q == 0);
        assert (\transfer.any_in_flight_q == (\transfer.in_flight_q != 0));
        assert (\transfer.in_flight_q == asked - moved);
        assert (moved <= asked && asked <= total);
        assert (\transfer.in_flight_q <= 2 * BURST);
        if (\writer.going_full_q ) assert (\dispatcher.is_store_q & (moving | retiring));
        if (no_transfer | retiring) assert (asked == total && moved == total);
        if (waiting) assert (asked == 0);
        if (waiting | moving) begin
            assert (\transfer.to_ask_q == total - asked);
            assert (total <= WORDS_0 * WORD_BEATS_0 || total <= WORDS_1 * WORD_BEATS_1 || total <= WORDS_2 * WORD_BEATS_2);
            assert (moved < total);
        end
        if (~no_transfer && asked != total) assert (transfer_address == ((base + asked * PORT_BYTES) & ADDRESS_MASK));
        if (moving & ~\dispatcher.is_store_q ) assert (before + behind == \transfer.in_flight_q );
        else assert (before + behind == 0);
        if (load_asked | \writer.asking_q ) begin
            assert (moving & \transfer.to_ask_q != 0);
            assert (\transfer.in_flight_q <= BURST);
            assert (transfer_beats == (\transfer.to_ask_q < BURST ? \transfer.to_ask_q : BURST));
            assert (\transfer.short_q == (\transfer.to_ask_q < BURST));
        end
        if (~idle) assert (dispatcher_fetch_address == ((program_base + instruction * (FETCH_BEATS * PORT_BYTES)) & ADDRESS_MASK));
        if (idle | finishing) assert (no_transfer);
        if (dispatching & ~\dispatcher.bad_q & \dispatcher.is_transfer_q ) begin
            assert (instruction_register_words != 0);
            assert (instruction_register_words <= most_words);
        end
    end
