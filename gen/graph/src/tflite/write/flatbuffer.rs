//! A small flatbuffer writer: a tree of tables, vectors and strings becomes bytes.
//!
//! Parents are written before their children, so every offset points forward, as the format wants.
//! Only what a model file needs is here: no structs, no sharing, no 8-byte scalars in tables.

/// The value of one table field.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// `byte`, `ubyte`, `bool` and enums of those.
    Byte(u8),
    /// `int`, and `uint` as its bits.
    Int(i32),
    Float(f32),
    /// A string, vector or table of its own.
    Child(Node),
}

/// Anything that is reached through an offset.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Fields by their id in the schema; an absent id takes the schema's default.
    Table(Vec<(u16, Field)>),
    /// Vector of tables or strings.
    Vector(Vec<Node>),
    Ints(Vec<i32>),
    Longs(Vec<i64>),
    Floats(Vec<f32>),
    /// Vector of bytes whose first element lies at a multiple of 16.
    Bytes(Vec<u8>),
    Text(String),
}

/// Alignment of [`Node::Bytes`].
const BYTES_ALIGNMENT: usize = 16;

/// The file whose root is `root`, with the schema's four-letter file identifier.
///
/// Vectors and files above 2 GiB are not representable in the format; lengths are cut to 32 bits.
pub fn finish(root: &Node, identifier: &[u8; 4]) -> Vec<u8> {
    let mut file = vec![0; 4];
    file.extend(identifier);
    let at = write(&mut file, root);
    patch(&mut file, 0, at);
    file
}

/// Appends `node` and returns its position.
fn write(file: &mut Vec<u8>, node: &Node) -> usize {
    match node {
        Node::Table(fields) => write_table(file, fields),
        Node::Vector(items) => write_nodes(file, items),
        Node::Ints(v) => write_scalars(file, v.len(), 4, v.iter().flat_map(|x| x.to_le_bytes())),
        Node::Longs(v) => write_scalars(file, v.len(), 8, v.iter().flat_map(|x| x.to_le_bytes())),
        Node::Floats(v) => write_scalars(file, v.len(), 4, v.iter().flat_map(|x| x.to_le_bytes())),
        Node::Bytes(v) => write_scalars(file, v.len(), BYTES_ALIGNMENT, v.iter().copied()),
        Node::Text(text) => {
            let at = write_scalars(file, text.len(), 4, text.bytes());
            file.push(0);
            at
        }
    }
}

/// A length, then `bytes` starting at a multiple of `alignment`.
fn write_scalars(file: &mut Vec<u8>, count: usize, alignment: usize, bytes: impl Iterator<Item = u8>) -> usize {
    while (file.len() + 4) % alignment != 0 {
        file.push(0);
    }
    let at = file.len();
    file.extend((count as u32).to_le_bytes());
    file.extend(bytes);
    at
}

fn write_nodes(file: &mut Vec<u8>, items: &[Node]) -> usize {
    let at = write_scalars(file, items.len(), 4, items.iter().flat_map(|_| [0; 4]));
    for (index, item) in items.iter().enumerate() {
        let child = write(file, item);
        patch(file, at + 4 + 4 * index, child);
    }
    at
}

/// A vtable (size of itself, size of the table, place of each field or 0), then the table (distance
/// back to the vtable, then four-byte fields before one-byte ones so that none needs padding).
fn write_table(file: &mut Vec<u8>, fields: &[(u16, Field)]) -> usize {
    let ids = fields.iter().map(|&(id, _)| usize::from(id) + 1).max().unwrap_or(0);
    let wide = fields.iter().filter(|(_, f)| !matches!(f, Field::Byte(_))).count();
    let table_len = 4 + 4 * wide + (fields.len() - wide);
    let vtable_len = 4 + 2 * ids;
    while (file.len() + vtable_len) % 4 != 0 {
        file.push(0);
    }
    let at = file.len() + vtable_len;
    let (mut next_wide, mut next_byte) = (4, 4 + 4 * wide);
    let mut places = vec![0u16; ids];
    let mut body = vec![0u8; table_len];
    let mut children = Vec::new();
    body[..4].copy_from_slice(&(vtable_len as i32).to_le_bytes());
    for (id, field) in fields {
        let next = if matches!(field, Field::Byte(_)) { &mut next_byte } else { &mut next_wide };
        let place = *next;
        places[usize::from(*id)] = place as u16;
        match field {
            Field::Byte(value) => body[place] = *value,
            Field::Int(value) => body[place..place + 4].copy_from_slice(&value.to_le_bytes()),
            Field::Float(value) => body[place..place + 4].copy_from_slice(&value.to_le_bytes()),
            Field::Child(node) => children.push((at + place, node)),
        }
        *next += if matches!(field, Field::Byte(_)) { 1 } else { 4 };
    }
    file.extend((vtable_len as u16).to_le_bytes());
    file.extend((table_len as u16).to_le_bytes());
    places.iter().for_each(|p| file.extend(p.to_le_bytes()));
    file.extend(body);
    for (place, node) in children {
        let child = write(file, node);
        patch(file, place, child);
    }
    at
}

/// Makes the offset at `place` point to `target`, which lies behind it.
fn patch(file: &mut [u8], place: usize, target: usize) {
    let offset = (target - place) as u32;
    file[place..place + 4].copy_from_slice(&offset.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_laid_out_as_the_format_says() {
        let root =
            Node::Table(vec![(0, Field::Byte(7)), (2, Field::Int(-2)), (3, Field::Child(Node::Text("hi".to_owned())))]);
        let expected: Vec<u8> = [
            &20u32.to_le_bytes()[..], // root table
            b"TEST",
            &[12, 0, 13, 0, 12, 0, 0, 0, 4, 0, 8, 0], // vtable: sizes, then ids 0 to 3
            &12i32.to_le_bytes(),
            &(-2i32).to_le_bytes(),
            &8u32.to_le_bytes(), // from 28 to the text at 36
            &[7, 0, 0, 0],
            &2u32.to_le_bytes(),
            b"hi\0",
        ]
        .concat();
        assert_eq!(finish(&root, b"TEST"), expected);
    }

    #[test]
    fn vectors_are_aligned_to_their_elements() {
        for (node, alignment) in [
            (Node::Bytes(vec![0xaa; 5]), 16),
            (Node::Longs(vec![-0x5555_5555_5555_5556; 2]), 8),
            (Node::Ints(vec![0x2aaa_aaaa; 3]), 4),
        ] {
            // A leading text moves the vector off any alignment it might have by chance.
            for pad in 0..17 {
                let text = Node::Text("x".repeat(pad));
                let root = Node::Vector(vec![text, node.clone()]);
                let file = finish(&root, b"TEST");
                let first = file.iter().position(|&b| b == 0xaa).expect("the element is there");
                assert_eq!(first % alignment, 0, "{node:?} after a text of {pad}");
            }
        }
    }
}
