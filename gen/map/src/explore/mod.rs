//! Design-space exploration by Caffeine's revised roofline (ICCAD 2016, section 5).
//!
//! A network becomes a [`Workload`] of shapes; [`evaluate()`] prices it on one engine, every layer by its cheapest
//! way; [`uniform`] is the paper's own law for the paper's own engine, against which the terms are tested.

mod area;
mod curve;
mod engine;
mod evaluate;
mod float;
pub mod index_law;
mod schedule;
mod shape;
mod space;
mod streaming;
#[cfg(test)]
mod tests;
pub mod uniform;
mod workload;

pub use area::{Area, FIT};
pub use curve::Curve;
pub use engine::Place;
pub use evaluate::{evaluate, Evaluation, Judgement, LayerPoint};
pub use space::{explore, Candidate, Exploration, Request};
pub use workload::Workload;
