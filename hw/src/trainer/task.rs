//! A task as one signal: [`TaskFields`] has the bits of `cortado_arch::trainer::task::Task` in the same order.

use rust_hdl::prelude::*;

/// The fields of a task in encoding order; meanings in `cortado_arch::trainer::task::Task`.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct TaskFields {
    pub kind: Bits<2>,
    pub tag: Bits<16>,
    pub turn: Bits<16>,
    pub program_address: Bits<32>,
    pub parameters: Bits<32>,
    pub copy: Bits<32>,
    pub maps: Bits<32>,
    pub outputs: Bits<32>,
    pub rate: Bits<32>,
}
