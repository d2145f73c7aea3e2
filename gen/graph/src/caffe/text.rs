//! Protocol Buffers' text format, as Caffe's definitions are written: `name: value` and
//! `name { ... }`, comments from `#` to the line's end.

use std::fmt;

/// The deepest nesting that is followed; Caffe's definitions have five levels.
const DEEPEST: usize = 16;

/// What is wrong with the text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Counted from 1.
    pub line: usize,
    pub what: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Value<'a> {
    /// A number, a word, or a string's text between its quotes (escapes are not resolved: names have none).
    Scalar(&'a str),
    Message(Message<'a>),
}

/// The fields of one message, in file order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message<'a> {
    fields: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Message<'a> {
    /// Reads a whole text.
    ///
    /// # Errors
    /// The first place that cannot be read.
    pub fn parse(text: &'a str) -> Result<Message<'a>, SyntaxError> {
        let mut parser = Parser { text, at: 0 };
        let message = parser.message(DEEPEST)?;
        match parser.peek() {
            None => Ok(message),
            Some(_) => parser.fail("a closing bracket that nothing opened"),
        }
    }

    /// Every scalar of the name.
    pub fn scalars<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'a str> + 'm {
        self.fields.iter().filter(move |field| field.0 == name).filter_map(|field| match &field.1 {
            Value::Scalar(text) => Some(*text),
            Value::Message(_) => None,
        })
    }

    /// Every message of the name.
    pub fn messages<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Message<'a>> {
        self.fields.iter().filter(move |field| field.0 == name).filter_map(|field| match &field.1 {
            Value::Message(message) => Some(message),
            Value::Scalar(_) => None,
        })
    }

    /// The last scalar of the name: the one that counts where the format wants one.
    pub fn scalar(&self, name: &str) -> Option<&'a str> {
        self.scalars(name).last()
    }

    pub fn message<'m>(&'m self, name: &'m str) -> Option<&'m Message<'a>> {
        self.messages(name).last()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn fail<T>(&self, what: &'static str) -> Result<T, SyntaxError> {
        let before = self.text.as_bytes().get(..self.at).unwrap_or(&[]);
        Err(SyntaxError { line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(), what })
    }

    /// The next byte that is neither space nor comment.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'#' => self.at += bytes[self.at..].iter().take_while(|&&byte| byte != b'\n').count(),
                // Separators carry no meaning.
                b',' | b';' => self.at += 1,
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => return Some(byte),
            }
        }
        None
    }

    fn word(&mut self) -> Result<&'a str, SyntaxError> {
        let rest = &self.text.as_bytes()[self.at..];
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte)).count();
        match self.text.get(self.at..self.at + len) {
            Some(word) if len > 0 => {
                self.at += len;
                Ok(word)
            }
            _ => self.fail("a name or a number was expected"),
        }
    }

    fn string(&mut self, quote: u8) -> Result<&'a str, SyntaxError> {
        let begun = self.at + 1;
        let rest = self.text.as_bytes().get(begun..).unwrap_or(&[]);
        let Some(len) = rest.iter().position(|&byte| byte == quote || byte == b'\n') else {
            return self.fail("a string that does not end");
        };
        if rest[len] != quote {
            return self.fail("a string that does not end on its line");
        }
        self.at = begun + len + 1;
        Ok(&self.text[begun..begun + len])
    }

    fn message(&mut self, depth: usize) -> Result<Message<'a>, SyntaxError> {
        let mut message = Message::default();
        while let Some(byte) = self.peek() {
            if byte == b'}' {
                break;
            }
            let name = self.word()?;
            let colon = self.peek() == Some(b':');
            if colon {
                self.at += 1;
            }
            let value = match self.peek() {
                Some(b'{') if depth == 0 => return self.fail("messages nested deeper than Caffe's definitions are"),
                Some(b'{') => {
                    self.at += 1;
                    let inner = self.message(depth - 1)?;
                    if self.peek() != Some(b'}') {
                        return self.fail("the text ends inside a message");
                    }
                    self.at += 1;
                    Value::Message(inner)
                }
                Some(quote @ (b'"' | b'\'')) if colon => Value::Scalar(self.string(quote)?),
                Some(_) if colon => Value::Scalar(self.word()?),
                _ => return self.fail("a colon and a value, or a bracket, was expected"),
            };
            message.fields.push((name, value));
        }
        // Many small messages would otherwise hold several times what they need.
        message.fields.shrink_to_fit();
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_a_message_are_read() {
        let text = "name: \"net\" # a comment {\nlayer { name: 'a' dim: 1 dim: 2 }\nlayer: { lr: 1e-3 pool: MAX }";
        let message = Message::parse(text).expect("sound");
        assert_eq!(message.scalar("name"), Some("net"));
        let layers: Vec<_> = message.messages("layer").collect();
        assert_eq!(layers[0].scalars("dim").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((layers[1].scalar("lr"), layers[1].scalar("pool")), (Some("1e-3"), Some("MAX")));
    }

    #[test]
    fn errors_name_the_line() {
        let deep = "a {".repeat(DEEPEST + 1);
        for (text, expected) in [
            ("a: 1\nb", "line 2: a colon and a value, or a bracket, was expected"),
            ("a {\n\n b: 1", "line 3: the text ends inside a message"),
            ("a: 1 }", "line 1: a closing bracket that nothing opened"),
            ("a: \"x\nb: 1", "line 1: a string that does not end on its line"),
            ("a: \"x", "line 1: a string that does not end"),
            ("a: \u{e9}", "line 1: a name or a number was expected"),
            (&deep, "line 1: messages nested deeper than Caffe's definitions are"),
        ] {
            assert_eq!(Message::parse(text).map_err(|error| error.to_string()), Err(expected.to_string()), "{text:?}");
        }
    }
}
