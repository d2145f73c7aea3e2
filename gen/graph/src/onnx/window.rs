//! The window attributes shared by convolutions and pools.

use super::proto::Node;
use crate::error::{quoted, Code, Fault};
use crate::float::Window;
use crate::geometry::{slide, Padding};

/// `(vertical, horizontal)` from a list attribute of two.
fn pair(node: &Node, name: &str, default: (usize, usize)) -> Result<(usize, usize), Fault> {
    let given = node.ints(name);
    let size = |value: i64| u32::try_from(value).ok().map(|value| value as usize);
    match given[..] {
        [] => Ok(default),
        [tall, wide] => size(tall).zip(size(wide)).ok_or(()),
        _ => Err(()),
    }
    .map_err(|()| {
        Fault::new(Code::Operator, format!("{name} {:?}", &given[..given.len().min(8)]), "two sizes are needed (2-D)")
    })
}

/// The window of `node` over a map of `input` (height, width).
///
/// # Errors
/// Attributes that are not those of two axes.
pub fn window(node: &Node, kernel: Option<(usize, usize)>, input: (usize, usize)) -> Result<Window, Fault> {
    let kernel = match kernel {
        Some(kernel) => pair(node, "kernel_shape", kernel)?,
        None => pair(node, "kernel_shape", (0, 0))?,
    };
    let mut window = Window {
        kernel,
        stride: pair(node, "strides", (1, 1))?,
        dilation: pair(node, "dilations", (1, 1))?,
        before: (0, 0),
        after: (0, 0),
    };
    match node.text("auto_pad").unwrap_or("NOTSET") {
        "NOTSET" | "" => explicit(node, &mut window)?,
        "VALID" => {}
        "SAME_UPPER" => same(&mut window, input, false)?,
        "SAME_LOWER" => same(&mut window, input, true)?,
        other => {
            return Err(Fault::new(
                Code::Operator,
                format!("auto_pad {}", quoted(other)),
                "NOTSET, VALID, SAME_UPPER or SAME_LOWER is needed",
            ))
        }
    }
    Ok(window)
}

fn explicit(node: &Node, window: &mut Window) -> Result<(), Fault> {
    let pads = node.ints("pads");
    let sizes: Option<Vec<usize>> =
        pads.iter().take(5).map(|&pad| u32::try_from(pad).ok().map(|pad| pad as usize)).collect();
    match sizes.as_deref() {
        Some([]) => Ok(()),
        Some(&[top, left, bottom, right]) => {
            (window.before, window.after) = ((top, left), (bottom, right));
            Ok(())
        }
        _ => Err(Fault::new(
            Code::Operator,
            format!("pads {:?}", &pads[..pads.len().min(8)]),
            "four sizes of 0 or more are needed (2-D)",
        )),
    }
}

/// Padding for `ceil(input / stride)` outputs; the odd element goes after the map, or before it.
fn same(window: &mut Window, input: (usize, usize), odd_before: bool) -> Result<(), Fault> {
    let axis = |input: usize, kernel, stride: usize, dilation| {
        let (output, before) = slide(Padding::Same, input, kernel, stride, dilation)?;
        let span = crate::geometry::span(kernel, dilation)?;
        let total = ((output - 1) * stride + span).saturating_sub(input);
        Some(if odd_before { (total - before, before) } else { (before, total - before) })
    };
    let rows = axis(input.0, window.kernel.0, window.stride.0, window.dilation.0);
    let columns = axis(input.1, window.kernel.1, window.stride.1, window.dilation.1);
    let (Some(rows), Some(columns)) = (rows, columns) else {
        return Err(Fault::new(
            Code::Shape,
            format!("a window of {:?}, stride {:?} on a map of {input:?}", window.kernel, window.stride),
            "kernel and stride must be 1 or more",
        ));
    };
    (window.before, window.after) = ((rows.0, columns.0), (rows.1, columns.1));
    Ok(())
}
