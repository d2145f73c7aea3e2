//! The ports an engine's top module has, and the check that it has them.
//!
//! One clock `clock`, synchronous active-high `reset`. `start` is high for one cycle; the program lies at
//! `program_address` then. `done` is high for one cycle, with `error` (0 is good) beside it. Both channels to memory
//! take a command (byte address, a multiple of the port's bytes, and a number of beats from 1) and then that many
//! beats of data, read data in the order of the commands, the lowest address in the lowest byte. Every channel is
//! valid/ready: a transfer happens in a cycle with both high, and valid and data hold until then. `retire_valid` is
//! high for one cycle per finished instruction; `array_active` is high while a multiply step is in the array.
//!
//! A read command accepted after the last beat of a write was taken sees what was written. The memory takes write
//! data only from the cycle after their command, so valid data must not wait for each other the other way round.

use crate::compile::BuildError;
use crate::ports::{Direction, Port};

/// Name, direction and width of every port with a fixed width.
#[rustfmt::skip]
const FIXED: &[(&str, Direction, u32)] = {
    use Direction::{Input, Output};
    &[
        ("clock", Input, 1), ("reset", Input, 1), ("start", Input, 1), ("program_address", Input, 32),
        ("busy", Output, 1), ("done", Output, 1), ("error", Output, 8),
        ("read_command_valid", Output, 1), ("read_command_ready", Input, 1),
        ("read_command_address", Output, 32), ("read_command_beats", Output, 16),
        ("read_data_valid", Input, 1), ("read_data_ready", Output, 1),
        ("write_command_valid", Output, 1), ("write_command_ready", Input, 1),
        ("write_command_address", Output, 32), ("write_command_beats", Output, 16),
        ("write_data_valid", Output, 1), ("write_data_ready", Input, 1),
        ("retire_valid", Output, 1), ("retire_index", Output, 16), ("array_active", Output, 1),
    ]
};

/// Widths the data ports may have, in bytes.
const PORT_BYTES: [u32; 6] = [2, 4, 8, 16, 32, 64];

/// Checks the ports and returns the bytes of the data ports. Further outputs are allowed, for observation; further
/// inputs are not, since nothing would drive them.
pub(crate) fn check(ports: &[Port]) -> Result<u32, BuildError> {
    let mut faults = Vec::new();
    for (name, direction, width) in FIXED.iter().copied() {
        let found = ports.iter().find(|port| port.name == name);
        if found.is_none_or(|port| port.direction != direction || port.width != width) {
            faults.push(format!("{name} must be an {} of {width} bits, is {}", word(direction), describe(found)));
        }
    }
    let find = |name| ports.iter().find(|port: &&Port| port.name == name);
    let (read, write) = (find("read_data"), find("write_data"));
    let width = read.filter(|port| port.direction == Direction::Input).map_or(0, |port| port.width);
    if !PORT_BYTES.contains(&(width / 8)) || width % 8 != 0 {
        faults.push(format!("read_data must be an input of {PORT_BYTES:?} bytes, is {}", describe(read)));
    }
    if write.is_none_or(|port| port.direction != Direction::Output || port.width != width) {
        faults.push(format!("write_data must be an output as wide as read_data, is {}", describe(write)));
    }
    let known = |name: &str| name == "read_data" || FIXED.iter().any(|(known, ..)| *known == name);
    for port in ports.iter().filter(|port| port.direction == Direction::Input && !known(&port.name)) {
        faults.push(format!("input {} is not an engine's: nothing would drive it", port.name));
    }
    if faults.is_empty() {
        Ok(width / 8)
    } else {
        Err(BuildError::Contract(faults))
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Input => "input",
        Direction::Output => "output",
    }
}

fn describe(port: Option<&Port>) -> String {
    port.map_or("absent".into(), |port| format!("an {} of {} bits", word(port.direction), port.width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(bits: u32) -> Vec<Port> {
        let port = |name: &str, direction, width| Port { name: name.into(), direction, width };
        let mut ports: Vec<Port> =
            FIXED.iter().map(|(name, direction, width)| port(name, *direction, *width)).collect();
        ports.push(port("read_data", Direction::Input, bits));
        ports.push(port("write_data", Direction::Output, bits));
        ports
    }

    #[test]
    fn every_port_width_is_accepted() {
        for bytes in PORT_BYTES {
            assert_eq!(check(&engine(bytes * 8)), Ok(bytes));
        }
        for bits in [8, 12, 24, 1024] {
            assert!(matches!(check(&engine(bits)), Err(BuildError::Contract(_))), "{bits}");
        }
    }

    #[test]
    fn any_port_missing_turned_or_resized_is_named() {
        for at in 0..engine(32).len() {
            let change = |edit: &dyn Fn(&mut Vec<Port>)| {
                let mut ports = engine(32);
                let name = ports[at].name.clone();
                edit(&mut ports);
                let message = check(&ports).unwrap_err().to_string();
                assert!(message.contains(&name), "{name}: {message}");
            };
            change(&|ports| drop(ports.remove(at)));
            change(&|ports| ports[at].width += 1);
            change(&|ports| ports[at].name.push('x'));
        }
    }

    #[test]
    fn an_input_nobody_drives_is_refused_and_an_output_is_not() {
        let extra = |direction| {
            let mut ports = engine(64);
            ports.push(Port { name: "debug".into(), direction, width: 3 });
            check(&ports)
        };
        assert_eq!(extra(Direction::Output), Ok(8));
        assert!(extra(Direction::Input).unwrap_err().to_string().contains("debug"));
    }
}
