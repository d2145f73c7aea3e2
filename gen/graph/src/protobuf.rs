//! A bounds-checked reader of the Protocol Buffers wire format, for Caffe's weights and ONNX.
//!
//! Fields are visited in file order and nothing is copied; a nested message is read only when the
//! caller asks, to the depth the caller's code has, so a file cannot make the reader recurse.

use std::fmt;

/// What is wrong with the bytes, and where in the message that was being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Byte offset in the innermost message.
    pub at: usize,
    pub what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} of a message: {}", self.at, self.what)
    }
}

/// A field's value as the wire has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    /// A string, bytes, a message, or a packed list of scalars.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes of a length-delimited field; empty for a scalar.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// A string; bytes that are not UTF-8 read as the empty string.
    pub fn text(self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }

    /// A signed integer; 0 for anything but a varint.
    pub fn int(self) -> i64 {
        match self {
            Value::Varint(value) => value as i64,
            _ => 0,
        }
    }

    /// A `float`; 0 for anything else.
    pub fn float(self) -> f32 {
        match self {
            Value::Fixed32(bytes) => f32::from_le_bytes(bytes),
            _ => 0.0,
        }
    }

    /// Appends the field's integers, packed or single.
    ///
    /// # Errors
    /// A packed list that ends inside a number.
    pub fn push_ints(self, into: &mut Vec<i64>) -> Result<(), Damage> {
        match self {
            Value::Bytes(bytes) => {
                let mut reader = Message::new(bytes);
                while reader.at < bytes.len() {
                    into.push(reader.varint()? as i64);
                }
            }
            value => into.push(value.int()),
        }
        Ok(())
    }

    /// The little-endian bytes of the field's 4-byte scalars, packed or single.
    pub fn words(&self) -> &[u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            Value::Fixed32(bytes) => bytes,
            _ => &[],
        }
    }
}

/// The fields of one message, in file order: an iterator of `(number, value)`.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Message<'a> {
    pub fn new(bytes: &'a [u8]) -> Message<'a> {
        Message { bytes, at: 0 }
    }

    fn damage<T>(&self, what: &'static str) -> Result<T, Damage> {
        Err(Damage { at: self.at, what })
    }

    fn varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else {
                return self.damage("the number runs past the end");
            };
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        self.damage("a number of more than ten bytes")
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Damage> {
        match self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end)) {
            Some(slice) => {
                self.at += len;
                Ok(slice)
            }
            None => self.damage("the value runs past the end"),
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let slice = self.take(N)?;
        slice.try_into().or_else(|_| self.damage("the value runs past the end"))
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Damage> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed()?),
            2 => {
                let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Value::Bytes(self.take(len)?)
            }
            5 => Value::Fixed32(self.fixed()?),
            _ => return self.damage("a field of a kind the format no longer has"),
        };
        match tag >> 3 {
            0 => self.damage("field number 0"),
            number => Ok((number, value)),
        }
    }
}

impl<'a> Iterator for Message<'a> {
    type Item = Result<(u64, Value<'a>), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            // What follows damage has no known beginning.
            self.at = self.bytes.len();
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_reads_back() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 0, 0, 0x80, 0x3f, 0x21, 1, 0, 0, 0, 0, 0, 0, 0];
        let fields: Result<Vec<_>, _> = Message::new(&bytes).collect();
        let expected = vec![
            (1, Value::Varint(150)),
            (2, Value::Bytes(b"hi")),
            (3, Value::Fixed32([0, 0, 0x80, 0x3f])),
            (4, Value::Fixed64([1, 0, 0, 0, 0, 0, 0, 0])),
        ];
        assert_eq!(fields, Ok(expected));
        assert_eq!(Value::Fixed32([0, 0, 0x80, 0x3f]).float(), 1.0);
        let mut ints = Vec::new();
        Value::Bytes(&[1, 0x96, 1]).push_ints(&mut ints).expect("whole numbers");
        assert_eq!(ints, [1, 150]);
    }

    #[test]
    fn damage_ends_the_message_and_says_where() {
        for (bytes, expected) in [
            (&[0x08][..], "byte 1 of a message: the number runs past the end"),
            (&[0x12, 5, 1], "byte 2 of a message: the value runs past the end"),
            (
                &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                "byte 11 of a message: the value runs past the end",
            ),
            (&[0x0b], "byte 1 of a message: a field of a kind the format no longer has"),
            (&[0x00, 1], "byte 2 of a message: field number 0"),
            (&[0xff; 12], "byte 10 of a message: a number of more than ten bytes"),
        ] {
            let mut message = Message::new(bytes);
            assert_eq!(message.next().map(|field| field.map_err(|d| d.to_string())), Some(Err(expected.to_string())));
            assert_eq!(message.next(), None);
        }
    }
}
