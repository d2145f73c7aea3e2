//! From rust-hdl's spelling of a signal to canonical names and Verilog identifiers.

use super::error::{EmitErrorKind, Fault};
use super::index::Evaluator;

/// The values of the loop indices in force, outermost first.
pub(super) type LoopEnv = Vec<(String, i128)>;

/// Reserved by Verilog-2001, or by SystemVerilog (which Verilator and Yosys read by default).
const RESERVED: &[&str] = &[
    "always",
    "and",
    "assign",
    "automatic",
    "begin",
    "buf",
    "bufif0",
    "bufif1",
    "case",
    "casex",
    "casez",
    "cell",
    "cmos",
    "config",
    "deassign",
    "default",
    "defparam",
    "design",
    "disable",
    "edge",
    "else",
    "end",
    "endcase",
    "endconfig",
    "endfunction",
    "endgenerate",
    "endmodule",
    "endprimitive",
    "endspecify",
    "endtable",
    "endtask",
    "event",
    "for",
    "force",
    "forever",
    "fork",
    "function",
    "generate",
    "genvar",
    "highz0",
    "highz1",
    "if",
    "ifnone",
    "incdir",
    "include",
    "initial",
    "inout",
    "input",
    "instance",
    "integer",
    "join",
    "large",
    "liblist",
    "library",
    "localparam",
    "macromodule",
    "medium",
    "module",
    "nand",
    "negedge",
    "nmos",
    "nor",
    "noshowcancelled",
    "not",
    "notif0",
    "notif1",
    "or",
    "output",
    "parameter",
    "pmos",
    "posedge",
    "primitive",
    "pull0",
    "pull1",
    "pulldown",
    "pullup",
    "pulsestyle_onevent",
    "pulsestyle_ondetect",
    "rcmos",
    "real",
    "realtime",
    "reg",
    "release",
    "repeat",
    "rnmos",
    "rpmos",
    "rtran",
    "rtranif0",
    "rtranif1",
    "scalared",
    "showcancelled",
    "signed",
    "small",
    "specify",
    "specparam",
    "strong0",
    "strong1",
    "supply0",
    "supply1",
    "table",
    "task",
    "time",
    "tran",
    "tranif0",
    "tranif1",
    "tri",
    "tri0",
    "tri1",
    "triand",
    "trior",
    "trireg",
    "unsigned",
    "use",
    "uwire",
    "vectored",
    "wait",
    "wand",
    "weak0",
    "weak1",
    "while",
    "wire",
    "wor",
    "xnor",
    "xor",
    "accept_on",
    "alias",
    "always_comb",
    "always_ff",
    "always_latch",
    "assert",
    "assume",
    "before",
    "bind",
    "bins",
    "binsof",
    "bit",
    "break",
    "byte",
    "chandle",
    "checker",
    "class",
    "clocking",
    "const",
    "constraint",
    "context",
    "continue",
    "cover",
    "covergroup",
    "coverpoint",
    "cross",
    "dist",
    "do",
    "endchecker",
    "endclass",
    "endclocking",
    "endgroup",
    "endinterface",
    "endpackage",
    "endprogram",
    "endproperty",
    "endsequence",
    "enum",
    "eventually",
    "expect",
    "export",
    "extends",
    "extern",
    "final",
    "first_match",
    "foreach",
    "forkjoin",
    "global",
    "iff",
    "ignore_bins",
    "illegal_bins",
    "implements",
    "implies",
    "import",
    "inside",
    "int",
    "interconnect",
    "interface",
    "intersect",
    "join_any",
    "join_none",
    "let",
    "local",
    "logic",
    "longint",
    "matches",
    "modport",
    "nettype",
    "new",
    "nexttime",
    "null",
    "package",
    "packed",
    "priority",
    "program",
    "property",
    "protected",
    "pure",
    "rand",
    "randc",
    "randcase",
    "randsequence",
    "ref",
    "reject_on",
    "restrict",
    "return",
    "s_always",
    "s_eventually",
    "s_nexttime",
    "s_until",
    "s_until_with",
    "sequence",
    "shortint",
    "shortreal",
    "soft",
    "solve",
    "static",
    "string",
    "strong",
    "struct",
    "super",
    "sync_accept_on",
    "sync_reject_on",
    "tagged",
    "this",
    "throughout",
    "timeprecision",
    "timeunit",
    "type",
    "typedef",
    "union",
    "unique",
    "unique0",
    "until",
    "until_with",
    "untyped",
    "var",
    "virtual",
    "void",
    "wait_order",
    "weak",
    "wildcard",
    "with",
    "within",
];

/// Refuses what is no plain Verilog identifier.
pub(super) fn check_identifier(name: &str) -> Result<(), Fault> {
    let mut letters = name.chars();
    let starts_well = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !starts_well || !goes_on {
        return Err(Fault::new(
            EmitErrorKind::Name,
            name,
            "is no Verilog identifier",
            "use letters, digits and underscores",
        ));
    }
    if RESERVED.contains(&name) {
        return Err(Fault::new(EmitErrorKind::Name, name, "is a reserved word of Verilog", "rename the field"));
    }
    Ok(())
}

/// The Verilog name of `a$3$b`: indices of vectors dropped, `a_b`.
pub(super) fn packed_name(raw: &str) -> String {
    joined(raw.split('$').filter(|s| !is_index(s)))
}

/// The Verilog name of `a$3$b` with its indices kept, `a_3_b`.
pub(super) fn full_name(raw: &str) -> String {
    joined(raw.split('$'))
}

fn joined<'a>(segments: impl Iterator<Item = &'a str>) -> String {
    segments.collect::<Vec<_>>().join("_")
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit())
}

/// How a person writes `a$3$b`: `a[3].b`.
pub(super) fn rust_spelling(raw: &str) -> String {
    let mut out = String::new();
    for segment in raw.split('$') {
        if is_index(segment) {
            out.push_str(&format!("[{segment}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(segment);
        }
    }
    out
}

/// `RequantStage` as `requant_stage`.
pub(super) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, &c) in letters.iter().enumerate() {
        if c.is_ascii_uppercase() {
            let after_lower = i > 0 && !letters[i - 1].is_ascii_uppercase();
            let before_lower = letters.get(i + 1).is_some_and(|n| n.is_ascii_lowercase());
            if i > 0 && (after_lower || before_lower) && !out.ends_with('_') {
                out.push('_');
            }
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Evaluates `pe[i + 1]$sum[2 * j]$next` to `pe$4$sum$2`; `length` answers `x$len()` inside an index.
pub(super) fn resolve(text: &str, env: &LoopEnv, length: &dyn Fn(&str) -> Option<usize>) -> Result<String, Fault> {
    // The macro breaks a long place over lines.
    let joined: String = text.split_whitespace().collect();
    let flat = joined.replace('.', "$").replace("::", "$");
    let flat = flat.strip_prefix('$').unwrap_or(&flat);
    let mut out = String::new();
    let mut rest = flat;
    while let Some(open) = rest.find('[') {
        let close = matching_bracket(rest, open).ok_or_else(|| bad_index(text, "has unbalanced brackets"))?;
        out.push_str(&rest[..open]);
        let value = Evaluator::run(&rest[open + 1..close], env, length)
            .ok_or_else(|| bad_index(text, "has an index the emitter cannot evaluate"))?;
        if value < 0 {
            return Err(bad_index(text, "has a negative index"));
        }
        out.push_str(&format!("${value}"));
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Ok(out.strip_suffix("$next").unwrap_or(&out).to_string())
}

fn bad_index(text: &str, what: &str) -> Fault {
    Fault::new(EmitErrorKind::Unknown, text, what, "index with loop indices, numbers, + - * / % and x.len() only")
}

fn matching_bracket(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices().skip_while(|&(at, _)| at < open) {
        match c {
            '[' => depth += 1,
            ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_the_macro_broke_over_lines_is_the_same_place() {
        let place =
            resolve("port.client_write_data\n[(units.len() + 1 +\n k) * 16].next", &vec![("k".to_owned(), 1)], &|_| {
                Some(2)
            });
        assert_eq!(place.ok().as_deref(), Some("port$client_write_data$64"));
    }
}
