// The loop somebody would write by hand around this model, with a memory that never says no: what the harness's
// speed is measured against. One burst at a time on each channel, no counters, and of checks only the one that keeps
// it inside the memory. Returns the cycles run, or 0 where a command leaves the memory.

#include <ctime>

COSIM_EXPORT uint64_t cosim_plain_run(Cosim* sim, uint8_t* memory, uint64_t memory_bytes, uint64_t program_address,
                                      uint64_t max_cycles) {
    Vcosim& m = *sim->model;
    m.reset = 1;
    m.start = 0;
    m.program_address = uint32_t(program_address);
    m.read_data_valid = m.read_command_ready = m.write_command_ready = m.write_data_ready = 0;
    for (int i = 0; i < 4; ++i) {
        m.clock = 0;
        m.eval();
        m.clock = 1;
        m.eval();
    }
    m.reset = 0;
    uint64_t read_address = 0, read_beats = 0, write_address = 0, write_beats = 0, cycle = 0;
    for (bool done = false; !done && cycle < max_cycles; ++cycle) {
        m.start = cycle == 0;
        m.read_command_ready = !read_beats;
        m.write_command_ready = !write_beats;
        m.read_data_valid = read_beats != 0;
        if (read_beats) memcpy(&m.read_data, memory + read_address, COSIM_PORT_BYTES);
        m.write_data_ready = write_beats != 0;
        m.clock = 0;
        m.eval();
        if (m.read_data_valid && m.read_data_ready) {
            read_address += COSIM_PORT_BYTES;
            --read_beats;
        }
        if (m.write_data_valid && m.write_data_ready) {
            memcpy(memory + write_address, &m.write_data, COSIM_PORT_BYTES);
            write_address += COSIM_PORT_BYTES;
            --write_beats;
        }
        if (m.read_command_valid && m.read_command_ready) {
            read_address = m.read_command_address;
            read_beats = m.read_command_beats;
            if (read_address + read_beats * COSIM_PORT_BYTES > memory_bytes) return 0;
        }
        if (m.write_command_valid && m.write_command_ready) {
            write_address = m.write_command_address;
            write_beats = m.write_command_beats;
            if (write_address + write_beats * COSIM_PORT_BYTES > memory_bytes) return 0;
        }
        done = m.done;
        m.clock = 1;
        m.eval();
    }
    return cycle;
}

// Processor time of this thread in seconds, which other programs on the machine do not lengthen as they do wall time.
COSIM_EXPORT double cosim_thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}
