//! The port list of a top module, read from Verilog text.
//!
//! Only what Cortado emits and what Yosys writes of it is understood: plain names, literal ranges, `input` and `output`,
//! in the header or, as Yosys has it, each in a declaration of its own behind a header of names. Anything else is an
//! error that names the line, because a port read wrongly would make the comparison worthless.

use std::fmt;

/// Which way a port goes, seen from the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Driven by the test bench.
    Input,
    /// Driven by the design.
    Output,
}

/// One port of the top module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in the Verilog text.
    pub name: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Width in bits, at least 1.
    pub width: u32,
}

impl Port {
    /// Number of 32-bit words that hold a value of this port, least significant first.
    pub fn words(&self) -> usize {
        self.width.div_ceil(32) as usize
    }
}

/// The widest port accepted, in bits.
pub const MAX_PORT_WIDTH: u32 = 1 << 16;

/// Why the ports of a module could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortListError {
    /// The text has no module of that name.
    NoSuchModule {
        /// The name asked for.
        top: String,
        /// The modules the text has.
        found: Vec<String>,
    },
    /// The header is not of the form that is understood.
    Header {
        /// Line in the text, from 1.
        line: usize,
        /// What was found and what is accepted.
        reason: String,
    },
    /// Two ports have one name, or a port has a name the C++ side cannot have.
    Name {
        /// Line in the text, from 1.
        line: usize,
        /// The port.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl fmt::Display for PortListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortListError::NoSuchModule { top, found } => {
                write!(f, "no module `{top}` in the Verilog text, which has: {}", found.join(", "))
            }
            PortListError::Header { line, reason } => write!(f, "line {line}: {reason}"),
            PortListError::Name { line, name, reason } => {
                write!(f, "line {line}: port `{name}` {reason}")
            }
        }
    }
}

impl std::error::Error for PortListError {}

/// Reads the ports of module `top`, in the order of its header.
///
/// # Errors
/// The module is absent, its ports are not declared with literal ranges, or a port's name cannot be used from C++.
pub fn parse_ports(top: &str, verilog: &str) -> Result<Vec<Port>, PortListError> {
    let tokens = tokens(verilog);
    let names = || tokens.windows(2).filter(|pair| pair[0].text == "module").map(|pair| pair[1].text.to_owned());
    let start = tokens.windows(2).position(|pair| pair[0].text == "module" && pair[1].text == top);
    let Some(start) = start else {
        return Err(PortListError::NoSuchModule { top: top.to_owned(), found: names().collect() });
    };
    let mut header = Header { tokens: &tokens, at: start + 2 };
    header.ports()
}

struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// Splits Verilog into identifiers, numbers and single characters, without comments, strings and attributes.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), false)
        } else if rest.starts_with("(*") && !rest.starts_with("(*)") {
            (rest.find("*)").map_or(rest.len(), |end| end + 2), false)
        } else if first == '"' {
            (string_length(rest), false)
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
            (rest.find(|c| !word(c)).unwrap_or(rest.len()), true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        let piece = &rest[..length];
        if kept {
            tokens.push(Token { text: piece, line });
        }
        line += piece.matches('\n').count();
        at += length;
    }
    tokens
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

struct Header<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Header<'a> {
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |token| token.text)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn next(&mut self) -> &'a str {
        let text = self.peek();
        self.at += 1;
        text
    }

    fn refuse<T>(&self, reason: impl Into<String>) -> Result<T, PortListError> {
        Err(PortListError::Header { line: self.line(), reason: reason.into() })
    }

    fn expect(&mut self, wanted: &str) -> Result<(), PortListError> {
        if self.peek() != wanted {
            return self.refuse(format!("expected `{wanted}` in the port list, found `{}`", self.peek()));
        }
        self.at += 1;
        Ok(())
    }

    fn ports(&mut self) -> Result<Vec<Port>, PortListError> {
        if self.peek() == "#" {
            return self.refuse("the top module has parameters: give it literal widths");
        }
        self.expect("(")?;
        if self.names_only() {
            return self.declared_apart();
        }
        let mut ports: Vec<Port> = Vec::new();
        let mut kind = None;
        while self.peek() != ")" {
            kind = Some(self.declaration(kind)?);
            let (direction, width) = kind.unwrap_or((Direction::Input, 1));
            let (line, name) = (self.line(), self.next());
            check_name(line, name, &ports)?;
            ports.push(Port { name: name.to_owned(), direction, width });
            if self.peek() != ")" {
                self.expect(",")?;
            }
        }
        self.expect(")")?;
        self.expect(";")?;
        Ok(ports)
    }

    /// Whether the header has names and no directions.
    fn names_only(&self) -> bool {
        !matches!(self.peek(), "input" | "output" | "inout" | ")")
            && self.tokens.get(self.at + 1).is_some_and(|token| matches!(token.text, "," | ")"))
    }

    /// Names in the header, directions and ranges in declarations behind it.
    fn declared_apart(&mut self) -> Result<Vec<Port>, PortListError> {
        let mut ports: Vec<Port> = Vec::new();
        loop {
            let (line, name) = (self.line(), self.next());
            check_name(line, name, &ports)?;
            let header = self.at;
            let (direction, width) = self.declaration_of(name)?;
            self.at = header;
            ports.push(Port { name: name.to_owned(), direction, width });
            if self.peek() == ")" {
                self.at += 1;
                break;
            }
            self.expect(",")?;
        }
        self.expect(";")?;
        Ok(ports)
    }

    /// Finds the declaration of one port in the module's body.
    fn declaration_of(&mut self, name: &str) -> Result<(Direction, u32), PortListError> {
        let header = self.line();
        while !matches!(self.peek(), "" | "module") {
            if matches!(self.peek(), "input" | "output" | "inout") {
                let found = self.declaration(None)?;
                if self.next() == name {
                    return Ok(found);
                }
            } else {
                self.at += 1;
            }
        }
        let reason = format!("port `{name}` has no declaration of its own, as in `input [7:0] {name};`");
        Err(PortListError::Header { line: header, reason })
    }

    /// Direction and width of the next name; without a direction those of the name before hold on.
    fn declaration(&mut self, before: Option<(Direction, u32)>) -> Result<(Direction, u32), PortListError> {
        let direction = match (self.peek(), before) {
            ("input", _) => Direction::Input,
            ("output", _) => Direction::Output,
            ("inout", _) => return self.refuse("`inout` ports are not supported: split it in an input and an output"),
            (_, Some(before)) => return Ok(before),
            (other, None) => {
                return self.refuse(format!("expected `input` or `output` in the port list, found `{other}`"))
            }
        };
        self.at += 1;
        while matches!(self.peek(), "wire" | "reg" | "logic" | "signed") {
            self.at += 1;
        }
        Ok((direction, self.range()?))
    }

    fn range(&mut self) -> Result<u32, PortListError> {
        if self.peek() != "[" {
            return Ok(1);
        }
        self.at += 1;
        let high = self.bound()?;
        self.expect(":")?;
        let low = self.bound()?;
        self.expect("]")?;
        match high.checked_sub(low).map(|span| span.saturating_add(1)) {
            Some(width) if width <= MAX_PORT_WIDTH => Ok(width),
            _ => self.refuse(format!("range [{high}:{low}] is not high:low with at most {MAX_PORT_WIDTH} bits")),
        }
    }

    fn bound(&mut self) -> Result<u32, PortListError> {
        match self.peek().parse() {
            Ok(value) => {
                self.at += 1;
                Ok(value)
            }
            Err(_) => self.refuse(format!("expected a decimal bound of a port's range, found `{}`", self.peek())),
        }
    }
}

fn check_name(line: usize, name: &str, before: &[Port]) -> Result<(), PortListError> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let reason = if !first || name.contains('$') {
        "is no plain name (a letter, then letters, digits and `_`)"
    } else if name.contains("__") {
        "has `__`, which Verilator spells otherwise in C++: use one `_`"
    } else if TAKEN.contains(&name) {
        "has a name that C++ or Verilator's own class keeps: rename it"
    } else if before.iter().any(|port| port.name == name) {
        "stands twice in the port list"
    } else {
        return Ok(());
    };
    Err(PortListError::Name { line, name: name.to_owned(), reason })
}

/// C++ words that Verilog leaves free, and members of the class Verilator makes.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "alignas", "alignof", "asm", "atClone", "auto", "bool", "catch", "char", "class", "concept", "const",
    "constexpr", "contextp", "decltype", "delete", "double", "enum", "eval", "eval_end_step", "eval_step",
    "eventsPending", "explicit", "export", "extern", "false", "float", "friend", "goto", "hierName", "inline",
    "int", "long", "modelName", "mutable", "name", "namespace", "new", "nextTimeSlot", "noexcept", "nullptr",
    "operator", "prepareClone", "private", "protected", "public", "register", "requires", "return", "rootp",
    "short", "sizeof", "static", "struct", "switch", "template", "this", "thread_local", "threads", "throw",
    "trace", "traceCapable", "true", "try", "typedef", "typeid", "typename", "union", "using", "virtual",
    "vlSymsp", "void", "volatile", "final", "do", "break", "continue", "static_cast", "unsigned", "signed",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, direction: Direction, width: u32) -> Port {
        Port { name: name.into(), direction, width }
    }

    #[test]
    fn an_ansi_header_is_read_whole() {
        let text = "// module fake (\n/* module top ( */ `default_nettype none\nmodule inner(input wire x); endmodule\n\
            (* keep = \"module top (\" *) module top (\n  input wire clock, // module\n  input wire signed [7:0] a, b,\n\
            (* x *) output reg [1023:0] wide,\n  output q\n);\nendmodule";
        use Direction::{Input, Output};
        assert_eq!(
            parse_ports("top", text).unwrap(),
            [
                port("clock", Input, 1),
                port("a", Input, 8),
                port("b", Input, 8),
                port("wide", Output, 1024),
                port("q", Output, 1)
            ]
        );
    }

    #[test]
    fn a_header_of_names_is_read_with_the_declarations_behind_it() {
        let text = "module inner(z); input z; endmodule\nmodule top(clock, a, q);\n  wire \\a [1] ;\n  input clock;\n\
            wire clock;\n output [8:0] q;\n  input [7:0] a;\nendmodule\nmodule other(a); input [3:0] a; endmodule";
        use Direction::{Input, Output};
        assert_eq!(
            parse_ports("top", text).unwrap(),
            [port("clock", Input, 1), port("a", Input, 8), port("q", Output, 9)]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let cases = [
            ("module top(input a, a);", "line 1: port `a` stands twice"),
            ("\nmodule top(\ninput [W-1:0] a);", "line 3: expected a decimal bound"),
            ("module top #(parameter W = 8) (input a);", "parameters"),
            ("module top(a, b); input a; endmodule module c; input b;", "line 1: port `b` has no declaration"),
            ("module top(a, a); input a;", "stands twice"),
            ("module top(a b); input a;", "expected `input` or `output` in the port list, found `a`"),
            ("module top(a); inout a;", "inout"),
            ("module top(inout a);", "inout"),
            ("module top(input [0:7] a);", "[0:7]"),
            ("module top(input [4294967295:0] a);", "[4294967295:0]"),
            ("module top(input a$b);", "plain name"),
            ("module top(input a__b);", "`__`"),
            ("module top(input trace);", "rename"),
            ("module top(input \\esc );", "plain name"),
            ("module top(input [7:0] a", "expected `,`"),
            ("module top(input", "plain name"),
            ("module top", "expected `(`"),
            ("module other(input a); \"", "no module `top` in the Verilog text, which has: other"),
        ];
        for (text, wanted) in cases {
            let message = parse_ports("top", text).unwrap_err().to_string();
            assert!(message.contains(wanted), "{text:?}: {message}");
        }
    }
}
