//! Average and maximum pooling.

use super::context::Context;
use super::convolution::{clamp, window, Built, Fields};
use super::elementwise::expect_same_scale;
use super::names;
use super::schema::{OperatorView, OptionsKind};
use crate::ir::{Op, Pool2d, PoolKind};

pub fn pool(context: &mut Context, op: &OperatorView) -> Built {
    let options = op.options(OptionsKind::Pool2d);
    let input = context.input(op, 0);
    let output = context.output(op);
    let (input, output) = (input?, output?);
    let map = context.keep(input.nhwc("the input"))?;
    let scales = context.keep(expect_same_scale(&input, &output));
    let width = context.option(options.int(3, 0))?;
    let height = context.option(options.int(4, 0))?;
    let kernel = (usize::try_from(height).unwrap_or(0), usize::try_from(width).unwrap_or(0));
    let window = window(context, &options, Fields::POOL, kernel, map, &output, map[3]);
    let fused = context.option(options.choice(5))?;
    let (min, max) = clamp(context, fused, &output)?;
    scales?;
    let kind = if op.code == names::AVERAGE_POOL_2D { PoolKind::Average } else { PoolKind::Max };
    Some((Op::Pool2d(Pool2d { kind, window: window?, min, max }), vec![input.index]))
}
