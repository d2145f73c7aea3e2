// Cycle loop around a training engine (src/trainer.rs): its ports to memory, a queue of tasks, and what it reports.
// memory.h stands before this text. The structures are mirrored in src/trainer.rs.

#include <deque>
#include <memory>

struct TrainerOptions {
    uint64_t pairs, port_bytes, units, seed;
    uint64_t latency, extra_latency, max_outstanding, rate_numerator, rate_denominator, burst_cycles;
    uint64_t read_gap, command_stall, write_stall;
};

struct TrainerReport {
    uint64_t cycle;
    uint32_t words[4];
};

struct TrainerState {
    uint64_t cycles, fault, fault_address, queued, report_count;
    const TrainerReport* reports;
    uint64_t bytes_read[8], bytes_written[8], updating[8], active[16];
};

enum TrainerFault : uint64_t { kNoFault, kBadCommand, kCommandLost, kDataLost };

// A slice of a port of any width: Verilator keeps them all as little-endian words.
static uint64_t slice(const void* signal, uint64_t bytes_at, uint64_t bytes) {
    uint64_t value = 0;
    memcpy(&value, static_cast<const uint8_t*>(signal) + bytes_at, bytes);
    return value;
}

struct TrainerPort {
    BurstQueue reads, writes;
    Bandwidth rate;
    Random random;
    bool offered = false, data_ready = false, data_held = false;
    bool read_ready = false, write_ready = false;
    uint64_t held[2] = {0, 0};
    std::vector<uint8_t> last;

    TrainerPort(const TrainerOptions& o, uint64_t number)
        : reads(o.max_outstanding, o.burst_cycles), writes(o.max_outstanding, o.burst_cycles),
          rate(o.rate_numerator, o.rate_denominator, o.port_bytes), random(o.seed + number), last(o.port_bytes) {}
};

struct Trainer {
    Cosim& sim;
    const TrainerOptions options;
    uint8_t* const memory;
    const uint64_t memory_bytes;
    std::vector<TrainerPort> ports;
    std::deque<std::vector<uint32_t>> tasks;  // the pair, then the task's words
    std::vector<TrainerReport> reports;
    TrainerState state{};

    Trainer(Cosim& s, const TrainerOptions& o, uint8_t* bytes, uint64_t count)
        : sim(s), options(o), memory(bytes), memory_bytes(count) {
        for (uint64_t p = 0; p < o.pairs; ++p) ports.emplace_back(o, p);
    }

    void fault(TrainerFault kind, uint64_t address) {
        if (state.fault) return;
        state.fault = kind;
        state.fault_address = address;
    }

    void reset() {
        Vcosim& m = *sim.model;
        m.task_valid = 0;
        m.report_ready = 1;
        m.read_command_ready = m.read_data_valid = m.write_command_ready = m.write_data_ready = 0;
        m.reset = 1;
        for (int i = 0; i < 4; ++i) {
            m.clock = 0;
            m.eval();
            m.clock = 1;
            m.eval();
        }
        m.reset = 0;
    }

    // What the memory shows in this cycle; it depends on earlier cycles only.
    void drive() {
        Vcosim& m = *sim.model;
        uint64_t read_ready = 0, write_ready = 0, read_valid = 0, data_ready = 0;
        for (uint64_t p = 0; p < options.pairs; ++p) {
            TrainerPort& port = ports[p];
            port.read_ready = !port.reads.full() && !port.random.chance(options.command_stall);
            port.write_ready = !port.writes.full() && !port.random.chance(options.command_stall);
            uint8_t* data = reinterpret_cast<uint8_t*>(&m.read_data) + p * options.port_bytes;
            if (!port.offered && !port.reads.empty() && port.reads.front().ready_at <= state.cycles && port.rate.enough()
                && !port.random.chance(options.read_gap)) {
                port.offered = true;
                memcpy(data, memory + port.reads.front().address, options.port_bytes);
            } else if (!port.offered) {
                // Data that are not valid must not be used: make using them show.
                memset(data, 0xa5, options.port_bytes);
            }
            port.data_ready = !port.writes.empty() && port.writes.front().ready_at <= state.cycles
                && port.rate.enough() && !port.random.chance(options.write_stall);
            read_ready |= uint64_t(port.read_ready) << p;
            write_ready |= uint64_t(port.write_ready) << p;
            read_valid |= uint64_t(port.offered) << p;
            data_ready |= uint64_t(port.data_ready) << p;
        }
        m.read_command_ready = read_ready;
        m.write_command_ready = write_ready;
        m.read_data_valid = read_valid;
        m.write_data_ready = data_ready;
        m.task_valid = !tasks.empty();
        if (!tasks.empty()) {
            m.task_pair = tasks.front()[0];
            memcpy(&m.task_data, tasks.front().data() + 1, 4 * (tasks.front().size() - 1));
        }
    }

    void command(uint64_t p, bool write, bool valid, bool ready, uint64_t address, uint64_t beats) {
        TrainerPort& port = ports[p];
        const uint64_t now = valid ? address << 16 | beats : 0, end = address + beats * options.port_bytes;
        if (port.held[write] && port.held[write] != now) return fault(kCommandLost, address);
        port.held[write] = valid && !ready ? now : 0;
        if (!valid || !ready) return;
        if (!beats || address % options.port_bytes || end > memory_bytes) return fault(kBadCommand, address);
        const uint64_t extra = options.extra_latency ? port.random.next() % (options.extra_latency + 1) : 0;
        if (write) port.writes.push({address, end, 0}, state.cycles);
        else port.reads.push({address, end, state.cycles + options.latency + extra}, state.cycles);
    }

    // What the engine answered before the rising edge.
    void sample() {
        Vcosim& m = *sim.model;
        for (uint64_t p = 0; p < options.pairs; ++p) {
            TrainerPort& port = ports[p];
            if (port.offered && (m.read_data_ready >> p & 1)) {
                port.offered = false;
                port.reads.advance(options.port_bytes, state.cycles);
                port.rate.spend();
                state.bytes_read[p] += options.port_bytes;
            }
            const uint8_t* data = reinterpret_cast<const uint8_t*>(&m.write_data) + p * options.port_bytes;
            const bool valid = m.write_data_valid >> p & 1;
            if (port.data_held && (!valid || memcmp(port.last.data(), data, options.port_bytes))) fault(kDataLost, 0);
            port.data_held = valid && !port.data_ready;
            if (port.data_held) memcpy(port.last.data(), data, options.port_bytes);
            if (valid && port.data_ready) {
                memcpy(memory + port.writes.front().address, data, options.port_bytes);
                port.writes.advance(options.port_bytes, state.cycles);
                port.rate.spend();
                state.bytes_written[p] += options.port_bytes;
            }
            command(p, true, m.write_command_valid >> p & 1, port.write_ready, slice(&m.write_command_address, 4 * p, 4),
                    slice(&m.write_command_beats, 2 * p, 2));
            command(p, false, m.read_command_valid >> p & 1, port.read_ready, slice(&m.read_command_address, 4 * p, 4),
                    slice(&m.read_command_beats, 2 * p, 2));
            port.rate.refill();
            state.updating[p] += m.updating >> p & 1;
        }
        for (uint64_t u = 0; u < options.pairs * options.units; ++u) state.active[u] += m.active >> u & 1;
        if (m.task_valid && m.task_ready) tasks.pop_front();
        if (m.report_valid) {
            TrainerReport report{state.cycles, {}};
            for (int i = 0; i < 3; ++i) report.words[i] = uint32_t(slice(&m.report, 4 * i, 4));
            reports.push_back(report);
        }
    }

    // Until a report comes, or so many cycles have passed.
    void advance(uint64_t cycles) {
        Vcosim& m = *sim.model;
        const size_t before = reports.size();
        for (; cycles && reports.size() == before && !state.fault; --cycles, ++state.cycles) {
            drive();
            m.clock = 0;
            m.eval();
            sample();
            m.clock = 1;
            m.eval();
        }
    }
};

COSIM_EXPORT uint64_t trainer_layout() { return sizeof(TrainerOptions) << 32 | sizeof(TrainerState); }

COSIM_EXPORT Trainer* trainer_begin(Cosim* sim, const TrainerOptions* options, uint8_t* memory, uint64_t memory_bytes) {
    std::unique_ptr<Trainer> trainer;
    const int32_t bad = guarded(*sim, [&] {
        trainer.reset(new Trainer{*sim, *options, memory, memory_bytes});
        trainer->reset();
    });
    return bad ? nullptr : trainer.release();
}

COSIM_EXPORT void trainer_push(Trainer* trainer, uint32_t pair, const uint32_t* words, uint64_t count) {
    std::vector<uint32_t> task{pair};
    task.insert(task.end(), words, words + count);
    trainer->tasks.push_back(task);
}

COSIM_EXPORT int32_t trainer_advance(Trainer* trainer, uint64_t cycles) {
    return guarded(trainer->sim, [&] { trainer->advance(cycles); });
}

COSIM_EXPORT void trainer_state(Trainer* trainer, TrainerState* state) {
    trainer->state.queued = trainer->tasks.size();
    trainer->state.report_count = trainer->reports.size();
    trainer->state.reports = trainer->reports.data();
    *state = trainer->state;
}

COSIM_EXPORT void trainer_free(Trainer* trainer) { delete trainer; }
