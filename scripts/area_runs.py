#!/usr/bin/env python3
"""Measures the runs of gen/map/src/explore/area_runs.csv: small engines through `cortado synth --no-route`.

    python3 scripts/area_runs.py [CORTADO] > gen/map/src/explore/area_runs.csv

A line is an engine: what it is made of, the products that logic makes, and its look-up tables, two for each
carry cell. All are for the ECP5; a run takes from half a minute to a few.
"""
import json
import subprocess
import sys
import tempfile

# device, Tm, Tn, R, requantise_cycles, residual_unit, window_taps, patch_bytes, port_bytes
ENGINES = [
    ("85k", 2, 2, 1, 1, 1, 10, 32, 2),
    ("85k", 4, 4, 1, 4, 0, 0, 0, 4),
    ("85k", 4, 4, 1, 1, 0, 0, 0, 4),
    ("85k", 4, 2, 2, 1, 1, 10, 20, 2),
    ("85k", 8, 2, 2, 1, 1, 10, 40, 2),
    ("85k", 8, 4, 2, 1, 1, 12, 40, 4),
    ("85k", 8, 8, 4, 1, 1, 16, 40, 4),
    ("85k", 8, 8, 2, 1, 0, 0, 0, 4),
    ("85k", 8, 4, 4, 1, 1, 0, 0, 4),
    ("85k", 8, 4, 4, 1, 0, 12, 0, 4),
    ("85k", 8, 4, 4, 1, 0, 0, 40, 4),
    ("85k", 4, 4, 4, 1, 1, 12, 40, 4),
    ("85k", 16, 2, 4, 1, 1, 10, 40, 4),
    ("85k", 16, 4, 4, 1, 1, 12, 40, 4),
    ("85k", 16, 8, 8, 1, 1, 16, 40, 4),
    ("85k", 16, 8, 8, 1, 0, 0, 0, 4),
    ("85k", 8, 8, 8, 1, 1, 16, 48, 8),
    ("85k", 16, 4, 2, 4, 1, 0, 0, 4),
    ("85k", 8, 8, 8, 1, 1, 48, 96, 8),
    ("25k", 8, 4, 2, 1, 0, 0, 0, 4),
    ("25k", 8, 8, 2, 1, 1, 16, 40, 4),
    ("25k", 4, 4, 4, 4, 1, 12, 32, 4),
]
# Multiplier blocks of the parts.
BLOCKS = {"25k": 28, "85k": 156}

PRESET = """[preset]
name = "area-run"
summary = "a run of scripts/area_runs.py"
[part]
family = "ecp5"
device = "{0}"
package = "CABGA381"
speed_grade = 6
clock_mhz = 80
[array]
tm_lanes = {1}
tn_lanes = {2}
requantise_lanes = {3}
requantise_cycles = {4}
residual_unit = {5}
window_taps = {6}
patch_bytes = {7}
[memory]
activation_kind = "bram"
activation_words = {9}
weight_words = {10}
parameter_words = 512
[port]
port_bytes = {8}
burst_beats = 64
address_bits = 32
[external]
size_bytes = 33554432
latency_cycles = 20
bandwidth_bytes = {8}
bandwidth_cycles = 1
"""


def in_logic(device, tm, tn, lanes, cycles):
    """Products that no multiplier block is left for: each lane has an even number of blocks."""
    free = max(BLOCKS[device] - lanes * (3 if cycles == 1 else 1), 0)
    return tm * (tn - min(free // tm, tn) // 2 * 2)


def main():
    cortado = sys.argv[1] if len(sys.argv) > 1 else "cortado"
    print("tm,tn,requantise_lanes,requantise_cycles,residual,window_taps,patch_bytes,port_bytes,in_logic,lut", flush=True)
    for engine in ENGINES:
        device, tm, tn, lanes, cycles = engine[:5]
        words = (2048, 256) if device == "25k" else (4096 if tm < 16 else 6144, 2048 if tm * tn <= 64 else 1024)
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as preset:
            preset.write(PRESET.format(*engine, *words))
            preset.flush()
            run = [cortado, "synth", "--no-route", "--json", "--preset", preset.name]
            cells = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout)
        lut = cells["lut"] + 2 * cells["carry"]
        print(",".join(str(field) for field in [*engine[1:], in_logic(device, tm, tn, lanes, cycles), lut]), flush=True)


main()
