//! Frames: bytes between flags, with a checksum (`cortado_arch::link`).

use cortado_arch::link::{
    check_byte, Request, CHECK_BYTES, CHECK_GOOD, CHECK_START, ESCAPE, ESCAPE_FLIP, FLAG, REPLY, REPLY_BYTES,
    REQUEST_BYTES,
};

/// Longest reply that is believed, checksum included: a READ's count is one byte.
const MOST_BYTES: usize = REPLY_BYTES + u8::MAX as usize + CHECK_BYTES;

/// `body` as it goes down the line.
pub fn encode(body: &[u8]) -> Vec<u8> {
    let check = !body.iter().fold(CHECK_START, |register, &byte| check_byte(register, byte));
    let mut frame = Vec::with_capacity(body.len() + 8);
    frame.push(FLAG);
    for byte in body.iter().copied().chain(check.to_le_bytes()) {
        match byte {
            FLAG | ESCAPE => frame.extend([ESCAPE, byte ^ ESCAPE_FLIP]),
            _ => frame.push(byte),
        }
    }
    frame.push(FLAG);
    frame
}

/// A request's frame.
pub fn request(kind: Request, sequence: u8, address: u32, data: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(REQUEST_BYTES + data.len());
    body.extend([kind as u8, sequence]);
    body.extend(address.to_le_bytes());
    body.extend_from_slice(data);
    encode(&body)
}

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The kind of what it answers, with `REFUSED` or `OUT_OF_ORDER` where it was not done.
    pub kind: u8,
    /// The sequence number of what it answers.
    pub sequence: u8,
    /// The sequence number the board expects next.
    pub expected: u8,
    /// Its data.
    pub data: Vec<u8>,
}

/// Finds the whole frames in what comes down a line.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    body: Vec<u8>,
    escaped: bool,
    bad: bool,
}

impl Decoder {
    /// Takes a byte; returns the body of the frame that it ends, if that is whole and undamaged.
    pub fn push(&mut self, byte: u8) -> Option<Vec<u8>> {
        match byte {
            FLAG => {
                let escaped = std::mem::take(&mut self.escaped);
                let bad = std::mem::take(&mut self.bad);
                let mut body = std::mem::take(&mut self.body);
                let check = body.iter().fold(CHECK_START, |register, &byte| check_byte(register, byte));
                let whole = !bad && !escaped && check == CHECK_GOOD && body.len() >= CHECK_BYTES;
                whole.then(|| {
                    body.truncate(body.len() - CHECK_BYTES);
                    body
                })
            }
            ESCAPE => {
                self.escaped = true;
                None
            }
            _ => {
                let byte = if std::mem::take(&mut self.escaped) { byte ^ ESCAPE_FLIP } else { byte };
                if self.body.len() < MOST_BYTES {
                    self.body.push(byte);
                } else {
                    self.bad = true;
                }
                None
            }
        }
    }

    /// As [`Decoder::push`], for frames that are replies.
    pub fn reply(&mut self, byte: u8) -> Option<Reply> {
        let body = self.push(byte)?;
        match body.as_slice() {
            &[kind, sequence, expected, ref data @ ..] if kind & REPLY != 0 => {
                Some(Reply { kind: kind & !REPLY, sequence, expected, data: data.to_vec() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut decoder = Decoder::default();
        bytes.iter().filter_map(|&byte| decoder.push(byte)).collect()
    }

    #[test]
    fn a_frame_comes_back_whatever_bytes_it_holds() {
        let all: Vec<u8> = (0..=255).collect();
        for body in [&all[..], &[], &[FLAG], &[ESCAPE, FLAG, ESCAPE], &[0; 200]] {
            assert_eq!(frames(&encode(body)), [body.to_vec()]);
            assert!(!encode(body)[1..encode(body).len() - 1].contains(&FLAG));
        }
    }

    #[test]
    fn what_is_cut_flipped_or_lengthened_is_no_frame_and_the_next_one_is() {
        let body = [1, 2, FLAG, 4, 5, 6];
        let good = encode(&body);
        for at in 1..good.len() - 1 {
            let mut cut = good.clone();
            cut.remove(at);
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            for damaged in [cut, flipped] {
                let both = [damaged.clone(), good.clone()].concat();
                assert_eq!(frames(&both), [body.to_vec()], "{damaged:?}");
            }
        }
        assert_eq!(frames(&[vec![7; 5000], good].concat()), [body.to_vec()]);
    }
}
