//! Reading a layer's parameters: numbers with defaults, and windows in Caffe's several spellings.

use super::text::Message;
use crate::error::{quoted, Code, Fault};
use crate::float::Window;

fn unreadable(name: &str, text: &str, wanted: &str) -> Fault {
    Fault::new(Code::Operator, format!("{name}: {}", quoted(text)), format!("{wanted} is needed"))
}

/// A whole number of 0 or more, or `default` when absent.
pub fn count(message: Option<&Message>, name: &str, default: usize) -> Result<usize, Fault> {
    let text = message.and_then(|message| message.scalar(name));
    text.map_or(Ok(default), |text| whole(name, text))
}

fn whole(name: &str, text: &str) -> Result<usize, Fault> {
    // The format's own type is 32 bits wide; larger sizes would overflow where they are multiplied.
    text.parse::<u32>().map(|value| value as usize).map_err(|_| unreadable(name, text, "a whole number of 0 or more"))
}

/// A real number, or `default` when absent.
pub fn real(message: Option<&Message>, name: &str, default: f32) -> Result<f32, Fault> {
    let text = message.and_then(|message| message.scalar(name));
    text.map_or(Ok(default), |text| {
        let value = text.parse::<f32>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| unreadable(name, text, "a number"))
    })
}

/// `true` or `false`, or `default` when absent.
pub fn flag(message: Option<&Message>, name: &str, default: bool) -> Result<bool, Fault> {
    match message.and_then(|message| message.scalar(name)) {
        None => Ok(default),
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(text) => Err(unreadable(name, text, "true or false")),
    }
}

/// The dimensions of an input: `dim: 1 dim: 3 ...`.
pub fn dims<'a>(name: &str, texts: impl Iterator<Item = &'a str>) -> Result<Vec<usize>, Fault> {
    const MOST: usize = 4;
    texts.take(MOST + 1).map(|text| whole(name, text)).collect()
}

/// `(vertical, horizontal)`: one value for both, two values, or `tall` and `wide` apart.
fn pair(
    message: Option<&Message>,
    both: &str,
    tall: &str,
    wide: &str,
    default: usize,
) -> Result<(usize, usize), Fault> {
    if message.is_some_and(|message| message.scalar(tall).or(message.scalar(wide)).is_some()) {
        return Ok((count(message, tall, default)?, count(message, wide, default)?));
    }
    let given: Vec<&str> = message.map_or_else(Vec::new, |message| message.scalars(both).take(3).collect());
    match given[..] {
        [] => Ok((default, default)),
        [one] => whole(both, one).map(|value| (value, value)),
        [first, second] => Ok((whole(both, first)?, whole(both, second)?)),
        _ => Err(Fault::new(Code::Operator, format!("{both} given more than twice"), "two spatial axes are taken")),
    }
}

/// The window of a convolution or pool.
pub fn window(message: Option<&Message>) -> Result<Window, Fault> {
    let before = pair(message, "pad", "pad_h", "pad_w", 0)?;
    Ok(Window {
        kernel: pair(message, "kernel_size", "kernel_h", "kernel_w", 0)?,
        stride: pair(message, "stride", "stride_h", "stride_w", 1)?,
        dilation: pair(message, "dilation", "dilation_h", "dilation_w", 1)?,
        before,
        after: before,
    })
}
