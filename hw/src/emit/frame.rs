//! What frames a module's body: its ports, its parameters, its end.

use super::print::{declaration, line};
use super::signals::{Role, Signals};

pub(super) fn ports(signals: &Signals, name: &str, procedural: &[bool], out: &mut String) {
    let list: Vec<String> = signals
        .list
        .iter()
        .enumerate()
        .filter_map(|(id, signal)| {
            let kind = match signal.role {
                Role::Input => "input wire",
                Role::InOut => "inout wire",
                Role::Output if procedural[id] => "output reg",
                Role::Output => "output wire",
                _ => return None,
            };
            let sign = signal.signed && !signal.packed;
            Some(format!(
                "    {}",
                declaration(kind, sign, signal.width(), &signal.name)
            ))
        })
        .collect();
    if list.is_empty() {
        line(out, "", &format!("module {name};"));
    } else {
        line(
            out,
            "",
            &format!("module {name} (\n{}\n);", list.join(",\n")),
        );
    }
}

pub(super) fn parameters(signals: &Signals, out: &mut String) {
    let start = out.len();
    for p in &signals.parameters {
        let kind = if p.signed {
            "localparam signed"
        } else {
            "localparam"
        };
        let radix = if p.signed { "sh" } else { "h" };
        let text = declaration(kind, false, p.width, &p.name);
        line(
            out,
            "    ",
            &format!("{text} = {}'{radix}{};", p.width, p.value.digits()),
        );
    }
    separate(start, out);
}

pub(super) fn end_module(out: &mut String) {
    out.truncate(out.trim_end().len());
    out.push_str("\nendmodule\n");
}

/// A blank line after what was written since `start`, if anything was.
pub(super) fn separate(start: usize, out: &mut String) {
    if out.len() > start {
        out.push('\n');
    }
}
