//! Statements and expressions with every name resolved and every width explicit.
//!
//! The width of each node is the width Rust's types give it, and the operands of a binary node are
//! equally wide, so no rule of Verilog about contexts can change a value.

/// Index of a signal in its module's [`super::signals::Signals`].
pub(super) type SignalId = usize;

/// A constant range of bits of one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub signal: SignalId,
    pub low: usize,
    pub width: usize,
}

impl Range {
    pub fn end(&self) -> usize {
        self.low + self.width
    }

    pub fn overlaps(&self, other: &Range) -> bool {
        self.signal == other.signal && self.low < other.end() && other.low < self.end()
    }

    pub fn covers(&self, other: &Range) -> bool {
        self.signal == other.signal && self.low <= other.low && other.end() <= self.end()
    }
}

/// A number of unbounded size as lower-case hexadecimal digits, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number(String);

impl Number {
    pub fn from_hex(digits: &str) -> Self {
        let digits = digits.trim_start_matches('0').to_ascii_lowercase();
        Self(if digits.is_empty() { "0".into() } else { digits })
    }

    pub fn from_u128(value: u128) -> Self {
        Self(format!("{value:x}"))
    }

    pub fn digits(&self) -> &str {
        &self.0
    }

    /// How many bits the value needs; zero needs none.
    pub fn bit_len(&self) -> usize {
        let first = self.0.bytes().next().map_or(0, |b| match b {
            b'0' => 0,
            b'1' => 1,
            b'2' | b'3' => 2,
            b'4'..=b'7' => 3,
            _ => 4,
        });
        (self.0.len() - 1) * 4 + first
    }

    pub fn to_u128(&self) -> Option<u128> {
        u128::from_str_radix(&self.0, 16).ok()
    }

    /// The bits `low .. low + width`.
    pub fn slice(&self, low: usize, width: usize) -> Self {
        let nibble = |at: usize| -> u8 {
            let count = self.0.len();
            let byte = match count.checked_sub(at + 1) {
                Some(place) => self.0.as_bytes()[place],
                None => b'0',
            };
            (byte as char).to_digit(16).unwrap_or(0) as u8
        };
        let bit = |at: usize| nibble(at / 4) >> (at % 4) & 1;
        let digits: String = (0..width.div_ceil(4))
            .rev()
            .map(|digit| {
                let value = (0..4)
                    .filter(|k| digit * 4 + k < width)
                    .fold(0u32, |sum, k| sum | u32::from(bit(low + digit * 4 + k)) << k);
                char::from_digit(value, 16).unwrap_or('0')
            })
            .collect();
        Self::from_hex(&digits)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Negate,
    All,
    Any,
    Parity,
}

impl Unary {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Not => "~",
            Self::Negate => "-",
            Self::All => "&",
            Self::Any => "|",
            Self::Parity => "^",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    LogicalAnd,
    LogicalOr,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Binary {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
            Self::LogicalAnd => "&&",
            Self::LogicalOr => "||",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    pub fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul)
    }

    pub fn is_ordered(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }

    pub fn is_compare(self) -> bool {
        self.is_ordered() || matches!(self, Self::Eq | Self::Ne)
    }

    /// Whether the low bits of the result depend on the low bits of the operands only.
    pub fn is_modular(self) -> bool {
        self.is_arithmetic() || matches!(self, Self::And | Self::Or | Self::Xor)
    }
}

/// What an expression is made of.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Range(Range),
    /// `width` bits of the element `base` starting at the bit `index` says.
    Dynamic {
        base: Range,
        index: Box<Expr>,
    },
    Number(Number),
    /// A local parameter.
    Named(String),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    ZeroExtend(Box<Expr>),
    /// Of a range of one signal only, whose top bit can be named.
    SignExtend(Range),
}

/// An expression with the width and sign Rust gives it.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub node: Node,
    pub width: usize,
    pub signed: bool,
}

impl Expr {
    pub fn new(node: Node, width: usize, signed: bool) -> Self {
        Self { node, width, signed }
    }

    /// Calls `visit` with every range the expression reads.
    pub fn reads(&self, visit: &mut dyn FnMut(Range)) {
        match &self.node {
            Node::Range(range) | Node::SignExtend(range) => visit(*range),
            Node::Dynamic { base, index } => {
                visit(*base);
                index.reads(visit);
            }
            Node::Number(_) | Node::Named(_) => {}
            Node::Unary(_, inner) | Node::ZeroExtend(inner) => inner.reads(visit),
            Node::Binary(_, left, right) => {
                left.reads(visit);
                right.reads(visit);
            }
        }
    }

    /// Whether the text of the expression is a name, a part of one, or a constant.
    pub fn is_plain(&self) -> bool {
        matches!(self.node, Node::Range(_) | Node::Number(_) | Node::Named(_))
    }
}

/// What an assignment writes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The bits written, or with `index` the element of which one bit is written.
    pub range: Range,
    pub index: Option<Expr>,
}

/// One arm of a case; no label is the default.
#[derive(Clone, Debug)]
pub(super) struct Arm {
    pub label: Option<String>,
    /// What the arm stands for where the label does not say.
    pub note: Option<String>,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Debug)]
pub(super) enum Stmt {
    Assign { target: Target, value: Expr },
    If { test: Expr, then: Vec<Stmt>, otherwise: Vec<Stmt> },
    Case { subject: Expr, arms: Vec<Arm> },
    Comment(String),
}

impl Stmt {
    /// Calls `visit` with every range the statement reads.
    pub fn reads(&self, visit: &mut dyn FnMut(Range)) {
        match self {
            Stmt::Assign { target, value } => {
                value.reads(visit);
                if let Some(index) = &target.index {
                    index.reads(visit);
                    visit(target.range);
                }
            }
            Stmt::If { test, then, otherwise } => {
                test.reads(visit);
                then.iter().chain(otherwise).for_each(|s| s.reads(visit));
            }
            Stmt::Case { subject, arms } => {
                subject.reads(visit);
                arms.iter().flat_map(|a| &a.body).for_each(|s| s.reads(visit));
            }
            Stmt::Comment(_) => {}
        }
    }

    /// Calls `visit` with every range the statement may write.
    pub fn writes(&self, visit: &mut dyn FnMut(Range)) {
        match self {
            Stmt::Assign { target, .. } => visit(target.range),
            Stmt::If { then, otherwise, .. } => {
                then.iter().chain(otherwise).for_each(|s| s.writes(visit));
            }
            Stmt::Case { arms, .. } => {
                arms.iter().flat_map(|a| &a.body).for_each(|s| s.writes(visit));
            }
            Stmt::Comment(_) => {}
        }
    }
}
