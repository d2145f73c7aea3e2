//! A FlatBuffers writer for tests: parents before children, nothing shared, nothing aligned.

/// A value of a table's field.
#[derive(Clone)]
pub enum Value {
    /// A scalar's little-endian bytes.
    Scalar(Vec<u8>),
    /// Fields by their number.
    Table(Vec<(usize, Value)>),
    Tables(Vec<Value>),
    /// Element count and little-endian bytes.
    Vector(usize, Vec<u8>),
}

pub fn byte(value: u8) -> Value {
    Value::Scalar(vec![value])
}

pub fn int(value: i32) -> Value {
    Value::Scalar(value.to_le_bytes().to_vec())
}

pub fn float(value: f32) -> Value {
    Value::Scalar(value.to_le_bytes().to_vec())
}

pub fn bytes(values: &[u8]) -> Value {
    Value::Vector(values.len(), values.to_vec())
}

pub fn ints(values: &[i32]) -> Value {
    Value::Vector(values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

pub fn longs(values: &[i64]) -> Value {
    Value::Vector(values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

pub fn floats(values: &[f32]) -> Value {
    Value::Vector(values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

/// A whole file with `root` as its root table.
pub fn file(identifier: &[u8; 4], root: &Value) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(identifier);
    let at = write(&mut out, root);
    out[..4].copy_from_slice(&(at as u32).to_le_bytes());
    out
}

fn patch(out: &mut [u8], at: usize, target: usize) {
    out[at..at + 4].copy_from_slice(&((target - at) as u32).to_le_bytes());
}

/// Appends `value`; returns where it begins.
fn write(out: &mut Vec<u8>, value: &Value) -> usize {
    match value {
        Value::Scalar(_) => unreachable!("scalars stand inside their table"),
        Value::Table(fields) => table(out, fields),
        Value::Tables(tables) => {
            let at = out.len();
            out.extend((tables.len() as u32).to_le_bytes());
            out.resize(at + 4 + 4 * tables.len(), 0);
            for (index, value) in tables.iter().enumerate() {
                let target = write(out, value);
                patch(out, at + 4 + 4 * index, target);
            }
            at
        }
        Value::Vector(count, bytes) => {
            let at = out.len();
            out.extend((*count as u32).to_le_bytes());
            out.extend(bytes);
            at
        }
    }
}

fn table(out: &mut Vec<u8>, fields: &[(usize, Value)]) -> usize {
    let slots = fields.iter().map(|(slot, _)| slot + 1).max().unwrap_or(0);
    let vtable = out.len();
    out.resize(vtable + 4 + 2 * slots, 0);
    let at = out.len();
    out.extend(((at - vtable) as i32).to_le_bytes());
    let mut children = Vec::new();
    for (slot, value) in fields {
        let offset = (out.len() - at) as u16;
        out[vtable + 4 + 2 * slot..][..2].copy_from_slice(&offset.to_le_bytes());
        match value {
            Value::Scalar(bytes) => out.extend(bytes),
            child => {
                children.push((out.len(), child));
                out.extend([0; 4]);
            }
        }
    }
    let (vtable_size, object_size) = ((at - vtable) as u16, (out.len() - at) as u16);
    out[vtable..][..2].copy_from_slice(&vtable_size.to_le_bytes());
    out[vtable + 2..][..2].copy_from_slice(&object_size.to_le_bytes());
    for (field, child) in children {
        let target = write(out, child);
        patch(out, field, target);
    }
    at
}
