//! The value of index expressions such as `2 * (i + 1) % x.len()`.

use super::names::LoopEnv;

/// A recursive-descent evaluator of index expressions.
pub(super) struct Evaluator<'a> {
    text: &'a [u8],
    at: usize,
    env: &'a LoopEnv,
    length: &'a dyn Fn(&str) -> Option<usize>,
}

impl<'a> Evaluator<'a> {
    /// The value of the whole text; none when it is no index expression.
    pub fn run(text: &'a str, env: &'a LoopEnv, length: &'a dyn Fn(&str) -> Option<usize>) -> Option<i128> {
        let mut this = Self { text: text.as_bytes(), at: 0, env, length };
        let value = this.sum()?;
        (this.peek().is_none()).then_some(value)
    }

    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn sum(&mut self) -> Option<i128> {
        let mut value = self.product()?;
        while let Some(op @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            let right = self.product()?;
            value = match op {
                b'+' => value.checked_add(right)?,
                _ => value.checked_sub(right)?,
            };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<i128> {
        let mut value = self.atom()?;
        while let Some(op @ (b'*' | b'/' | b'%')) = self.peek() {
            self.at += 1;
            let right = self.atom()?;
            value = match op {
                b'*' => value.checked_mul(right)?,
                b'/' => value.checked_div(right)?,
                _ => value.checked_rem(right)?,
            };
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<i128> {
        match self.peek()? {
            b'(' => {
                self.at += 1;
                let value = self.sum()?;
                (self.peek()? == b')').then_some(())?;
                self.at += 1;
                Some(value)
            }
            b'-' => {
                self.at += 1;
                self.atom()?.checked_neg()
            }
            b'0'..=b'9' => parse_integer(self.word()),
            _ => self.name(),
        }
    }

    fn word(&mut self) -> &'a str {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')) {
            self.at += 1;
        }
        std::str::from_utf8(&self.text[start..self.at]).unwrap_or("")
    }

    fn name(&mut self) -> Option<i128> {
        let word = self.word();
        if let Some(base) = word.strip_suffix("$len") {
            (self.text.get(self.at..self.at + 2)? == b"()").then_some(())?;
            self.at += 2;
            return i128::try_from((self.length)(base)?).ok();
        }
        let bound = self.env.iter().rev().find(|(name, _)| name == word);
        bound.map(|(_, value)| *value)
    }
}

/// A Rust integer literal, with its separators and type suffix.
pub(super) fn parse_integer(text: &str) -> Option<i128> {
    const SUFFIXES: &[&str] = &["usize", "isize", "u128", "i128", "u64", "i64", "u32", "i32", "u16", "i16", "u8", "i8"];
    let clean = text.replace('_', "");
    let digits = SUFFIXES.iter().find_map(|suffix| clean.strip_suffix(suffix)).unwrap_or(&clean);
    match digits.get(..2) {
        Some("0x") => i128::from_str_radix(&digits[2..], 16).ok(),
        Some("0b") => i128::from_str_radix(&digits[2..], 2).ok(),
        Some("0o") => i128::from_str_radix(&digits[2..], 8).ok(),
        _ => digits.parse().ok(),
    }
}
