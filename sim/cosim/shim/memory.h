// The external memory of an engine: a flat byte array behind a burst read and a burst write channel.
//
// Every decision is a function of the options and the seed, so a run can be repeated exactly.

#include <algorithm>
#include <vector>

// xorshift64*: small, fast, and good enough to shuffle stalls.
struct Random {
    uint64_t state;

    explicit Random(uint64_t seed) : state((seed + 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull) {
        state ^= state >> 31;
        if (!state) state = 1;
    }

    uint64_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545f4914f6cdd1dull;
    }

    // True with probability `in256` / 256; draws nothing at 0, so stalls of one kind do not shuffle another's.
    bool chance(uint64_t in256) { return in256 && (next() >> 56) < in256; }
};

struct Burst {
    uint64_t address;   // of the next beat
    uint64_t end;       // one past the last byte
    uint64_t ready_at;  // first cycle in which its first beat may be offered
};

// Bursts in the order they were accepted. Each holds the channel for `overhead` cycles before its first beat.
struct BurstQueue {
    std::vector<Burst> slots;
    uint64_t overhead;
    size_t head = 0, count = 0;

    BurstQueue(size_t capacity, uint64_t burst_cycles) : slots(capacity), overhead(burst_cycles) {}

    bool full() const { return count == slots.size(); }
    bool empty() const { return !count; }
    Burst& front() { return slots[head]; }
    // The first burst becomes the channel's in the cycle behind `cycle`.
    void begin(uint64_t cycle) { front().ready_at = std::max(front().ready_at, cycle + 1 + overhead); }

    void push(const Burst& burst, uint64_t cycle) {
        slots[(head + count++) % slots.size()] = burst;
        if (count == 1) begin(cycle);
    }

    void advance(uint64_t bytes, uint64_t cycle) {
        Burst& burst = slots[head];
        burst.address += bytes;
        if (burst.address == burst.end) {
            head = head + 1 == slots.size() ? 0 : head + 1;
            if (--count) begin(cycle);
        }
    }

    // First unfinished burst that shares a byte with [first, end), or null.
    const Burst* overlap(uint64_t first, uint64_t end) const {
        for (size_t i = 0; i < count; ++i) {
            const Burst& burst = slots[(head + i) % slots.size()];
            if (burst.address < end && first < burst.end) return &burst;
        }
        return nullptr;
    }
};

// Token bucket that holds a channel, or two, to a rational number of bytes per cycle. Its unit is 1/denominator byte.
// It may go into debt by one beat, which is how two channels share one bucket without either wasting a turn.
struct Bandwidth {
    int64_t credit, beat, rate, cap;

    Bandwidth(uint64_t numerator, uint64_t denominator, uint64_t bytes)
        : credit(0), beat(int64_t(bytes * denominator)), rate(int64_t(numerator)), cap(beat + rate - 1) {
        credit = cap;
    }

    void refill() { credit = std::min(credit + rate, cap); }
    bool enough() const { return credit >= beat; }
    void spend() { credit -= beat; }
};
