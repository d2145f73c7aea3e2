// The C interface of a verilated model: what src/interface.rs calls.
//
// The generated file in front of this one includes Vcosim.h (and the trace header) and defines:
//   struct Access { static void poke(Vcosim&, uint32_t, const uint32_t*); static void peek(Vcosim&, uint32_t, uint32_t*); }
//   COSIM_CLOCK (the clock's member, where there is one), COSIM_TRACE (the trace class, where the model is traced)

#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#define COSIM_EXPORT extern "C" __attribute__((visibility("default")))

// Time units of the trace in one clock cycle; the clock rises half-way.
static constexpr uint64_t kCycleTime = 10;

struct Cosim {
    VerilatedContext context;
    std::unique_ptr<Vcosim> model;
#ifdef COSIM_TRACE
    std::unique_ptr<COSIM_TRACE> trace;
#endif
    uint64_t cycles = 0;
    std::string error;

    explicit Cosim(int seed) {
        context.randReset(2);
        context.randSeed(seed);
        context.fatalOnError(true);
#ifdef COSIM_TRACE
        context.traceEverOn(true);
#endif
        model.reset(new Vcosim{&context, "top"});
    }

    ~Cosim() {
        trace_close();
        if (model) model->final();
    }

    bool trace_open(const char* path) {
#ifdef COSIM_TRACE
        trace_close();
        trace.reset(new COSIM_TRACE);
        model->trace(trace.get(), 99);
        trace->open(path);
        if (trace->isOpen()) return true;
        trace.reset();
#endif
        (void)path;
        return false;
    }

    void trace_close() {
#ifdef COSIM_TRACE
        if (trace) trace->close();
        trace.reset();
#endif
    }

    void dump(uint64_t time) {
#ifdef COSIM_TRACE
        if (trace) trace->dump(time);
#endif
        (void)time;
    }
};

// Verilator's own versions of these end the process; a failed simulation must only end its run.
void vl_finish(const char*, int, const char*) VL_MT_UNSAFE {}
void vl_stop(const char* file, int line, const char*) VL_MT_UNSAFE {
    throw std::runtime_error(std::string(file ? file : "?") + ":" + std::to_string(line) + ": $stop");
}
void vl_fatal(const char* file, int line, const char*, const char* message) VL_MT_UNSAFE {
    throw std::runtime_error(std::string(file ? file : "?") + ":" + std::to_string(line) + ": " + message);
}

// Runs `body` and keeps its failure as text: no exception may pass into Rust. 0 is good.
template <typename Body>
static int32_t guarded(Cosim& sim, Body body) {
    try {
        body();
        return 0;
    } catch (const std::exception& failure) {
        sim.error = failure.what();
    } catch (...) {
        sim.error = "unknown C++ exception";
    }
    return 1;
}

COSIM_EXPORT Cosim* cosim_new(int32_t seed) {
    try {
        return new Cosim{seed};
    } catch (...) {
        return nullptr;
    }
}

COSIM_EXPORT void cosim_free(Cosim* sim) {
    try {
        delete sim;
    } catch (...) {
    }
}

COSIM_EXPORT const char* cosim_error(const Cosim* sim) { return sim->error.c_str(); }

COSIM_EXPORT void cosim_poke(Cosim* sim, uint32_t port, const uint32_t* words) { Access::poke(*sim->model, port, words); }

COSIM_EXPORT void cosim_peek(Cosim* sim, uint32_t port, uint32_t* words) { Access::peek(*sim->model, port, words); }

COSIM_EXPORT int32_t cosim_eval(Cosim* sim) {
    return guarded(*sim, [&] { sim->model->eval(); });
}

#ifdef COSIM_CLOCK
COSIM_EXPORT int32_t cosim_tick(Cosim* sim, uint64_t cycles) {
    return guarded(*sim, [&] {
        for (; cycles; --cycles, ++sim->cycles) {
            sim->model->COSIM_CLOCK = 0;
            sim->model->eval();
            sim->dump(sim->cycles * kCycleTime);
            sim->model->COSIM_CLOCK = 1;
            sim->model->eval();
            sim->dump(sim->cycles * kCycleTime + kCycleTime / 2);
        }
    });
}
#endif

COSIM_EXPORT int32_t cosim_trace_open(Cosim* sim, const char* path) {
    return guarded(*sim, [&] {
        if (!sim->trace_open(path)) throw std::runtime_error("cannot write the trace file");
    });
}

COSIM_EXPORT int32_t cosim_trace_close(Cosim* sim) {
    return guarded(*sim, [&] { sim->trace_close(); });
}
