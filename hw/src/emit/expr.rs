//! Expressions of rust-hdl's tree into expressions with explicit widths.
//!
//! Literals and `signed_bit_cast` carry no width in the tree; they take it from the other operand or
//! from what the value is assigned to, as Rust's inference did.

use rust_hdl::core::ast::{VerilogExpression as Ast, VerilogOpUnary};
use rust_hdl::core::type_descriptor::TypeKind;

use super::constant::{binary_of, bits_of, fitting, fold, has_arithmetic, no_width, number, spell, unsupported};
use super::error::{EmitErrorKind, Fault};
use super::ir::{Binary, Expr, Node, Number, Range, Unary};
use super::names::{resolve, rust_spelling, LoopEnv};
use super::signals::{number_of, Parameter, Signals};
use super::width::{narrow, zero_extend};

/// What a name in an expression stands for.
enum Meaning<'a> {
    Bits(Range),
    Parameter(&'a Parameter),
    Index(i128),
}

/// Translates expressions under the loop indices in force.
pub(super) struct Translator<'a> {
    pub signals: &'a Signals,
    pub env: &'a LoopEnv,
}

impl Translator<'_> {
    /// The bits a signal's name stands for.
    pub fn range(&self, text: &str) -> Result<Range, Fault> {
        match self.meaning(text)? {
            Meaning::Bits(range) => Ok(range),
            _ => Err(unsupported(text, "is no signal", "use a signal here")),
        }
    }

    fn meaning(&self, text: &str) -> Result<Meaning<'_>, Fault> {
        if let Some((_, value)) = self.env.iter().rev().find(|(name, _)| name == text) {
            return Ok(Meaning::Index(*value));
        }
        let raw = resolve(text, self.env, &|base| self.signals.length(base))?;
        if let Some(range) = self.signals.range(&raw) {
            return Ok(Meaning::Bits(range));
        }
        if let Some(parameter) = self.signals.parameter(&raw) {
            return Ok(Meaning::Parameter(parameter));
        }
        Err(Fault::new(
            EmitErrorKind::Unknown,
            rust_spelling(&raw),
            "names no signal, constant, state or loop index of this module",
            "a const generic or Rust constant needs a Constant field; an index must be below the length",
        ))
    }

    /// Refuses an expression with a name that means nothing here.
    pub fn check_names(&self, e: &Ast) -> Result<(), Fault> {
        match e {
            Ast::Signal(name) => self.meaning(name).map(|_| ()),
            Ast::Literal(_) => Ok(()),
            Ast::Cast(inner, _)
            | Ast::Signed(inner)
            | Ast::Unsigned(inner)
            | Ast::Paren(inner)
            | Ast::Unary(_, inner) => self.check_names(inner),
            Ast::Binary(left, _, right) | Ast::Index(left, right) | Ast::Slice(left, _, right) => {
                self.check_names(left)?;
                self.check_names(right)
            }
            Ast::IndexReplace(base, at, value) => {
                self.check_names(base)?;
                self.check_names(at)?;
                self.check_names(value)
            }
        }
    }

    /// The value of an expression made of literals and loop indices only.
    pub fn constant(&self, e: &Ast) -> Option<i128> {
        match e {
            Ast::Literal(literal) => i128::try_from(number_of(literal)?.to_u128()?).ok(),
            Ast::Signal(name) => match self.meaning(name).ok()? {
                Meaning::Index(value) => Some(value),
                _ => None,
            },
            Ast::Paren(inner) => self.constant(inner),
            Ast::Unary(VerilogOpUnary::Neg, inner) => self.constant(inner)?.checked_neg(),
            Ast::Binary(left, op, right) => fold(self.constant(left)?, binary_of(op), self.constant(right)?),
            _ => None,
        }
    }

    /// The width an expression has of itself, where the tree tells it.
    fn natural_width(&self, e: &Ast) -> Option<usize> {
        match e {
            Ast::Signal(name) => match self.meaning(name).ok()? {
                Meaning::Bits(range) => Some(range.width),
                Meaning::Parameter(parameter) => Some(parameter.width),
                Meaning::Index(_) => None,
            },
            Ast::Literal(_) => None,
            Ast::Cast(_, width) | Ast::Slice(_, width, _) => Some(*width),
            Ast::Signed(inner) if self.is_signed(inner) => None,
            Ast::Unsigned(inner) if !self.is_signed(inner) => None,
            Ast::Signed(inner) | Ast::Unsigned(inner) | Ast::Paren(inner) => self.natural_width(inner),
            Ast::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, inner) => self.natural_width(inner),
            Ast::Unary(..) | Ast::Index(..) => Some(1),
            Ast::IndexReplace(base, ..) => self.natural_width(base),
            Ast::Binary(left, op, right) => {
                let (l, r) = (self.natural_width(left), self.natural_width(right));
                match binary_of(op) {
                    Binary::Mul => Some(l? + r?),
                    Binary::Shl | Binary::Shr => l,
                    op if op.is_modular() => l.max(r),
                    _ => Some(1),
                }
            }
        }
    }

    fn is_signed(&self, e: &Ast) -> bool {
        match e {
            Ast::Signal(name) => match self.meaning(name) {
                Ok(Meaning::Bits(range)) => self.signals.list[range.signal].signed,
                Ok(Meaning::Parameter(parameter)) => parameter.signed,
                _ => false,
            },
            Ast::Signed(_) => true,
            Ast::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, inner) | Ast::Paren(inner) => self.is_signed(inner),
            Ast::IndexReplace(inner, ..) => self.is_signed(inner),
            Ast::Slice(inner, width, offset) => match self.field_sign(inner, *width, offset) {
                Some(signed) => signed,
                None => self.is_signed(inner),
            },
            Ast::Binary(left, op, right) => {
                !binary_of(op).is_compare() && (self.is_signed(left) || self.is_signed(right))
            }
            _ => false,
        }
    }

    /// Whether the field a slice of a struct names is signed; none when it is no struct.
    fn field_sign(&self, base: &Ast, width: usize, offset: &Ast) -> Option<bool> {
        let Ast::Signal(name) = base else { return None };
        let Meaning::Bits(range) = self.meaning(name).ok()? else {
            return None;
        };
        let TypeKind::Composite(fields) = &self.signals.list[range.signal].ty else {
            return None;
        };
        let offset = usize::try_from(self.constant(offset)?).ok()?;
        let mut low = 0;
        for field in fields {
            let bits = bits_of(&field.kind.kind);
            if low == offset && bits == width {
                return Some(matches!(field.kind.kind, TypeKind::Signed(_)));
            }
            low += bits;
        }
        Some(false)
    }

    /// Translates `e` where a value of `want` bits is expected, if that is known.
    pub fn lower(&self, e: &Ast, want: Option<usize>) -> Result<Expr, Fault> {
        if let Some(value) = self.constant(e) {
            let is_test = matches!(e, Ast::Binary(_, op, _) if binary_of(op).is_compare());
            let want = if is_test { Some(1) } else { want };
            return number(value, want, &spell(e));
        }
        match e {
            Ast::Signal(name) => self.named(name),
            Ast::Literal(literal) => {
                let value = number_of(literal).ok_or_else(|| no_width(&spell(e)))?;
                let width = want.ok_or_else(|| no_width(&spell(e)))?;
                fitting(value, width, &spell(e))
            }
            Ast::Paren(inner) => self.lower(inner, want),
            Ast::Cast(inner, width) => self.cast(inner, *width),
            Ast::Signed(inner) => self.signed(inner, want),
            Ast::Unsigned(inner) => self.unsigned(inner, want),
            Ast::Unary(op, inner) => self.unary(op, inner, want),
            Ast::Binary(left, op, right) => self.binary(left, binary_of(op), right, want),
            Ast::Index(base, index) => self.part(base, 1, index, false),
            Ast::Slice(base, width, offset) => self.part(base, *width, offset, self.is_signed(e)),
            Ast::IndexReplace(base, index, value) => self.replace_bit(base, index, value),
        }
    }

    fn named(&self, name: &str) -> Result<Expr, Fault> {
        match self.meaning(name)? {
            Meaning::Bits(range) => {
                let signed = self.signals.list[range.signal].signed;
                Ok(Expr::new(Node::Range(range), range.width, signed))
            }
            Meaning::Parameter(p) => Ok(Expr::new(Node::Named(p.name.clone()), p.width, p.signed)),
            Meaning::Index(_) => Err(no_width(name)),
        }
    }

    fn cast(&self, inner: &Ast, width: usize) -> Result<Expr, Fault> {
        let source = self.natural_width(inner).unwrap_or(width);
        let value = self.lower(inner, Some(source))?;
        if value.signed && value.width != width {
            return Err(unsupported(
                &spell(inner),
                "is signed and changes its width in an unsigned cast",
                "use unsigned_cast into a Local first",
            ));
        }
        let mut resized = self.resize(value, width, &spell(inner))?;
        resized.signed = false;
        Ok(resized)
    }

    fn resize(&self, value: Expr, width: usize, name: &str) -> Result<Expr, Fault> {
        if value.width >= width {
            return narrow(value, width, name);
        }
        if !value.signed {
            return Ok(zero_extend(value, width));
        }
        match value.node {
            Node::Range(range) => Ok(Expr::new(Node::SignExtend(range), width, true)),
            _ => Err(Fault::new(
                EmitErrorKind::Signed,
                name,
                "is a signed expression that widens",
                "assign it to a Local of its own width first",
            )),
        }
    }

    fn signed(&self, inner: &Ast, want: Option<usize>) -> Result<Expr, Fault> {
        if has_arithmetic(inner) && self.constant(inner).is_none() {
            return Err(Fault::new(
                EmitErrorKind::Signed,
                spell(inner),
                "is arithmetic inside a signed cast",
                "assign the arithmetic to a Local of full width, then cast the Local",
            ));
        }
        let flexible = self.is_signed(inner);
        let source = self.natural_width(inner);
        let value = self.lower(inner, source.or(want))?;
        let mut value = if flexible {
            let width = want.ok_or_else(|| no_width(&spell(inner)))?;
            self.resize(value, width, &spell(inner))?
        } else {
            value
        };
        value.signed = true;
        Ok(value)
    }

    fn unsigned(&self, inner: &Ast, want: Option<usize>) -> Result<Expr, Fault> {
        let flexible = !self.is_signed(inner);
        let value = self.lower(inner, self.natural_width(inner).or(want))?;
        let mut value = if flexible {
            let width = want.ok_or_else(|| no_width(&spell(inner)))?;
            self.resize(value, width, &spell(inner))?
        } else {
            value
        };
        value.signed = false;
        Ok(value)
    }

    fn unary(&self, op: &VerilogOpUnary, inner: &Ast, want: Option<usize>) -> Result<Expr, Fault> {
        let (op, reduces) = match op {
            VerilogOpUnary::Not => (Unary::Not, false),
            VerilogOpUnary::Neg => (Unary::Negate, false),
            VerilogOpUnary::All => (Unary::All, true),
            VerilogOpUnary::Any => (Unary::Any, true),
            VerilogOpUnary::Xor => (Unary::Parity, true),
        };
        let value = self.lower(inner, self.natural_width(inner).or(want))?;
        let (width, signed) = if reduces { (1, false) } else { (value.width, value.signed) };
        Ok(Expr::new(Node::Unary(op, Box::new(value)), width, signed))
    }

    fn binary(&self, l: &Ast, op: Binary, r: &Ast, want: Option<usize>) -> Result<Expr, Fault> {
        let (lw, rw) = (self.natural_width(l), self.natural_width(r));
        if op == Binary::Mul {
            return self.product(l, r);
        }
        if matches!(op, Binary::Shl | Binary::Shr) {
            return self.shift(l, op, r, lw.or(want));
        }
        if op.is_ordered() {
            self.guard_compare(l, r)?;
        }
        let context = if op.is_compare() { None } else { want };
        let width = match op {
            Binary::LogicalAnd | Binary::LogicalOr => Some(1),
            _ => lw.max(rw).or(context),
        };
        self.check_names(l)?;
        self.check_names(r)?;
        let width = width.ok_or_else(|| no_width(&spell(l)))?;
        let left = self.operand(l, op, width)?;
        let right = self.operand(r, op, width)?;
        let signed = left.signed || right.signed;
        let result = if op.is_modular() { width } else { 1 };
        let signed_result = op.is_modular() && signed;
        let node = Node::Binary(op, Box::new(left), Box::new(right));
        Ok(Expr::new(node, result, signed_result))
    }

    fn operand(&self, e: &Ast, op: Binary, width: usize) -> Result<Expr, Fault> {
        let value = self.lower(e, Some(width))?;
        if value.width == width {
            return Ok(value);
        }
        // Bits<N> + bool is the one operator Rust gives operands of different widths.
        if op == Binary::Add && value.width == 1 {
            return Ok(zero_extend(value, width));
        }
        Err(Fault::new(
            EmitErrorKind::Width,
            spell(e),
            format!("has {} bits beside an operand of {width}", value.width),
            "make the operands equally wide in Locals first",
        ))
    }

    /// A full-width product; rust-hdl types it as the sum of the operands' widths.
    fn product(&self, l: &Ast, r: &Ast) -> Result<Expr, Fault> {
        let (left, right) = (self.lower(l, None)?, self.lower(r, None)?);
        if left.signed != right.signed {
            return Err(Fault::new(
                EmitErrorKind::Signed,
                spell(l),
                "is multiplied by an operand of the other sign",
                "cast one of them into a Local first",
            ));
        }
        let (width, signed) = (left.width + right.width, left.signed);
        let left = self.resize(left, width, &spell(l))?;
        let right = self.resize(right, width, &spell(r))?;
        let node = Node::Binary(Binary::Mul, Box::new(left), Box::new(right));
        Ok(Expr::new(node, width, signed))
    }

    fn shift(&self, l: &Ast, op: Binary, r: &Ast, want: Option<usize>) -> Result<Expr, Fault> {
        let left = self.lower(l, want)?;
        if left.signed {
            return Err(Fault::new(
                EmitErrorKind::Signed,
                spell(l),
                "is signed and shifted, which rust-hdl gives no meaning",
                "take get_bits of it and sign-extend, or unsigned_cast it into a Local",
            ));
        }
        let right = match self.constant(r) {
            Some(amount) => {
                let amount = u128::try_from(amount)
                    .map_err(|_| unsupported(&spell(r), "is a negative shift", "shift the other way"))?;
                let amount = Number::from_u128(amount);
                let bits = amount.bit_len().max(1);
                Expr::new(Node::Number(amount), bits, false)
            }
            None => self.lower(r, None)?,
        };
        let (width, signed) = (left.width, left.signed);
        let node = Node::Binary(op, Box::new(left), Box::new(right));
        Ok(Expr::new(node, width, signed))
    }

    fn guard_compare(&self, l: &Ast, r: &Ast) -> Result<(), Fault> {
        let bare = |e: &Ast| self.constant(e).is_some();
        if (self.is_signed(l) && bare(r)) || (self.is_signed(r) && bare(l)) {
            return Err(Fault::new(
                EmitErrorKind::Signed,
                spell(if bare(r) { l } else { r }),
                "is signed and ordered against a bare literal",
                "compare with a Constant<Signed<N>>, or test the sign bit",
            ));
        }
        Ok(())
    }
}
