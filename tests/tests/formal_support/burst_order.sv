    // Of an arbiter of bursts: one client at a time, each within its turn, and data in the order of the commands.
    // Parameters: CLIENTS.
    integer i;
    wire [CLIENTS-1:0] due_one = due & (due - 1'b1), ready_one = client_ready & (client_ready - 1'b1);
    wire data_moves = any_valid & any_ready;

    // From a reset on, whatever was before it.
    reg ran = 0;
    always @(posedge clock) ran <= 1;
    always @* assume (ran | reset);

    // A burst has beats, and a client that asks goes on asking.
    always @* for (i = 0; i < CLIENTS; i = i + 1) assume (client_beats[16*i +: 16] != 0);
    reg [CLIENTS-1:0] asked = 0;
    always @(posedge clock) asked <= reset ? 0 : client_valid & ~client_ready;
    always @* assume ((asked & ~client_valid) == 0);

    // Any client, and the bursts of others since it asks.
    (* anyconst *) wire [3:0] someone;
    reg [4:0] passed = 0;
    always @(posedge clock)
        if (reset | ~client_valid[someone] | client_ready[someone]) passed <= 0;
        else if (client_ready != 0) passed <= passed + 1'b1;
    always @* assume (someone < CLIENTS);

    // Any burst, and those before it.
    (* anyseq *) wire pick;
    reg tracked = 0;
    reg [19:0] value;
    reg [6:0] ahead;
    reg [6:0] count = 0;
    wire leaves = order_out_valid & order_out_ready;
    always @(posedge clock)
        if (reset) begin
            count <= 0;
            tracked <= 0;
        end else begin
            count <= count + take - leaves;
            if (~tracked & take & pick) begin
                tracked <= 1;
                value <= {next_beats, choice};
                ahead <= count - leaves;
            end else if (tracked & leaves) begin
                if (ahead == 0) tracked <= 0;
                else ahead <= ahead - 1'b1;
            end
        end

    reg stalled = 0;
    reg [47:0] command;
    always @(posedge clock) begin
        stalled <= ~reset & command_valid & ~command_ready;
        command <= {command_address, command_beats};
    end

    always @* if (ran) begin
        assert (due_one == 0 && ready_one == 0);
        assert ((client_ready & ~client_valid) == 0);
        assert (passed < CLIENTS);
        if (client_ready != 0) assert (next_beats == client_beats[16*choice +: 16]);
        if (tracked && ahead == 0) begin
            assert (due == (1 << value[3:0]));
            assert (moved_q < value[19:4]);
            assert (leaves == (data_moves & (moved_q + 16'd1 == value[19:4])));
        end
        if (count == 0) assert (due == 0);
        if (stalled) assert (command_valid && {command_address, command_beats} == command);
    end

    // What holds in between, for the induction. A client's turn comes at the latest when the others have had one.
    (* hierconn *) wire [5:0] \order.read ;
    (* hierconn *) wire [5:0] \order.written ;
    (* hierconn *) wire [639:0] \order.packed ;
    wire [5:0] place = \order.read + ahead[5:0];
    wire [4:0] distance = last_q == someone ? 0 : last_q > someone ? last_q - someone : CLIENTS + last_q - someone;
    // No reset sets the last client; it starts as the first.
    always @* assert (last_q < CLIENTS);
    always @* if (ran) begin
        assert (passed <= distance);
        assert (count <= 32 && count == ((\order.written - \order.read ) & 6'h3f));
        if (tracked) assert (ahead < count && value[3:0] < CLIENTS && value[19:4] != 0);
        if (tracked) assert (\order.packed [20*place[4:0] +: 20] == value);
        if (count == 0) assert (moved_q == 0);
    end
