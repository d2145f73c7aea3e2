// Cycle loop around an engine with Cortado's port contract (src/engine/contract.rs) and its memory (memory.h).
// COSIM_PORT_BYTES is defined by the generated file. The structures are mirrored in src/engine/interface.rs.

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "data ports are copied byte by byte");

struct EngineOptions {
    uint64_t program_address, max_cycles, reset_cycles, continue_state, seed;
    uint64_t latency, extra_latency, max_outstanding;
    uint64_t rate_numerator, rate_denominator, rate_shared, burst_cycles;
    uint64_t read_gap, command_stall, write_stall;
    uint64_t trace_first, trace_end, stop_at_trace_end, digest;
};

struct Channel {
    uint64_t transfers, stalled, waiting;

    void count(bool valid, bool ready) {
        transfers += valid & ready;
        stalled += valid & !ready;
        waiting += ready & !valid;
    }
};

struct Retire {
    uint64_t index, cycle, active_cycles, bytes_read, bytes_written;
};

struct Race {
    uint64_t cycle, read_first, read_end, write_first, write_end;
};

enum End : uint64_t { kRunning, kDone, kFault, kTimeout, kTraceEnd };
enum FaultKind : uint64_t {
    kOutOfRange, kMisaligned, kNoBeats, kCommandDropped, kCommandChanged, kWriteDataDropped, kWriteDataChanged,
    kTooManyRetires
};

struct EngineReport {
    uint64_t end, cycles, error, fault_kind, fault_write, fault_address, fault_beats, active_cycles;
    uint64_t bytes_read, bytes_written, race_count, digest;
    Channel read_command, read_data, write_command, write_data;
    const Retire* retires;
    uint64_t retire_count;
    const Race* races;
    uint64_t races_kept;
};

static constexpr size_t kRacesKept = 16;
static constexpr size_t kMaxRetires = size_t{1} << 22;

// What a command channel showed in the cycle before, to see that it holds until it is taken.
struct Held {
    bool waiting = false;
    uint64_t address = 0, beats = 0;
};

struct Engine {
    Cosim& sim;
    const EngineOptions options;
    uint8_t* const memory;
    const uint64_t memory_bytes;
    EngineReport report{};
    std::vector<Retire> retires;
    std::vector<Race> races;
    BurstQueue reads, writes;
    Bandwidth read_rate, write_rate;
    Bandwidth& write_bucket;
    Random random;
    Held held_read, held_write;
    bool offered = false, held_data = false;
    uint8_t last_data[COSIM_PORT_BYTES];
    uint64_t cycle = 0;

    Engine(Cosim& s, const EngineOptions& o, uint8_t* bytes, uint64_t count)
        : sim(s), options(o), memory(bytes), memory_bytes(count), reads(o.max_outstanding, o.burst_cycles),
          writes(o.max_outstanding, o.burst_cycles),
          read_rate(o.rate_numerator, o.rate_denominator, COSIM_PORT_BYTES),
          write_rate(o.rate_numerator, o.rate_denominator, COSIM_PORT_BYTES),
          write_bucket(o.rate_shared ? read_rate : write_rate), random(o.seed) {
        static_assert(sizeof(s.model->read_data) == COSIM_PORT_BYTES && sizeof(s.model->write_data) == COSIM_PORT_BYTES,
                      "data ports fill their C++ type");
        sim.model->program_address = uint32_t(options.program_address);
    }

    void reset() {
        Vcosim& m = *sim.model;
        m.start = 0;
        m.read_command_ready = m.read_data_valid = m.write_command_ready = m.write_data_ready = 0;
        poison();
        m.reset = 1;
        for (uint64_t i = 0; i < options.reset_cycles; ++i) clock();
        m.reset = 0;
    }

    void clock() {
        sim.model->clock = 0;
        sim.model->eval();
        sim.model->clock = 1;
        sim.model->eval();
    }

    // Data that are not valid must not be used: make using them show.
    void poison() { memset(&sim.model->read_data, 0xa5, COSIM_PORT_BYTES); }

    void fault(FaultKind kind, bool write, uint64_t address, uint64_t beats) {
        if (report.end != kRunning) return;
        report.end = kFault;
        report.fault_kind = kind;
        report.fault_write = write;
        report.fault_address = address;
        report.fault_beats = beats;
    }

    void hold(Held& held, bool write, bool valid, bool ready, uint64_t address, uint64_t beats) {
        if (held.waiting) {
            if (!valid) fault(kCommandDropped, write, held.address, held.beats);
            else if (held.address != address || held.beats != beats) fault(kCommandChanged, write, held.address, held.beats);
        }
        held = {valid && !ready, address, beats};
    }

    bool command_is_good(bool write, uint64_t address, uint64_t beats) {
        if (!beats) fault(kNoBeats, write, address, beats);
        else if (address % COSIM_PORT_BYTES) fault(kMisaligned, write, address, beats);
        else if (address + beats * COSIM_PORT_BYTES > memory_bytes) fault(kOutOfRange, write, address, beats);
        else return true;
        return false;
    }

    void accept_read(uint64_t address, uint64_t beats) {
        if (!command_is_good(false, address, beats)) return;
        const uint64_t end = address + beats * COSIM_PORT_BYTES;
        if (const Burst* write = writes.overlap(address, end)) {
            if (races.size() < kRacesKept) races.push_back({cycle, address, end, write->address, write->end});
            ++report.race_count;
        }
        const uint64_t extra = options.extra_latency ? random.next() % (options.extra_latency + 1) : 0;
        reads.push({address, end, cycle + options.latency + extra}, cycle);
    }

    void accept_write(uint64_t address, uint64_t beats) {
        if (command_is_good(true, address, beats)) writes.push({address, address + beats * COSIM_PORT_BYTES, 0}, cycle);
    }

    void hold_write_data(bool valid, bool ready) {
        Vcosim& m = *sim.model;
        if (held_data) {
            if (!valid) fault(kWriteDataDropped, true, 0, 0);
            else if (memcmp(last_data, &m.write_data, COSIM_PORT_BYTES)) fault(kWriteDataChanged, true, 0, 0);
        }
        held_data = valid && !ready;
        if (held_data) memcpy(last_data, &m.write_data, COSIM_PORT_BYTES);
    }

    void retire(uint64_t index) {
        if (retires.size() == kMaxRetires) return fault(kTooManyRetires, false, 0, 0);
        retires.push_back({index, cycle, report.active_cycles, report.bytes_read, report.bytes_written});
    }

    // What the memory shows in this cycle; it depends on earlier cycles only.
    void drive() {
        Vcosim& m = *sim.model;
        m.read_command_ready = !reads.full() && !random.chance(options.command_stall);
        m.write_command_ready = !writes.full() && !random.chance(options.command_stall);
        if (!offered && !reads.empty() && reads.front().ready_at <= cycle && read_rate.enough()
            && !random.chance(options.read_gap)) {
            offered = true;
            memcpy(&m.read_data, memory + reads.front().address, COSIM_PORT_BYTES);
        }
        if (m.read_data_valid && !offered) poison();
        m.read_data_valid = offered;
        m.write_data_ready = !writes.empty() && writes.front().ready_at <= cycle && write_bucket.enough() && !random.chance(options.write_stall);
    }

    // 64-bit FNV-1a, of words where it has bytes.
    void fold(uint64_t word) { report.digest = (report.digest ^ word) * 0x100000001b3; }

    // All that the engine shows in this cycle; what it does not mark as valid says nothing.
    void digest() {
        const Vcosim& m = *sim.model;
        fold(m.busy | m.done << 1 | m.retire_valid << 2 | m.array_active << 3 | m.read_command_valid << 4
             | m.write_command_valid << 5 | m.read_data_ready << 6 | m.write_data_valid << 7);
        if (m.read_command_valid) fold(uint64_t{m.read_command_address} << 16 | m.read_command_beats);
        if (m.write_command_valid) fold(uint64_t{m.write_command_address} << 16 | m.write_command_beats);
        if (m.retire_valid) fold(m.retire_index);
        if (m.done) fold(m.error);
        if (!m.write_data_valid) return;
        uint8_t bytes[COSIM_PORT_BYTES];
        memcpy(bytes, &m.write_data, COSIM_PORT_BYTES);
        for (uint8_t byte : bytes) fold(byte);
    }

    // What the engine answered before the rising edge.
    void sample() {
        Vcosim& m = *sim.model;
        report.active_cycles += m.array_active;
        report.read_data.count(m.read_data_valid, m.read_data_ready);
        if (m.read_data_valid && m.read_data_ready) {
            reads.advance(COSIM_PORT_BYTES, cycle);
            read_rate.spend();
            report.bytes_read += COSIM_PORT_BYTES;
            offered = false;
        }
        report.write_data.count(m.write_data_valid, m.write_data_ready);
        if (m.write_data_valid | held_data) hold_write_data(m.write_data_valid, m.write_data_ready);
        if (m.write_data_valid && m.write_data_ready) {
            memcpy(memory + writes.front().address, &m.write_data, COSIM_PORT_BYTES);
            writes.advance(COSIM_PORT_BYTES, cycle);
            write_bucket.spend();
            report.bytes_written += COSIM_PORT_BYTES;
        }
        report.write_command.count(m.write_command_valid, m.write_command_ready);
        if (m.write_command_valid | held_write.waiting) {
            hold(held_write, true, m.write_command_valid, m.write_command_ready, m.write_command_address, m.write_command_beats);
            if (m.write_command_valid && m.write_command_ready) accept_write(m.write_command_address, m.write_command_beats);
        }
        report.read_command.count(m.read_command_valid, m.read_command_ready);
        if (m.read_command_valid | held_read.waiting) {
            hold(held_read, false, m.read_command_valid, m.read_command_ready, m.read_command_address, m.read_command_beats);
            if (m.read_command_valid && m.read_command_ready) accept_read(m.read_command_address, m.read_command_beats);
        }
        if (m.retire_valid) retire(m.retire_index);
        if (m.done && report.end == kRunning) {
            report.end = kDone;
            report.error = m.error;
        }
    }

    template <bool Traced>
    void advance(uint64_t cycles) {
        Vcosim& m = *sim.model;
        const uint64_t stop = std::min(options.max_cycles, cycle + std::min(cycles, options.max_cycles - cycle));
        while (cycle < stop && report.end == kRunning) {
            const bool dumped = Traced && cycle >= options.trace_first && cycle < options.trace_end;
            m.start = cycle == 0;
            drive();
            m.clock = 0;
            m.eval();
            if (dumped) sim.dump(cycle * kCycleTime);
            if (options.digest) digest();
            sample();
            m.clock = 1;
            m.eval();
            if (dumped) sim.dump(cycle * kCycleTime + kCycleTime / 2);
            read_rate.refill();
            if (!options.rate_shared) write_rate.refill();
            ++cycle;
            if (Traced && options.stop_at_trace_end && cycle == options.trace_end && report.end == kRunning) report.end = kTraceEnd;
        }
        if (cycle == options.max_cycles && report.end == kRunning) report.end = kTimeout;
    }
};

COSIM_EXPORT uint64_t cosim_engine_layout() { return sizeof(EngineOptions) << 32 | sizeof(EngineReport); }

COSIM_EXPORT Engine* cosim_engine_begin(Cosim* sim, const EngineOptions* options, uint8_t* memory, uint64_t memory_bytes) {
    std::unique_ptr<Engine> engine;
    const int32_t bad = guarded(*sim, [&] {
        engine.reset(new Engine{*sim, *options, memory, memory_bytes});
        if (!options->continue_state) engine->reset();
    });
    return bad ? nullptr : engine.release();
}

COSIM_EXPORT int32_t cosim_engine_advance(Engine* engine, uint64_t cycles) {
    return guarded(engine->sim, [&] {
#ifdef COSIM_TRACE
        if (engine->sim.trace) return engine->advance<true>(cycles);
#endif
        engine->advance<false>(cycles);
    });
}

COSIM_EXPORT void cosim_engine_report(Engine* engine, EngineReport* report) {
    engine->report.cycles = engine->cycle;
    engine->report.retires = engine->retires.data();
    engine->report.retire_count = engine->retires.size();
    engine->report.races = engine->races.data();
    engine->report.races_kept = engine->races.size();
    *report = engine->report;
}

COSIM_EXPORT void cosim_engine_free(Engine* engine) { delete engine; }
