//! What frames a module's body: its ports, its parameters, its end.

use super::print::{declaration, line};
use rust_hdl::core::type_descriptor::{TypeField, TypeKind};

use super::constant::bits_of;
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
            Some(format!("    {}", declaration(kind, sign, signal.width(), &signal.name)))
        })
        .collect();
    if list.is_empty() {
        line(out, "", &format!("module {name};"));
    } else {
        line(out, "", &format!("module {name} (\n{}\n);", list.join(",\n")));
    }
    for signal in &signals.list {
        if let (Role::Input | Role::Output, TypeKind::Composite(fields)) = (signal.role, &signal.ty) {
            field_table(&signal.name, fields, out);
        }
    }
}

/// Columns that a line of the field table may take.
const TABLE_WIDTH: usize = 110;

/// Says which bits of a struct are which field: the text below can only name bits.
fn field_table(name: &str, fields: &[Box<TypeField>], out: &mut String) {
    let mut low = 0;
    let mut text = format!("// {name}:");
    for field in fields {
        let bits = bits_of(&field.kind.kind);
        let range = if bits == 1 { format!("[{low}]") } else { format!("[{}:{low}]", low + bits - 1) };
        let entry = format!(" {} {range}", field.fieldname);
        if text.len() + entry.len() > TABLE_WIDTH {
            line(out, "    ", &text);
            text = "//  ".into();
        }
        text.push_str(&entry);
        low += bits;
    }
    line(out, "    ", &text);
}

pub(super) fn parameters(signals: &Signals, out: &mut String) {
    let start = out.len();
    for p in &signals.parameters {
        let kind = if p.signed { "localparam signed" } else { "localparam" };
        let radix = if p.signed { "sh" } else { "h" };
        let text = declaration(kind, false, p.width, &p.name);
        line(out, "    ", &format!("{text} = {}'{radix}{};", p.width, p.value.digits()));
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
