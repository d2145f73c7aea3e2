//! A bounds-checked reader of the FlatBuffers wire format: tables found through vtables, vectors,
//! strings. Nothing is copied and nothing is trusted; every read is checked against the file.
//!
//! Offsets to tables, vectors and strings are unsigned and relative to where they stand, so a walk
//! only moves forward and a cycle cannot be written; the reader itself never recurses.

use std::fmt;

/// What is wrong with the bytes, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Byte offset in the file at which the read was tried.
    pub at: usize,
    pub what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.at, self.what)
    }
}

const PAST_END: &str = "the value runs past the end of the file";

/// The whole file.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    fn array<const N: usize>(self, at: usize) -> Result<[u8; N], Damage> {
        at.checked_add(N)
            .and_then(|end| self.0.get(at..end))
            .and_then(|slice| slice.try_into().ok())
            .ok_or(Damage { at, what: PAST_END })
    }

    /// Follows the unsigned offset stored at `at`.
    fn follow(self, at: usize) -> Result<usize, Damage> {
        let offset = u32::from_le_bytes(self.array(at)?) as usize;
        if offset == 0 {
            return Err(Damage { at, what: "an offset of zero points at itself" });
        }
        at.checked_add(offset)
            .filter(|&target| target < self.0.len())
            .ok_or(Damage { at, what: "the offset points past the end of the file" })
    }

    /// The file's root table.
    pub fn root(self) -> Result<Table<'a>, Damage> {
        Table::at(self, self.follow(0)?)
    }

    /// The four-character file identifier that follows the root offset, when the file is long enough.
    pub fn identifier(self) -> Option<[u8; 4]> {
        self.array(4).ok()
    }
}

/// A fixed-size value a table field or vector element may hold.
pub trait Scalar: Sized {
    const SIZE: usize;
    fn read(bytes: Bytes<'_>, at: usize) -> Result<Self, Damage>;
}

macro_rules! scalar {
    ($($type:ty),*) => {$(
        impl Scalar for $type {
            const SIZE: usize = std::mem::size_of::<$type>();
            fn read(bytes: Bytes<'_>, at: usize) -> Result<Self, Damage> {
                bytes.array(at).map(<$type>::from_le_bytes)
            }
        }
    )*};
}
scalar!(i8, u8, i32, u32, i64, u64, f32);

/// A table: fields looked up through its vtable.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    bytes: Bytes<'a>,
    at: usize,
    vtable: usize,
    vtable_size: usize,
    object_size: usize,
}

/// Bytes of a vtable's own two sizes, and of the offset each table begins with.
const HEADER: usize = 4;

impl<'a> Table<'a> {
    fn at(bytes: Bytes<'a>, at: usize) -> Result<Table<'a>, Damage> {
        let back = i64::from(i32::from_le_bytes(bytes.array(at)?));
        let vtable = usize::try_from(at as i64 - back)
            .map_err(|_| Damage { at, what: "the table's vtable lies before the file" })?;
        let vtable_size = usize::from(u16::from_le_bytes(bytes.array(vtable)?));
        let object_size = usize::from(u16::from_le_bytes(bytes.array(vtable + 2)?));
        if vtable_size < HEADER || vtable_size % 2 != 0 || object_size < HEADER {
            return Err(Damage { at: vtable, what: "the vtable's sizes are impossible" });
        }
        if vtable + vtable_size > bytes.0.len() || at + object_size > bytes.0.len() {
            return Err(Damage { at, what: PAST_END });
        }
        Ok(Table { bytes, at, vtable, vtable_size, object_size })
    }

    /// Where field number `slot` (in schema order, from 0) of `size` bytes stands; `None` when absent.
    fn field(&self, slot: usize, size: usize) -> Result<Option<usize>, Damage> {
        let entry = HEADER + 2 * slot;
        if entry + 2 > self.vtable_size {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(self.bytes.array(self.vtable + entry)?));
        if offset == 0 {
            return Ok(None);
        }
        if offset < HEADER || offset + size > self.object_size {
            return Err(Damage { at: self.vtable + entry, what: "the field lies outside its table" });
        }
        Ok(Some(self.at + offset))
    }

    /// A scalar field, or `default` when absent.
    pub fn scalar<T: Scalar>(&self, slot: usize, default: T) -> Result<T, Damage> {
        match self.field(slot, T::SIZE)? {
            Some(at) => T::read(self.bytes, at),
            None => Ok(default),
        }
    }

    /// A table field.
    pub fn table(&self, slot: usize) -> Result<Option<Table<'a>>, Damage> {
        match self.field(slot, 4)? {
            Some(at) => Table::at(self.bytes, self.bytes.follow(at)?).map(Some),
            None => Ok(None),
        }
    }

    fn raw_vector(&self, slot: usize, size: usize) -> Result<Option<(usize, usize)>, Damage> {
        let Some(at) = self.field(slot, 4)? else {
            return Ok(None);
        };
        let header = self.bytes.follow(at)?;
        let len = u32::from_le_bytes(self.bytes.array(header)?) as usize;
        let start = header + 4;
        len.checked_mul(size)
            .and_then(|bytes| start.checked_add(bytes))
            .filter(|&end| end <= self.bytes.0.len())
            .ok_or(Damage { at: header, what: "the vector is longer than the file" })?;
        Ok(Some((start, len)))
    }

    /// A vector of scalars; absent reads as empty.
    pub fn vector<T: Scalar>(&self, slot: usize) -> Result<Vector<'a, T>, Damage> {
        let (start, len) = self.raw_vector(slot, T::SIZE)?.unwrap_or((0, 0));
        Ok(Vector { bytes: self.bytes, start, len, element: std::marker::PhantomData })
    }

    /// A vector of tables; absent reads as empty.
    pub fn tables(&self, slot: usize) -> Result<Tables<'a>, Damage> {
        let (start, len) = self.raw_vector(slot, 4)?.unwrap_or((0, 0));
        Ok(Tables { bytes: self.bytes, start, len })
    }

    /// A vector of bytes or a string's bytes; absent reads as empty.
    pub fn byte_slice(&self, slot: usize) -> Result<&'a [u8], Damage> {
        let (start, len) = self.raw_vector(slot, 1)?.unwrap_or((0, 0));
        self.bytes.0.get(start..start + len).ok_or(Damage { at: start, what: PAST_END })
    }
}

/// A vector of scalars, already known to lie inside the file.
#[derive(Debug, Clone, Copy)]
pub struct Vector<'a, T> {
    bytes: Bytes<'a>,
    start: usize,
    len: usize,
    element: std::marker::PhantomData<T>,
}

impl<T: Scalar> Vector<'_, T> {
    /// A vector of nothing, for a field whose table is absent.
    pub fn empty() -> Self {
        Vector { bytes: Bytes(&[]), start: 0, len: 0, element: std::marker::PhantomData }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Element `index`; `None` past the end.
    pub fn get(&self, index: usize) -> Option<T> {
        (index < self.len).then(|| T::read(self.bytes, self.start + index * T::SIZE).ok()).flatten()
    }

    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.len).filter_map(|index| self.get(index))
    }
}

/// A vector of tables, whose offsets are known to lie inside the file.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    bytes: Bytes<'a>,
    start: usize,
    len: usize,
}

impl<'a> Tables<'a> {
    pub fn len(&self) -> usize {
        self.len
    }

    /// Table `index`; `None` past the end.
    pub fn get(&self, index: usize) -> Option<Result<Table<'a>, Damage>> {
        let at = self.start + 4 * index;
        (index < self.len).then(|| Table::at(self.bytes, self.bytes.follow(at)?))
    }

    pub fn iter(self) -> impl Iterator<Item = Result<Table<'a>, Damage>> {
        (0..self.len).filter_map(move |index| self.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// vtable at 8 (three slots, the second absent), table at 18, u32 vector at 30.
    fn sample() -> Vec<u8> {
        let mut b = Vec::new();
        b.extend(18u32.to_le_bytes());
        b.extend(*b"TEST");
        b.extend([10u16, 12, 8, 0, 4].map(u16::to_le_bytes).concat());
        b.extend(10i32.to_le_bytes());
        b.extend(8u32.to_le_bytes());
        b.extend(7i32.to_le_bytes());
        b.extend(2u32.to_le_bytes());
        b.extend([5i32, -6].map(i32::to_le_bytes).concat());
        b
    }

    #[test]
    fn fields_vectors_and_defaults_read_back() {
        let bytes = sample();
        let table = Bytes(&bytes).root().expect("a sound file");
        assert_eq!(table.scalar::<i32>(0, 1), Ok(7));
        assert_eq!(table.scalar::<i32>(1, 1), Ok(1));
        assert_eq!(table.scalar::<i32>(9, 1), Ok(1));
        let vector = table.vector::<i32>(2).expect("a sound vector");
        assert_eq!(vector.iter().collect::<Vec<_>>(), [5, -6]);
        assert_eq!(vector.get(2), None);
    }

    #[test]
    fn damage_is_named_where_it_stands() {
        // (byte to change, new value, what the reader must say)
        let cases = [
            (0, 0, "byte 0: an offset of zero points at itself"),
            (0, 200, "byte 0: the offset points past the end of the file"),
            (8, 3, "byte 8: the vtable's sizes are impossible"),
            (8, 250, "byte 18: the value runs past the end of the file"),
            (12, 200, "byte 12: the field lies outside its table"),
            (16, 1, "byte 16: the field lies outside its table"),
            (18, 100, "byte 18: the table's vtable lies before the file"),
            (30, 3, "byte 30: the vector is longer than the file"),
        ];
        for (at, value, expected) in cases {
            let mut bytes = sample();
            bytes[at] = value;
            let read = Bytes(&bytes).root().and_then(|table| {
                table.scalar::<i32>(0, 0)?;
                table.vector::<i32>(2).map(|v| v.len())
            });
            assert_eq!(read.map_err(|d| d.to_string()), Err(expected.to_string()));
        }
    }
}
