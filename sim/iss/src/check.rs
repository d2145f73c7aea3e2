//! Which COMPUTEs an architecture can execute, and the steps they take.

use cortado_arch::isa::{Compute, Mode};
use cortado_arch::Architecture;

use crate::error::Problem;

/// Refuses sizes that the mode or the architecture does not allow.
pub(crate) fn check(a: &Architecture, mode: Mode, c: &Compute) -> Result<(), Problem> {
    let bad = |field, value: u32, reason: String| Err(Problem::Field { field, value: value.into(), reason });
    let mut counts = vec![
        ("output_width", c.output_width),
        ("output_height", c.output_height),
        ("output_groups", c.output_groups),
        ("input_height", c.input_height),
        ("kernel_height", c.kernel_height),
    ];
    match mode {
        Mode::Patch => counts.push(("run_bytes", c.run_bytes)),
        _ => counts.extend([("input_width", c.input_width), ("kernel_width", c.kernel_width)]),
    }
    if mode == Mode::Convolution {
        counts.extend([("input_blocks", c.input_blocks), ("last_substeps", c.last_substeps)]);
        if c.last_substeps as usize > a.substeps() {
            return bad("last_substeps", c.last_substeps, format!("a word has {} substeps", a.substeps()));
        }
    }
    if let Some((field, value)) = counts.into_iter().find(|(_, value)| *value == 0) {
        return bad(field, value, "must be at least 1".to_owned());
    }
    if c.residual == 1 && !a.residual_unit {
        let reason = format!("{} has no unit that adds residuals; a preset with residual_unit = 1 does", a.name);
        return bad("residual", c.residual, reason);
    }
    if mode == Mode::Channelwise {
        for (field, value) in [("input_blocks", c.input_blocks), ("last_substeps", c.last_substeps)] {
            if value != 1 {
                return bad(field, value, "must be 1 in Channelwise mode".to_owned());
            }
        }
    }
    if mode == Mode::Depthwise {
        check_shared_columns(c)?;
    }
    if mode == Mode::Patch && c.output_height > 1 && c.step_y_words != (c.stride_y * c.row_words) & 0xffff {
        let reason = format!("must be stride_y * row_words = {}", c.stride_y * c.row_words);
        return bad("step_y_words", c.step_y_words, reason);
    }
    let (held, capacity, unit) = match mode {
        Mode::Depthwise => (c.kernel_height * c.kernel_width, a.window_taps, "taps"),
        Mode::Patch => (c.kernel_height * c.run_bytes, a.patch_bytes, "bytes"),
        Mode::Convolution | Mode::Channelwise => return Ok(()),
    };
    if held as usize > capacity {
        return bad(
            "kernel_height",
            c.kernel_height,
            format!("the window would hold {held} {unit} of at most {capacity}"),
        );
    }
    let steps = (held as usize).div_ceil(a.tn);
    if c.window_steps as usize != steps {
        return bad("window_steps", c.window_steps, format!("{held} {unit} take {steps} steps of {}", a.tn));
    }
    Ok(())
}

/// Refuses shared columns that are not padding at both ends of a row.
fn check_shared_columns(c: &Compute) -> Result<(), Problem> {
    let columns = (c.output_width - 1) * c.stride_x + c.kernel_width;
    let padding = columns.saturating_sub(c.pad_left + c.input_width).min(c.pad_left).min(c.kernel_width - 1);
    let bad = |field, value: u32, reason| Err(Problem::Field { field, value: value.into(), reason });
    if c.shared_columns > padding {
        return bad(
            "shared_columns",
            c.shared_columns,
            format!("a window shares at most {padding} columns of padding with the row before"),
        );
    }
    let words = c.shared_columns * c.pixel_words;
    if c.shared_words != words {
        return bad("shared_words", c.shared_words, format!("must be shared_columns * pixel_words = {words}"));
    }
    Ok(())
}

/// Steps of one output vector.
pub(crate) fn steps_per_output(a: &Architecture, mode: Mode, c: &Compute) -> usize {
    let taps = c.kernel_height as usize * c.kernel_width as usize;
    match mode {
        Mode::Convolution => {
            taps * ((c.input_blocks as usize).saturating_sub(1) * a.substeps() + c.last_substeps as usize)
        }
        Mode::Channelwise => taps,
        Mode::Depthwise | Mode::Patch => c.window_steps as usize,
    }
}
