//! Narrowing, widening and parts of expressions.

use rust_hdl::core::ast::VerilogExpression as Ast;

use super::constant::{binary_of, no_width, spell, unsupported};
use super::error::{EmitErrorKind, Fault};
use super::expr::Translator;
use super::ir::{Binary, Expr, Node, Number, Range};

/// The same value in more bits.
pub(super) fn zero_extend(value: Expr, width: usize) -> Expr {
    if value.width == width {
        return value;
    }
    match value.node {
        Node::Number(_) => Expr { width, ..value },
        _ => Expr::new(Node::ZeroExtend(Box::new(value)), width, false),
    }
}

/// The low `width` bits of an expression, by narrowing what it is made of.
pub(super) fn narrow(value: Expr, width: usize, name: &str) -> Result<Expr, Fault> {
    if value.width == width {
        return Ok(value);
    }
    let signed = value.signed;
    let node = match value.node {
        Node::Range(range) => Node::Range(Range { width, ..range }),
        Node::SignExtend(range) if width > range.width => Node::SignExtend(range),
        Node::SignExtend(range) => Node::Range(Range { width, ..range }),
        Node::Number(number) => Node::Number(number.slice(0, width)),
        Node::ZeroExtend(inner) if inner.width >= width => return narrow(*inner, width, name),
        Node::ZeroExtend(inner) => Node::ZeroExtend(inner),
        Node::Unary(op, inner) => Node::Unary(op, Box::new(narrow(*inner, width, name)?)),
        Node::Binary(op, left, right) if op.is_modular() => {
            Node::Binary(op, Box::new(narrow(*left, width, name)?), Box::new(narrow(*right, width, name)?))
        }
        Node::Binary(Binary::Shl, left, right) => {
            Node::Binary(Binary::Shl, Box::new(narrow(*left, width, name)?), right)
        }
        Node::Dynamic { .. } | Node::Named(_) | Node::Binary(..) => {
            return Err(Fault::new(
                EmitErrorKind::Unsupported,
                name,
                "is an expression cut to fewer bits",
                "assign it to a Local of its own width first",
            ))
        }
    };
    Ok(Expr::new(node, width, signed))
}

impl Translator<'_> {
    /// `width` bits of `base` from the bit `offset`.
    pub fn part(&self, base: &Ast, width: usize, offset: &Ast, signed: bool) -> Result<Expr, Fault> {
        let range = self.plain_base(base)?;
        if let Some(low) = self.constant(offset) {
            let low =
                usize::try_from(low).ok().filter(|low| low.checked_add(width).is_some_and(|end| end <= range.width));
            let low = low.ok_or_else(|| beyond(base, range.width))?;
            let part = Range { signal: range.signal, low: range.low + low, width };
            return Ok(Expr::new(Node::Range(part), width, signed));
        }
        let index = self.index(offset, range.width, width, base)?;
        let node = Node::Dynamic { base: range, index: Box::new(index) };
        Ok(Expr::new(node, width, signed))
    }

    /// The bits of a base that is a signal, or a constant part of one.
    fn plain_base(&self, base: &Ast) -> Result<Range, Fault> {
        match base {
            Ast::Signal(name) => self.range(name),
            Ast::Paren(inner) => self.plain_base(inner),
            Ast::Slice(inner, width, offset) => match self.part(inner, *width, offset, false)?.node {
                Node::Range(range) => Ok(range),
                _ => Err(part_of_expression(base)),
            },
            Ast::Signed(inner) if !self.changes_width(inner) => self.plain_base(inner),
            Ast::Unsigned(inner) => self.plain_base(inner),
            _ => Err(part_of_expression(base)),
        }
    }

    fn changes_width(&self, inner: &Ast) -> bool {
        self.lower(inner, None).map_or(true, |value| value.signed)
    }

    /// An index that provably stays inside `bits`, in exactly the bits it needs.
    pub fn index(&self, e: &Ast, bits: usize, width: usize, base: &Ast) -> Result<Expr, Fault> {
        self.check_names(e)?;
        let highest = self.highest(e).ok_or_else(|| no_width(&spell(e)))?;
        let inside = highest.checked_add(width as u128).is_some_and(|end| end <= bits as u128);
        if !inside {
            return Err(Fault::new(
                EmitErrorKind::Width,
                spell(e),
                format!("may reach bit {highest} of the {bits} bits of {}", spell(base)),
                "shift into a Local and take its low bits, or narrow the index",
            ));
        }
        let needed = Number::from_u128(highest).bit_len().max(1);
        self.index_of_width(e, needed)
    }

    /// The highest value of an index made of signals, numbers, sums, products and shifts.
    fn highest(&self, e: &Ast) -> Option<u128> {
        if let Some(value) = self.constant(e) {
            return u128::try_from(value).ok();
        }
        match e {
            Ast::Paren(inner) => self.highest(inner),
            Ast::Binary(left, op, right) => {
                let (left, right) = (self.highest(left)?, self.highest(right)?);
                match binary_of(op) {
                    Binary::Add => left.checked_add(right),
                    Binary::Mul => left.checked_mul(right),
                    _ => None,
                }
            }
            _ => {
                let value = self.lower(e, None).ok().filter(|v| !v.signed)?;
                (value.width < 64).then(|| (1u128 << value.width) - 1)
            }
        }
    }

    fn index_of_width(&self, e: &Ast, width: usize) -> Result<Expr, Fault> {
        match e {
            _ if self.constant(e).is_some() => self.lower(e, Some(width)),
            Ast::Paren(inner) => self.index_of_width(inner, width),
            Ast::Binary(left, op, right) => {
                let left = Box::new(self.index_of_width(left, width)?);
                let right = Box::new(self.index_of_width(right, width)?);
                Ok(Expr::new(Node::Binary(binary_of(op), left, right), width, false))
            }
            _ => {
                let value = self.lower(e, None)?;
                Ok(zero_extend(value, width))
            }
        }
    }

    /// `replace_bit` as a value: the bit masked out and the new one put in.
    pub fn replace_bit(&self, base: &Ast, index: &Ast, value: &Ast) -> Result<Expr, Fault> {
        let whole = self.lower(base, None)?;
        let (width, signed) = (whole.width, whole.signed);
        let at = match self.constant(index) {
            Some(at) => {
                let at = u128::try_from(at).ok().filter(|&at| at < width as u128).ok_or_else(|| beyond(base, width))?;
                let at = Number::from_u128(at);
                let bits = at.bit_len().max(1);
                Expr::new(Node::Number(at), bits, false)
            }
            None => self.index(index, width, 1, base)?,
        };
        let bit = zero_extend(self.lower(value, Some(1))?, width);
        let one = Expr::new(Node::Number(Number::from_u128(1)), width, false);
        let of = |op, l: Expr, r: Expr| Expr::new(Node::Binary(op, Box::new(l), Box::new(r)), width, signed);
        let place = of(Binary::Shl, one, at.clone());
        let hole = Expr::new(Node::Unary(super::ir::Unary::Not, Box::new(place)), width, false);
        let kept = of(Binary::And, whole, hole);
        Ok(of(Binary::Or, kept, of(Binary::Shl, bit, at)))
    }
}

fn beyond(base: &Ast, width: usize) -> Fault {
    Fault::new(
        EmitErrorKind::Width,
        spell(base),
        format!("is read beyond its {width} bits"),
        "take bits inside the signal, or widen it first",
    )
}

fn part_of_expression(base: &Ast) -> Fault {
    unsupported(
        &spell(base),
        "is an expression of which bits are taken",
        "assign it to a Local first, then take the bits",
    )
}
