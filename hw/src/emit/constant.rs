//! Constants, operators and spellings of rust-hdl's expressions.

use rust_hdl::core::ast::{VerilogExpression as Ast, VerilogOp, VerilogOpUnary};
use rust_hdl::core::type_descriptor::TypeKind;

use super::error::{EmitErrorKind, Fault};
use super::ir::{Binary, Expr, Node, Number};
use super::signals::number_of;

pub(super) fn bits_of(ty: &TypeKind) -> usize {
    match ty {
        TypeKind::Bits(bits) | TypeKind::Signed(bits) => *bits,
        TypeKind::Enum(states) => rust_hdl::prelude::clog2(states.len()),
        TypeKind::Composite(fields) => fields.iter().map(|f| bits_of(&f.kind.kind)).sum(),
    }
}

pub(super) fn fold(left: i128, op: Binary, right: i128) -> Option<i128> {
    match op {
        Binary::Add => left.checked_add(right),
        Binary::Sub => left.checked_sub(right),
        Binary::Mul => left.checked_mul(right),
        Binary::And => Some(left & right),
        Binary::Or => Some(left | right),
        Binary::Xor => Some(left ^ right),
        Binary::Eq => Some((left == right).into()),
        Binary::Ne => Some((left != right).into()),
        Binary::Lt => Some((left < right).into()),
        Binary::Le => Some((left <= right).into()),
        Binary::Gt => Some((left > right).into()),
        Binary::Ge => Some((left >= right).into()),
        Binary::LogicalAnd => Some((left != 0 && right != 0).into()),
        Binary::LogicalOr => Some((left != 0 || right != 0).into()),
        Binary::Shl | Binary::Shr => {
            let amount = u32::try_from(right).ok().filter(|&a| a < 64)?;
            if op == Binary::Shr {
                Some(left >> amount)
            } else {
                left.checked_mul(1i128 << amount)
            }
        }
    }
}

pub(super) fn binary_of(op: &VerilogOp) -> Binary {
    match op {
        VerilogOp::Add => Binary::Add,
        VerilogOp::Sub => Binary::Sub,
        VerilogOp::Mul => Binary::Mul,
        VerilogOp::LogicalAnd => Binary::LogicalAnd,
        VerilogOp::LogicalOr => Binary::LogicalOr,
        VerilogOp::BitXor => Binary::Xor,
        VerilogOp::BitAnd => Binary::And,
        VerilogOp::BitOr => Binary::Or,
        VerilogOp::Shl => Binary::Shl,
        VerilogOp::Shr => Binary::Shr,
        VerilogOp::Eq => Binary::Eq,
        VerilogOp::Lt => Binary::Lt,
        VerilogOp::Le => Binary::Le,
        VerilogOp::Ne => Binary::Ne,
        VerilogOp::Ge => Binary::Ge,
        VerilogOp::Gt => Binary::Gt,
    }
}

pub(super) fn has_arithmetic(e: &Ast) -> bool {
    match e {
        Ast::Binary(left, op, right) => binary_of(op).is_arithmetic() || has_arithmetic(left) || has_arithmetic(right),
        Ast::Unary(VerilogOpUnary::Neg, _) => true,
        Ast::Unary(_, inner)
        | Ast::Cast(inner, _)
        | Ast::Signed(inner)
        | Ast::Unsigned(inner)
        | Ast::Paren(inner)
        | Ast::Index(inner, _)
        | Ast::Slice(inner, ..) => has_arithmetic(inner),
        Ast::IndexReplace(base, _, value) => has_arithmetic(base) || has_arithmetic(value),
        Ast::Signal(_) | Ast::Literal(_) => false,
    }
}

/// A constant of `want` bits; negative ones in two's complement.
pub(super) fn number(value: i128, want: Option<usize>, name: &str) -> Result<Expr, Fault> {
    let width = want.ok_or_else(|| no_width(name))?;
    if value >= 0 {
        return fitting(Number::from_u128(value.unsigned_abs()), width, name);
    }
    let fits = width >= 127 || value >= -(1i128 << (width - 1));
    if !fits || width > 128 {
        return Err(does_not_fit(name, width));
    }
    let bits = Number::from_u128(value as u128).slice(0, width);
    Ok(Expr::new(Node::Number(bits), width, true))
}

pub(super) fn fitting(value: Number, width: usize, name: &str) -> Result<Expr, Fault> {
    if value.bit_len() > width {
        return Err(does_not_fit(name, width));
    }
    Ok(Expr::new(Node::Number(value), width, false))
}

fn does_not_fit(name: &str, width: usize) -> Fault {
    Fault::new(
        EmitErrorKind::Width,
        name,
        format!("does not fit {width} bits"),
        "use a wider signal or a smaller number",
    )
}

pub(super) fn no_width(name: &str) -> Fault {
    Fault::new(
        EmitErrorKind::Width,
        name,
        "has no width the tree tells here",
        "assign it to a Local of the width meant first",
    )
}

pub(super) fn unsupported(name: &str, what: &str, way_out: &str) -> Fault {
    Fault::new(EmitErrorKind::Unsupported, name, what, way_out)
}

/// The expression in few words, for a message.
pub(super) fn spell(e: &Ast) -> String {
    match e {
        Ast::Signal(name) => name.replace('$', "."),
        Ast::Literal(literal) => {
            number_of(literal).and_then(|n| n.to_u128()).map_or_else(|| format!("{literal:x}"), |n| n.to_string())
        }
        Ast::Cast(inner, width) => format!("bits::<{width}>({})", spell(inner)),
        Ast::Signed(inner) => format!("signed({})", spell(inner)),
        Ast::Unsigned(inner) => format!("unsigned({})", spell(inner)),
        Ast::Paren(inner) => format!("({})", spell(inner)),
        Ast::Binary(left, op, right) => {
            format!("{} {} {}", spell(left), binary_of(op).symbol(), spell(right))
        }
        Ast::Unary(_, inner) => format!("op {}", spell(inner)),
        Ast::Index(base, at) => format!("{}[{}]", spell(base), spell(at)),
        Ast::Slice(base, width, at) => {
            format!("{}.get_bits::<{width}>({})", spell(base), spell(at))
        }
        Ast::IndexReplace(base, at, _) => format!("{}.replace_bit({}, ..)", spell(base), spell(at)),
    }
}
