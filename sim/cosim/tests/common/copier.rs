//! A small engine with Cortado's ports, its programs, and what they do.
#![allow(dead_code, reason = "each user needs its part")]

/// An engine with Cortado's ports of `bytes` bytes that copies memory. An instruction is four words in
/// [`pitch`] bytes: source, destination, bursts, beats per burst. Without bursts it ends the program, with the beats
/// as error code. It sends commands ahead of data as far as it is let, and passes data on within the cycle.
pub fn copier(bytes: u32) -> String {
    let bits = bytes * 8;
    let fetch_beats = 16u32.div_ceil(bytes);
    let take = if bytes < 16 { format!("{{read_data, instruction[127:{bits}]}}") } else { "read_data[127:0]".into() };
    let pitch = pitch(bytes);
    format!(
        r"module copier (
  input wire clock, input wire reset, input wire start, input wire [31:0] program_address,
  output wire busy, output reg done, output reg [7:0] error,
  output wire read_command_valid, input wire read_command_ready,
  output wire [31:0] read_command_address, output wire [15:0] read_command_beats,
  input wire read_data_valid, output wire read_data_ready, input wire [{high}:0] read_data,
  output wire write_command_valid, input wire write_command_ready,
  output wire [31:0] write_command_address, output wire [15:0] write_command_beats,
  output wire write_data_valid, input wire write_data_ready, output wire [{high}:0] write_data,
  output reg retire_valid, output reg [15:0] retire_index, output wire array_active
);
  localparam IDLE = 0, ASK = 1, FETCH = 2, DECODE = 3, COPY = 4;
  reg [2:0] state;
  reg [31:0] counter, source, target;
  reg [127:0] instruction;
  reg [15:0] reads, writes, index;
  reg [31:0] left;
  wire [31:0] beats = instruction[127:96];
  wire copying = state == COPY;
  wire moved = write_data_valid & write_data_ready;
  assign busy = state != IDLE;
  assign read_command_valid = state == ASK | (copying & reads != 0);
  assign read_command_address = copying ? source : counter;
  assign read_command_beats = copying ? beats[15:0] : {fetch_beats};
  assign read_data_ready = state == FETCH | (copying & write_data_ready);
  assign write_command_valid = copying & writes != 0;
  assign write_command_address = target;
  assign write_command_beats = beats[15:0];
  assign write_data_valid = copying & read_data_valid;
  assign write_data = read_data;
  assign array_active = moved;
  always @(posedge clock) begin
    done <= 0;
    retire_valid <= 0;
    case (state)
      IDLE: if (start) begin counter <= program_address; index <= 0; state <= ASK; end
      ASK: if (read_command_ready) begin left <= {fetch_beats}; state <= FETCH; end
      FETCH: if (read_data_valid) begin
        instruction <= {take};
        left <= left - 1;
        if (left == 1) begin counter <= counter + {pitch}; state <= DECODE; end
      end
      DECODE: begin
        source <= instruction[31:0];
        target <= instruction[63:32];
        reads <= instruction[79:64];
        writes <= instruction[79:64];
        left <= instruction[79:64] * beats;
        if (instruction[79:64] == 0) begin done <= 1; error <= beats[7:0]; state <= IDLE; end
        else state <= COPY;
      end
      default: begin
        if (read_command_valid & read_command_ready) begin
          reads <= reads - 1;
          source <= source + beats * {bytes};
        end
        if (write_command_valid & write_command_ready) begin
          writes <= writes - 1;
          target <= target + beats * {bytes};
        end
        if (moved) begin
          left <= left - 1;
          if (left == 1) begin retire_valid <= 1; retire_index <= index; index <= index + 1; state <= ASK; end
        end
      end
    endcase
    if (reset) begin state <= IDLE; done <= 0; retire_valid <= 0; end
  end
endmodule
",
        high = bits - 1
    )
}

/// Bytes from one instruction to the next.
pub fn pitch(bytes: u32) -> u32 {
    bytes.max(16)
}

/// A memory of 64 KiB with the program of these instructions at 0 and a pattern behind it.
pub fn image(bytes: u32, program: &[[u32; 4]]) -> Vec<u8> {
    let mut memory: Vec<u8> = (0..1u32 << 16).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
    for (instruction, place) in program.iter().zip(memory.chunks_mut(pitch(bytes) as usize)) {
        for (word, slot) in instruction.iter().zip(place.chunks_mut(4)) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
    }
    memory
}

/// What a memory holds after the copies of a program.
pub fn copied(bytes: u32, program: &[[u32; 4]]) -> Vec<u8> {
    let mut memory = image(bytes, program);
    for [source, target, bursts, beats] in program {
        let length = (bursts * beats * bytes) as usize;
        memory.copy_within(*source as usize..*source as usize + length, *target as usize);
    }
    memory
}
