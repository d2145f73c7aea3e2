//! Statements of rust-hdl's tree into resolved statements: loops unrolled, links made assignments.

use rust_hdl::core::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression as Ast, VerilogLink,
    VerilogLinkDetails, VerilogLoop, VerilogMatch, VerilogStatement,
};

use super::constant::{no_width, spell, unsupported};
use super::error::{EmitErrorKind, Fault};
use super::expr::Translator;
use super::index::parse_integer;
use super::ir::{Arm, Binary, Expr, Node, Number, Range, Stmt, Target};
use super::names::{resolve, LoopEnv};
use super::signals::{number_of, Role, Signals};

/// More iterations than any array here has; a loop beyond it is a mistake in its bounds.
const LONGEST_LOOP: usize = 1 << 16;

/// Two bidirectional pins tied together, by their bits.
pub(super) type Tie = (Range, Range);

/// Unrolls and resolves the statements of one module.
pub(super) struct Lowering<'a> {
    signals: &'a Signals,
    env: LoopEnv,
    pub ties: Vec<Tie>,
}

impl<'a> Lowering<'a> {
    pub fn new(signals: &'a Signals) -> Self {
        Self { signals, env: Vec::new(), ties: Vec::new() }
    }

    fn translator(&self) -> Translator<'_> {
        Translator { signals: self.signals, env: &self.env }
    }

    pub fn block(&mut self, block: &VerilogBlock) -> Result<Vec<Stmt>, Fault> {
        let mut out = Vec::new();
        for statement in block {
            self.statement(statement, &mut out)?;
        }
        Ok(out)
    }

    fn statement(&mut self, s: &VerilogStatement, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        match s {
            VerilogStatement::Assignment(target, value) => self.assignment(target, value, out),
            VerilogStatement::SliceAssignment { base, width, offset, replacement } => {
                out.push(self.field_assignment(base, *width, offset, replacement)?);
                Ok(())
            }
            VerilogStatement::If(conditional) => self.conditional(conditional, out),
            VerilogStatement::Match(m) => self.case(m, out),
            VerilogStatement::Loop(l) => self.unroll(l, out),
            VerilogStatement::Comment(text) => {
                out.push(Stmt::Comment(text.clone()));
                Ok(())
            }
            VerilogStatement::Link(links) => links.iter().try_for_each(|l| self.link(l, out)),
            VerilogStatement::Macro(block) => {
                out.extend(self.block(block)?);
                Ok(())
            }
        }
    }

    fn assignment(&mut self, target: &Ast, value: &Ast, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        let range = self.target(target)?;
        if let Some(stmt) = self.bit_assignment(range, value)? {
            out.push(stmt);
            return Ok(());
        }
        let value = self.sized(value, range)?;
        out.push(assign(range, value));
        Ok(())
    }

    /// `x.next = x.val().replace_bit(i, v)` writes one bit of x and keeps the others.
    fn bit_assignment(&self, range: Range, value: &Ast) -> Result<Option<Stmt>, Fault> {
        let Ast::IndexReplace(base, index, bit) = value else {
            return Ok(None);
        };
        let translator = self.translator();
        let Ast::Signal(name) = base.as_ref() else {
            return Ok(None);
        };
        if translator.range(name)? != range {
            return Ok(None);
        }
        let bit = translator.lower(bit, Some(1))?;
        let target = match translator.constant(index) {
            Some(_) => match translator.part(base, 1, index, false)?.node {
                Node::Range(range) => Target { range, index: None },
                _ => return Ok(None),
            },
            None => {
                let index = translator.index(index, range.width, 1, base)?;
                Target { range, index: Some(index) }
            }
        };
        Ok(Some(Stmt::Assign { target, value: bit }))
    }

    fn field_assignment(&self, base: &Ast, width: usize, offset: &Ast, replacement: &Ast) -> Result<Stmt, Fault> {
        let whole = self.target(base)?;
        let low = self
            .translator()
            .constant(offset)
            .and_then(|low| usize::try_from(low).ok())
            .filter(|low| low.checked_add(width).is_some_and(|end| end <= whole.width))
            .ok_or_else(|| unsupported(&spell(base), "is written beyond its bits", "write a field of it"))?;
        let range = Range { signal: whole.signal, low: whole.low + low, width };
        Ok(assign(range, self.sized(replacement, range)?))
    }

    /// The bits an assignment writes; refuses what this module must not drive.
    fn target(&self, e: &Ast) -> Result<Range, Fault> {
        let Ast::Signal(name) = e else {
            return Err(unsupported(&spell(e), "is assigned but is no signal", "assign to <signal>.next"));
        };
        let range = self.translator().range(name)?;
        self.check_driven(range)
    }

    fn check_driven(&self, range: Range) -> Result<Range, Fault> {
        let signal = &self.signals.list[range.signal];
        if signal.role.is_driven_here() {
            return Ok(range);
        }
        let (what, way_out) = match signal.role {
            Role::Input => ("is an input of this module and written inside it", "write it in the parent"),
            Role::RegisterState => ("is a register's output and written", "write the register's d"),
            Role::InOut | Role::ChildInOut(_) => {
                ("is bidirectional and assigned", "link it, or drive it in a cell with its own text")
            }
            _ => ("is a sub-block's output and written by its parent", "write it in the sub-block"),
        };
        Err(Fault::new(EmitErrorKind::WritesInput, signal.spelling(range.low), what, way_out))
    }

    fn sized(&self, value: &Ast, range: Range) -> Result<Expr, Fault> {
        let expr = self.translator().lower(value, Some(range.width))?;
        if expr.width == range.width {
            return Ok(expr);
        }
        let product = matches!(expr.node, Node::Binary(Binary::Mul, ..));
        Err(Fault::new(
            EmitErrorKind::Width,
            self.signals.list[range.signal].spelling(range.low),
            format!(
                "has {} bits and is assigned {} of {} bits",
                range.width,
                if product { "a product" } else { "a value" },
                expr.width
            ),
            "assign to a Local of that width, then bit_cast or signed_bit_cast it",
        ))
    }

    fn conditional(&mut self, c: &VerilogConditional, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        if let Some(value) = self.translator().constant(&c.test) {
            let taken = if value != 0 { self.block(&c.then)? } else { self.otherwise(&c.otherwise)? };
            out.extend(taken);
            return Ok(());
        }
        let test = self.translator().lower(&c.test, Some(1))?;
        if test.width != 1 {
            return Err(Fault::new(
                EmitErrorKind::Width,
                spell(&c.test),
                format!("is a condition of {} bits", test.width),
                "use .any() or a compare",
            ));
        }
        let then = self.block(&c.then)?;
        let otherwise = self.otherwise(&c.otherwise)?;
        if !(then.is_empty() && otherwise.is_empty()) {
            out.push(Stmt::If { test, then, otherwise });
        }
        Ok(())
    }

    fn otherwise(&mut self, o: &VerilogBlockOrConditional) -> Result<Vec<Stmt>, Fault> {
        match o {
            VerilogBlockOrConditional::Block(block) => self.block(block),
            VerilogBlockOrConditional::Conditional(statement) => {
                let mut out = Vec::new();
                self.statement(statement, &mut out)?;
                Ok(out)
            }
            VerilogBlockOrConditional::None => Ok(Vec::new()),
        }
    }

    fn case(&mut self, m: &VerilogMatch, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        if let Some(value) = self.translator().constant(&m.test) {
            return self.constant_case(m, value, out);
        }
        let subject = self.translator().lower(&m.test, None)?;
        let mut arms = Vec::new();
        for case in &m.cases {
            let label = match case.condition.as_str() {
                "default" | "_" => None,
                pattern => Some(self.label(pattern, &subject)?),
            };
            let is_default = label.is_none();
            let body = self.block(&case.block)?;
            arms.push(Arm { label, note: None, body });
            if is_default {
                break;
            }
        }
        // Rust's match is exhaustive, so the last arm is what is left; as the default it also
        // covers the codes no state has, and no latch can arise.
        if let Some(last) = arms.last_mut() {
            last.note = last.label.take();
        }
        if arms.len() == 1 {
            out.extend(arms.remove(0).body);
        } else if !arms.is_empty() {
            out.push(Stmt::Case { subject, arms });
        }
        Ok(())
    }

    fn constant_case(&mut self, m: &VerilogMatch, value: i128, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        for case in &m.cases {
            let chosen = match case.condition.as_str() {
                "default" | "_" => true,
                pattern => pattern_value(pattern) == Some(value),
            };
            if chosen {
                out.extend(self.block(&case.block)?);
                return Ok(());
            }
        }
        Ok(())
    }

    fn label(&self, pattern: &str, subject: &Expr) -> Result<String, Fault> {
        if let Some(value) = pattern_value(pattern) {
            let number =
                u128::try_from(value).ok().map(Number::from_u128).filter(|n| n.bit_len() <= subject.width).ok_or_else(
                    || {
                        Fault::new(
                            EmitErrorKind::Width,
                            pattern,
                            format!("is a pattern that does not fit {} bits", subject.width),
                            "match on values the signal can have",
                        )
                    },
                )?;
            return Ok(format!("{}'h{}", subject.width, number.digits()));
        }
        let raw = resolve(pattern, &self.env, &|_| None)?;
        match self.signals.parameter(&raw) {
            Some(p) if p.width == subject.width => Ok(p.name.clone()),
            Some(_) => Err(no_width(pattern)),
            None => Err(Fault::new(
                EmitErrorKind::Unknown,
                pattern.replace('$', "::"),
                "is a pattern that names no state of this module's signals",
                "write Type::State, true, false, a number or _",
            )),
        }
    }

    fn unroll(&mut self, l: &VerilogLoop, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        let bound = |literal| {
            number_of(literal)
                .and_then(|n| n.to_u128())
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| unsupported(&l.index, "is a loop index with an odd bound", "use usize bounds"))
        };
        let (from, to) = (bound(&l.from)?, bound(&l.to)?);
        if to.saturating_sub(from) > LONGEST_LOOP {
            return Err(unsupported(
                &l.index,
                &format!("runs over more than {LONGEST_LOOP} values"),
                "check the loop's bounds",
            ));
        }
        let name = l.index.trim_start_matches("mut ").to_string();
        for value in from..to {
            self.env.push((name.clone(), value as i128));
            let body = self.block(&l.block);
            self.env.pop();
            out.extend(body?);
        }
        Ok(())
    }

    fn link(&mut self, link: &VerilogLink, out: &mut Vec<Stmt>) -> Result<(), Fault> {
        let (details, owner_drives, tied) = match link {
            VerilogLink::Forward(d) => (d, true, false),
            VerilogLink::Backward(d) => (d, false, false),
            VerilogLink::Bidirectional(d) => (d, false, true),
        };
        let owner = self.link_end(details, &details.owner_name)?;
        let other = self.link_end(details, &details.other_name)?;
        if owner.width != other.width {
            return Err(Fault::new(
                EmitErrorKind::Width,
                &details.owner_name,
                "is linked to a signal of another width",
                "link ends of one type",
            ));
        }
        if tied {
            self.ties.push((owner, other));
            return Ok(());
        }
        let (source, sink) = if owner_drives { (owner, other) } else { (other, owner) };
        let sink = self.check_driven(sink)?;
        let signed = self.signals.list[source.signal].signed;
        out.push(assign(sink, Expr::new(Node::Range(source), source.width, signed)));
        Ok(())
    }

    fn link_end(&self, details: &VerilogLinkDetails, end: &str) -> Result<Range, Fault> {
        let field = details.my_name.trim_start_matches('.').replace('.', "$");
        let name = match (end.is_empty(), field.is_empty()) {
            (_, true) => end.to_string(),
            (true, false) => field,
            (false, false) => format!("{end}${field}"),
        };
        self.translator().range(&name)
    }
}

fn assign(range: Range, value: Expr) -> Stmt {
    Stmt::Assign { target: Target { range, index: None }, value }
}

fn pattern_value(pattern: &str) -> Option<i128> {
    match pattern {
        "true" => Some(1),
        "false" => Some(0),
        _ => parse_integer(pattern),
    }
}
