//! The float graph: a trained network before quantisation, as Caffe and ONNX files describe it.
//!
//! Maps are NCHW and convolution weights OIHW, as in those files; the step to the integer graph's
//! NHWC is the quantiser's ([`crate::calibrate`]).

mod builder;
mod evaluate;
mod fold;
mod inspect;
mod ir;
mod kernels;

pub use builder::Builder;
pub use evaluate::{evaluate, EvaluateError, MAX_BYTES};
pub use fold::fold;
pub(crate) use inspect::summarise;
pub use ir::{
    Affine, Constant, Convolution, FloatGraph, FullyConnected, Lrn, Node, Op, Pool, PoolKind, Rounding, Tensor,
    TensorId, Window,
};
