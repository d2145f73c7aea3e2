//! The C++ file that joins a verilated model to the C interface: a few generated lines around fixed text.

use std::fmt::Write;

use crate::ports::{Direction, Port};
use crate::TraceFormat;

const MODEL: &str = include_str!("../shim/model.h");
const MEMORY: &str = include_str!("../shim/memory.h");
const ENGINE: &str = include_str!("../shim/engine.h");

/// What the C++ file holds beside the plain port access.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts<'a> {
    pub trace: Option<TraceFormat>,
    pub clock: Option<&'a str>,
    /// Bytes of the data ports, when the engine's cycle loop is wanted.
    pub engine_bytes: Option<u32>,
    /// Text put last.
    pub extra: &'a str,
}

/// The whole C++ text for a model with these ports.
pub(crate) fn source(ports: &[Port], parts: Parts<'_>) -> String {
    let mut text = String::from("#include \"Vcosim.h\"\n#include \"verilated.h\"\n");
    if let Some(format) = parts.trace {
        let (header, class) = match format {
            TraceFormat::Vcd => ("verilated_vcd_c.h", "VerilatedVcdC"),
            TraceFormat::Fst => ("verilated_fst_c.h", "VerilatedFstC"),
        };
        let _ = writeln!(text, "#include \"{header}\"\n#define COSIM_TRACE {class}");
    }
    if let Some(clock) = parts.clock {
        let _ = writeln!(text, "#define COSIM_CLOCK {clock}");
    }
    access(&mut text, ports);
    text.push_str(MODEL);
    if let Some(bytes) = parts.engine_bytes {
        let _ = writeln!(text, "#define COSIM_PORT_BYTES {bytes}");
        text.push_str(MEMORY);
        text.push_str(ENGINE);
    }
    text.push_str(parts.extra);
    text
}

/// Port access by number, as two switches the compiler turns into jump tables.
fn access(text: &mut String, ports: &[Port]) {
    text.push_str("struct Access {\n    static void poke(Vcosim& m, uint32_t port, const uint32_t* w) {\n        switch (port) {\n");
    for (number, port) in ports.iter().enumerate().filter(|(_, port)| port.direction == Direction::Input) {
        let name = &port.name;
        let _ = match port.width {
            0..=32 => writeln!(text, "        case {number}: m.{name} = w[0]; break;"),
            33..=64 => writeln!(text, "        case {number}: m.{name} = w[0] | uint64_t{{w[1]}} << 32; break;"),
            _ => writeln!(
                text,
                "        case {number}: for (int i = 0; i < {}; ++i) m.{name}[i] = w[i]; break;",
                port.words()
            ),
        };
    }
    text.push_str(
        "        }\n    }\n    static void peek(Vcosim& m, uint32_t port, uint32_t* w) {\n        switch (port) {\n",
    );
    for (number, port) in ports.iter().enumerate() {
        let name = &port.name;
        let _ = match port.width {
            0..=32 => writeln!(text, "        case {number}: w[0] = m.{name}; break;"),
            33..=64 => writeln!(
                text,
                "        case {number}: w[0] = uint32_t(m.{name}); w[1] = uint32_t(uint64_t(m.{name}) >> 32); break;"
            ),
            _ => writeln!(
                text,
                "        case {number}: for (int i = 0; i < {}; ++i) w[i] = m.{name}[i]; break;",
                port.words()
            ),
        };
    }
    text.push_str("        }\n    }\n};\n");
}
