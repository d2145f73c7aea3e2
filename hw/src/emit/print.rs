//! Verilog-2001 text of expressions, statements and declarations.

use std::fmt::Write;

use super::ir::{Binary, Expr, Node, Range, Stmt};
use super::signals::{Signal, Signals};

/// Writes the names of one module.
pub(super) struct Printer<'a> {
    pub signals: &'a Signals,
    /// Vectors declared as one signal per element.
    pub split: &'a [bool],
}

impl Printer<'_> {
    /// The name of some bits of a signal.
    pub fn range(&self, range: Range) -> String {
        let signal = &self.signals.list[range.signal];
        if self.split[range.signal] {
            let element = range.low / signal.element;
            let name = element_name(signal, element);
            let low = range.low - element * signal.element;
            return part(&name, signal.element, low, range.width);
        }
        part(&signal.name, signal.width(), range.low, range.width)
    }

    /// Whether the printed name of a range is a signed operand to Verilog.
    fn is_signed_text(&self, range: Range) -> bool {
        let signal = &self.signals.list[range.signal];
        let whole = if self.split[range.signal] {
            range.width == signal.element
        } else {
            !signal.packed && self.signals.is_whole(range)
        };
        signal.signed && whole
    }

    pub fn expr(&self, e: &Expr) -> String {
        match &e.node {
            Node::Range(range) => self.range(*range),
            Node::Dynamic { base, index } => self.dynamic(*base, index, e.width),
            Node::Number(number) => format!("{}'h{}", e.width, number.digits()),
            Node::Named(name) => name.clone(),
            Node::Unary(op, inner) => format!("{}{}", op.symbol(), self.nested(inner)),
            Node::Binary(op, left, right) => self.binary(*op, left, right),
            Node::ZeroExtend(inner) => {
                format!("{{{}'h0, {}}}", e.width - inner.width, self.expr(inner))
            }
            Node::SignExtend(range) => self.sign_extend(*range, e.width),
        }
    }

    fn sign_extend(&self, range: Range, width: usize) -> String {
        let top = Range { low: range.end() - 1, width: 1, ..range };
        format!("{{{{{}{{{}}}}}, {}}}", width - range.width, self.range(top), self.range(range))
    }

    fn dynamic(&self, base: Range, index: &Expr, width: usize) -> String {
        let signal = &self.signals.list[base.signal];
        let (name, low) = if self.split[base.signal] {
            let element = base.low / signal.element;
            (element_name(signal, element), base.low - element * signal.element)
        } else {
            (signal.name.clone(), base.low)
        };
        let index = match low {
            0 => self.expr(index),
            low => format!("{low} + {}", self.nested(index)),
        };
        if width == 1 {
            format!("{name}[{index}]")
        } else {
            format!("{name}[{index} +: {width}]")
        }
    }

    fn binary(&self, op: Binary, left: &Expr, right: &Expr) -> String {
        let by_sign = op.is_ordered() || op == Binary::Mul;
        if by_sign && (left.signed || right.signed) {
            return format!("{} {} {}", self.signed_operand(left), op.symbol(), self.signed_operand(right));
        }
        format!("{} {} {}", self.unsigned_operand(left, by_sign), op.symbol(), self.unsigned_operand(right, by_sign))
    }

    fn signed_operand(&self, e: &Expr) -> String {
        match &e.node {
            Node::Range(range) if self.is_signed_text(*range) => self.range(*range),
            Node::Number(number) => format!("{}'sh{}", e.width, number.digits()),
            Node::Named(name) if e.signed => name.clone(),
            _ => format!("$signed({})", self.expr(e)),
        }
    }

    fn unsigned_operand(&self, e: &Expr, by_sign: bool) -> String {
        match &e.node {
            Node::Range(range) if by_sign && self.is_signed_text(*range) => {
                format!("$unsigned({})", self.range(*range))
            }
            _ => self.nested(e),
        }
    }

    fn nested(&self, e: &Expr) -> String {
        match &e.node {
            Node::Unary(..) | Node::Binary(..) => format!("({})", self.expr(e)),
            _ => self.expr(e),
        }
    }

    /// The statements, each line indented by `depth` levels.
    pub fn block(&self, body: &[Stmt], depth: usize, out: &mut String) {
        for stmt in body {
            self.statement(stmt, depth, out);
        }
    }

    fn statement(&self, stmt: &Stmt, depth: usize, out: &mut String) {
        let pad = "    ".repeat(depth);
        match stmt {
            Stmt::Assign { target, value } => {
                let name = match &target.index {
                    None => self.range(target.range),
                    Some(index) => self.dynamic(target.range, index, 1),
                };
                line(out, &pad, &format!("{name} = {};", self.expr(value)));
            }
            Stmt::If { test, then, otherwise } => {
                line(out, &pad, &format!("if ({}) begin", self.expr(test)));
                self.block(then, depth + 1, out);
                self.otherwise(otherwise, depth, out);
            }
            Stmt::Case { subject, arms } => {
                line(out, &pad, &format!("case ({})", self.expr(subject)));
                for arm in arms {
                    let label = arm.label.as_deref().unwrap_or("default");
                    let note = match &arm.note {
                        Some(note) => format!(" // {note}"),
                        None => String::new(),
                    };
                    line(out, &pad, &format!("    {label}: begin{note}"));
                    self.block(&arm.body, depth + 2, out);
                    line(out, &pad, "    end");
                }
                line(out, &pad, "endcase");
            }
            Stmt::Comment(text) => comment(out, &pad, text),
        }
    }

    fn otherwise(&self, otherwise: &[Stmt], depth: usize, out: &mut String) {
        let pad = "    ".repeat(depth);
        match otherwise {
            [] => line(out, &pad, "end"),
            [Stmt::If { test, then, otherwise }] => {
                line(out, &pad, &format!("end else if ({}) begin", self.expr(test)));
                self.block(then, depth + 1, out);
                self.otherwise(otherwise, depth, out);
            }
            body => {
                line(out, &pad, "end else begin");
                self.block(body, depth + 1, out);
                line(out, &pad, "end");
            }
        }
    }

    /// `wire signed [7:0] x;`, or one declaration per element of a vector that is split.
    pub fn declare(&self, id: usize, kind: &str, out: &mut String) {
        let signal = &self.signals.list[id];
        if !self.split[id] {
            let sign = signal.signed && !signal.packed;
            line(out, "    ", &format!("{};", declaration(kind, sign, signal.width(), &signal.name)));
            return;
        }
        for element in 0..signal.count {
            let name = element_name(signal, element);
            line(out, "    ", &format!("{};", declaration(kind, signal.signed, signal.element, &name)));
        }
    }
}

/// The name of one element of a vector that is split.
pub(super) fn element_name(signal: &Signal, element: usize) -> String {
    format!("{}_{element}", signal.name)
}

/// `wire signed [7:0] x`.
pub(super) fn declaration(kind: &str, signed: bool, width: usize, name: &str) -> String {
    let sign = if signed { " signed" } else { "" };
    if width == 1 {
        format!("{kind}{sign} {name}")
    } else {
        format!("{kind}{sign} [{}:0] {name}", width - 1)
    }
}

fn part(name: &str, total: usize, low: usize, width: usize) -> String {
    if low == 0 && width == total {
        name.to_string()
    } else if width == 1 {
        format!("{name}[{low}]")
    } else {
        format!("{name}[{}:{low}]", low + width - 1)
    }
}

pub(super) fn line(out: &mut String, pad: &str, text: &str) {
    let _ = writeln!(out, "{pad}{text}");
}

/// A comment of one or more lines.
pub(super) fn comment(out: &mut String, pad: &str, text: &str) {
    for part in text.lines() {
        let _ = writeln!(out, "{}", format!("{pad}// {}", part.trim_end()).trim_end());
    }
}
