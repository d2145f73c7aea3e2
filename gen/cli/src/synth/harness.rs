//! Routes a design with more port bits than its package has pins, for its figures.
//!
//! Between the tools, every port of the mapped netlist but the clock is tied to a scan register: an input bit is
//! fed by a stage of one shift register, an output bit is folded into a stage of another. Three pins remain:
//!
//! ```text
//! harness_in ─▶[FF]─┬▶[FF]─┬▶ ...             ...  ┌▶[xor,FF]─┌▶[xor,FF]─▶ harness_out
//!                   ▼      ▼                       │          │
//!                 input0  input1                output0    output1
//! ```
//!
//! All paths through the design's ports then start and end at registers, as they do inside a larger chip, and the
//! clock takes its usual pin and global network. nextpnr's own `--out-of-context` exists for ECP5 alone and leaves
//! the clock off the global network. The cost is exact: one flip-flop per bit, and one LUT per output bit.

use super::part::Family;
use serde::{Deserialize, Serialize};
use serde_json::{json, Map, Value};

const INPUT: &str = "harness_in";
const OUTPUT: &str = "harness_out";

/// What the harness adds to a netlist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Harness {
    /// Input bits, each fed by a flip-flop.
    pub input_bits: u64,
    /// Output bits, each taken by a LUT and a flip-flop.
    pub output_bits: u64,
}

impl Harness {
    /// Logic cells nextpnr counts for the harness: ECP5 counts LUTs apart from flip-flops, an iCE40 logic cell
    /// holds one of each.
    pub(super) fn comb(self, family: Family) -> u64 {
        match family {
            Family::Ecp5 => self.output_bits,
            Family::Ice40 => self.input_bits.saturating_add(self.output_bits),
        }
    }
}

/// Replaces the ports of module `top` in a Yosys JSON netlist by the harness.
///
/// # Errors
/// Says what is wrong when the module or its one-bit clock input is absent, a port is bidirectional, or the
/// netlist is not in Yosys' form.
pub(super) fn attach(netlist: &mut Value, top: &str, clock: &str, family: Family) -> Result<Harness, String> {
    let module = netlist
        .pointer_mut(&format!("/modules/{top}"))
        .and_then(Value::as_object_mut)
        .ok_or_else(|| format!("no module {top} in the netlist"))?;
    let mut next_net = 1 + largest_net(module);
    let ports = Ports::read(module, clock)?;
    let cells = module.get_mut("cells").and_then(Value::as_object_mut).ok_or("no cells in the netlist's top module")?;

    let mut fresh = || {
        next_net += 1;
        next_net - 1
    };
    let mut pins = Map::new();
    pins.insert(clock.to_owned(), pin("input", ports.clock));
    if !ports.inputs.is_empty() {
        let mut previous = fresh();
        pins.insert(INPUT.to_owned(), pin("input", previous));
        for (index, bit) in ports.inputs.iter().enumerate() {
            let register = flip_flop(family, ports.clock, previous, *bit);
            cells.insert(format!("{INPUT}_{index}"), register);
            previous = *bit;
        }
    }
    if !ports.outputs.is_empty() {
        let mut previous = json!("0");
        let mut last = 0;
        for (index, bit) in ports.outputs.iter().enumerate() {
            let (mixed, stage) = (fresh(), fresh());
            cells.insert(format!("{OUTPUT}_xor_{index}"), xor(family, &previous, *bit, mixed));
            let register = flip_flop(family, ports.clock, mixed, stage);
            cells.insert(format!("{OUTPUT}_{index}"), register);
            previous = json!(stage);
            last = stage;
        }
        pins.insert(OUTPUT.to_owned(), pin("output", last));
    }
    module.insert("ports".to_owned(), Value::Object(pins));
    Ok(Harness { input_bits: ports.inputs.len() as u64, output_bits: ports.outputs.len() as u64 })
}

/// The nets at the module's ports. Constant output bits are left out: they need no register.
struct Ports {
    clock: u64,
    inputs: Vec<u64>,
    outputs: Vec<u64>,
}

impl Ports {
    fn read(module: &Map<String, Value>, clock: &str) -> Result<Ports, String> {
        let ports = module.get("ports").and_then(Value::as_object).ok_or("no ports in the netlist's top module")?;
        let mut clock_net = None;
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        for (name, port) in ports {
            let bits = port.get("bits").and_then(Value::as_array);
            let nets = bits.into_iter().flatten().filter_map(Value::as_u64);
            match port.get("direction").and_then(Value::as_str) {
                Some("input") if name == clock => {
                    let nets: Vec<u64> = nets.collect();
                    let [net] = nets[..] else {
                        return Err(format!("clock {clock} has {} bits, not 1", nets.len()));
                    };
                    clock_net = Some(net);
                }
                Some("input") => inputs.extend(nets),
                Some("output") => outputs.extend(nets),
                direction => {
                    return Err(format!(
                        "port {name} is {}: such a port must reach a pin, so give a pin constraint file",
                        direction.unwrap_or("without direction")
                    ))
                }
            }
        }
        let clock = clock_net.ok_or_else(|| {
            let names: Vec<&str> = ports.keys().map(String::as_str).collect();
            format!("no input is called {clock}; the ports are: {}", names.join(", "))
        })?;
        Ok(Ports { clock, inputs, outputs })
    }
}

/// The largest number a net has anywhere in the module; constants are strings and do not count.
fn largest_net(module: &Map<String, Value>) -> u64 {
    let bits = |owner: &Value| -> u64 {
        let bits = owner.as_array().into_iter().flatten();
        bits.filter_map(Value::as_u64).max().unwrap_or(0)
    };
    let members = |group: &str| {
        let group = module.get(group).and_then(Value::as_object);
        group.into_iter().flat_map(Map::values)
    };
    let named = members("ports").chain(members("netnames")).filter_map(|owner| owner.get("bits")).map(bits);
    let connected = members("cells")
        .filter_map(|cell| cell.get("connections"))
        .filter_map(Value::as_object)
        .flat_map(Map::values)
        .map(bits);
    named.chain(connected).max().unwrap_or(0)
}

fn pin(direction: &str, net: u64) -> Value {
    json!({"direction": direction, "bits": [net]})
}

fn flip_flop(family: Family, clock: u64, d: u64, q: u64) -> Value {
    match family {
        Family::Ice40 => json!({
            "type": "SB_DFF",
            "parameters": {},
            "port_directions": {"C": "input", "D": "input", "Q": "output"},
            "connections": {"C": [clock], "D": [d], "Q": [q]},
        }),
        // A blank after the 1 makes it a word: Yosys' JSON takes bare digits for a bit pattern.
        Family::Ecp5 => json!({
            "type": "TRELLIS_FF",
            "parameters": {
                "CEMUX": "1 ", "CLKMUX": "CLK", "GSR": "DISABLED", "LSRMUX": "LSR", "REGSET": "RESET",
            },
            "port_directions": {"CLK": "input", "DI": "input", "LSR": "input", "Q": "output"},
            "connections": {"CLK": [clock], "DI": [d], "LSR": ["0"], "Q": [q]},
        }),
    }
}

/// A LUT for the exclusive or of its two lowest inputs.
fn xor(family: Family, a: &Value, b: u64, z: u64) -> Value {
    const A_XOR_B: &str = "0110011001100110";
    match family {
        Family::Ice40 => json!({
            "type": "SB_LUT4",
            "parameters": {"LUT_INIT": A_XOR_B},
            "port_directions": {"I0": "input", "I1": "input", "I2": "input", "I3": "input", "O": "output"},
            "connections": {"I0": [a], "I1": [b], "I2": ["0"], "I3": ["0"], "O": [z]},
        }),
        Family::Ecp5 => json!({
            "type": "LUT4",
            "parameters": {"INIT": A_XOR_B},
            "port_directions": {"A": "input", "B": "input", "C": "input", "D": "input", "Z": "output"},
            "connections": {"A": [a], "B": [b], "C": ["0"], "D": ["0"], "Z": [z]},
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// One LUT between two inputs and two outputs, of which one is constant; net 40 occurs in a cell only.
    fn netlist(ports: Value) -> Value {
        let cell = json!({"type": "LUT4", "connections": {"A": [3], "B": [4], "C": [40], "Z": [5]}});
        json!({"modules": {"top": {"ports": ports, "cells": {"lut": cell}, "netnames": {}}}})
    }

    fn ports() -> Value {
        json!({
            "clock": {"direction": "input", "bits": [2]},
            "a": {"direction": "input", "bits": [3, 4]},
            "z": {"direction": "output", "bits": [5, "0"]},
        })
    }

    #[test]
    fn three_pins_remain_and_every_net_has_one_driver() {
        for family in [Family::Ice40, Family::Ecp5] {
            let mut netlist = netlist(ports());
            let harness = attach(&mut netlist, "top", "clock", family).expect("it fits");
            assert_eq!(harness, Harness { input_bits: 2, output_bits: 1 });
            let top = &netlist["modules"]["top"];
            let pins: Vec<&String> = top["ports"].as_object().expect("ports").keys().collect();
            assert_eq!(pins, ["clock", INPUT, OUTPUT]);

            let mut drivers = BTreeMap::<u64, usize>::new();
            for pin in ["clock", INPUT] {
                let net = top["ports"][pin]["bits"][0].as_u64().expect("a net");
                *drivers.entry(net).or_default() += 1;
            }
            for cell in top["cells"].as_object().expect("cells").values() {
                for port in ["Q", "Z", "O"] {
                    if let Some(net) = cell["connections"][port][0].as_u64() {
                        *drivers.entry(net).or_default() += 1;
                    }
                }
            }
            assert!(drivers.values().all(|count| *count == 1), "{drivers:?}");
            for net in [3, 4, 5] {
                assert!(drivers.contains_key(&net), "net {net} has no driver");
            }
            assert!(!drivers.contains_key(&40), "a net of the design was taken for the harness");
            let last = top["ports"][OUTPUT]["bits"][0].as_u64().expect("a net");
            assert!(drivers.contains_key(&last));
        }
    }

    #[test]
    fn ports_that_cannot_be_harnessed_are_named() {
        let with = |name: &str, port: Value| {
            let mut ports = ports();
            ports[name] = port;
            ports
        };
        for (ports, says) in [
            (with("bus", json!({"direction": "inout", "bits": [9]})), "port bus is inout"),
            (with("clock", json!({"direction": "input", "bits": [2, 9]})), "clock has 2 bits"),
            (json!({"clk": {"direction": "input", "bits": [2]}}), "the ports are: clk"),
        ] {
            let error = attach(&mut netlist(ports), "top", "clock", Family::Ecp5).expect_err("not to be harnessed");
            assert!(error.contains(says), "{error}");
        }
        let error = attach(&mut json!({}), "top", "clock", Family::Ecp5).expect_err("not a netlist");
        assert!(error.contains("no module top"), "{error}");
    }
}
