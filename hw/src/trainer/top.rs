//! The training engine: pairs of compute units behind one queue of tasks.

use super::burst::MemoryError;
use super::pair::{Pair, REPORT_WORDS};
use super::task::TaskFields;
use crate::cells::reg::Reg;
use crate::emit::{emit, EmitError, Header};
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::TrainerArchitecture;
use rust_hdl::prelude::*;

/// Name of the top module.
pub const TOP: &str = "cortado_trainer";

/// Bytes of stack for making an engine: built without optimisation, more than a thread is given otherwise.
const STACK: usize = 32 << 20;

/// Why an architecture has no Verilog.
#[derive(Debug)]
pub enum TrainerError {
    Size(MemoryError),
    Emit(EmitError),
    /// No thread to make it on.
    Thread(std::io::Error),
}

impl std::fmt::Display for TrainerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TrainerError::Size(e) => write!(f, "{e}"),
            TrainerError::Emit(e) => write!(f, "{e}"),
            TrainerError::Thread(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for TrainerError {}

/// The Verilog of a training engine; its top module is [`TOP`].
///
/// # Errors
/// When the description breaks one of the backend's rules: a defect of the generator, told with module and signal.
pub fn verilog(arch: &TrainerArchitecture, header: &Header) -> Result<String, TrainerError> {
    let work = || {
        let mut trainer = Trainer::new(arch).map_err(TrainerError::Size)?;
        emit(TOP, &mut trainer, header).map_err(TrainerError::Emit)
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(TrainerError::Thread)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// One training engine; ports in hw/docs/trainer.md.
///
/// Tasks that touch the global parameters do so in the order of their `turn`, whichever pair they go to.
#[derive(LogicBlock)]
pub struct Trainer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub parameters: Signal<In, Bits<32>>,
    pub statistics: Signal<In, Bits<32>>,
    pub parameter_lines: Signal<In, Bits<32>>,
    pub alpha: Signal<In, Bits<32>>,
    pub fresh: Signal<In, Bits<32>>,
    pub epsilon: Signal<In, Bits<32>>,
    pub limit: Signal<In, Bits<32>>,
    pub task_valid: Signal<In, Bit>,
    pub task_ready: Signal<Out, Bit>,
    pub task_pair: Signal<In, Bits<3>>,
    pub task_data: Signal<In, TaskFields>,
    pub report_valid: Signal<Out, Bit>,
    pub report_ready: Signal<In, Bit>,
    pub report: Vec<Signal<Out, Bits<32>>>,
    pub read_command_valid: Vec<Signal<Out, Bit>>,
    pub read_command_ready: Vec<Signal<In, Bit>>,
    pub read_command_address: Vec<Signal<Out, Bits<32>>>,
    pub read_command_beats: Vec<Signal<Out, Bits<16>>>,
    pub read_data_valid: Vec<Signal<In, Bit>>,
    pub read_data_ready: Vec<Signal<Out, Bit>>,
    pub read_data: Vec<Signal<In, Bits<32>>>,
    pub write_command_valid: Vec<Signal<Out, Bit>>,
    pub write_command_ready: Vec<Signal<In, Bit>>,
    pub write_command_address: Vec<Signal<Out, Bits<32>>>,
    pub write_command_beats: Vec<Signal<Out, Bits<16>>>,
    pub write_data_valid: Vec<Signal<Out, Bit>>,
    pub write_data_ready: Vec<Signal<In, Bit>>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    /// The PEs of each unit, pair after pair, have a step in this cycle.
    pub active: Vec<Signal<Out, Bit>>,
    /// Each pair's RMSProp moves parameters.
    pub updating: Vec<Signal<Out, Bit>>,
    pair: Vec<Pair>,
    turn: Reg<Bits<16>>,
    passed: Signal<Local, Bit>,
    reported: Signal<Local, Bit>,
    number: Vec<Constant<Bits<3>>>,
    /// As many as a pair has units, and words as a port has.
    unit_number: Vec<Constant<Bits<1>>>,
    word_number: Vec<Constant<Bits<4>>>,
}

impl Trainer {
    /// The engine of this architecture.
    ///
    /// # Errors
    /// A size that no queue can have; a checked architecture has none.
    pub fn new(arch: &TrainerArchitecture) -> Result<Self, MemoryError> {
        let (pairs, words) = (arch.pairs, arch.pairs * arch.port_words);
        Ok(make!(
            clock reset parameters statistics parameter_lines alpha fresh epsilon limit task_valid task_ready task_pair
            task_data report_valid report_ready turn passed reported;
            report: signals(REPORT_WORDS),
            read_command_valid: signals(pairs), read_command_ready: signals(pairs), read_command_address: signals(pairs),
            read_command_beats: signals(pairs), read_data_valid: signals(pairs), read_data_ready: signals(pairs),
            read_data: signals(words),
            write_command_valid: signals(pairs), write_command_ready: signals(pairs),
            write_command_address: signals(pairs), write_command_beats: signals(pairs), write_data_valid: signals(pairs),
            write_data_ready: signals(pairs), write_data: signals(words),
            active: signals(pairs * arch.units), updating: signals(pairs),
            pair: (0..pairs).map(|_| Pair::new(arch)).collect::<Result<_, _>>()?,
            number: (0..pairs).map(constant).collect(), unit_number: (0..arch.units).map(constant).collect(),
            word_number: (0..arch.port_words).map(constant).collect(),
        ))
    }
}

impl Logic for Trainer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Trainer: pairs of compute units behind one queue of tasks");
        dff_setup!(self, clock, turn);
        self.task_ready.next = false;
        self.passed.next = false;
        self.reported.next = false;
        self.report_valid.next = false;
        for i in 0..self.report.len() {
            self.report[i].next = self.pair[0].report[i].val();
        }
        for p in 0..self.pair.len() {
            clock!(self, clock, pair[p]);
            self.pair[p].reset.next = self.reset.val();
            self.pair[p].parameters.next = self.parameters.val();
            self.pair[p].statistics.next = self.statistics.val();
            self.pair[p].parameter_lines.next = self.parameter_lines.val();
            self.pair[p].alpha.next = self.alpha.val();
            self.pair[p].fresh.next = self.fresh.val();
            self.pair[p].epsilon.next = self.epsilon.val();
            self.pair[p].limit.next = self.limit.val();
            self.pair[p].task_data.next = self.task_data.val();
            self.pair[p].task_valid.next = self.task_valid.val() & (self.task_pair.val() == self.number[p].val());
            if self.task_pair.val() == self.number[p].val() {
                self.task_ready.next = self.pair[p].task_ready.val();
            }
            self.pair[p].turn.next = self.turn.q.val();
            self.passed.next = self.passed.val() | self.pair[p].passed.val();
            // The first pair with a report gives it.
            self.pair[p].report_ready.next = self.report_ready.val() & !self.reported.val();
            if self.pair[p].report_valid.val() & !self.reported.val() {
                self.report_valid.next = true;
                for i in 0..self.report.len() {
                    self.report[i].next = self.pair[p].report[i].val();
                }
            }
            self.reported.next = self.reported.val() | self.pair[p].report_valid.val();

            self.read_command_valid[p].next = self.pair[p].read_command_valid.val();
            self.pair[p].read_command_ready.next = self.read_command_ready[p].val();
            self.read_command_address[p].next = self.pair[p].read_command_address.val();
            self.read_command_beats[p].next = self.pair[p].read_command_beats.val();
            self.pair[p].read_data_valid.next = self.read_data_valid[p].val();
            self.read_data_ready[p].next = self.pair[p].read_data_ready.val();
            self.write_command_valid[p].next = self.pair[p].write_command_valid.val();
            self.pair[p].write_command_ready.next = self.write_command_ready[p].val();
            self.write_command_address[p].next = self.pair[p].write_command_address.val();
            self.write_command_beats[p].next = self.pair[p].write_command_beats.val();
            self.write_data_valid[p].next = self.pair[p].write_data_valid.val();
            self.pair[p].write_data_ready.next = self.write_data_ready[p].val();
            for i in 0..self.word_number.len() {
                self.pair[p].read_data[i].next = self.read_data[p * self.word_number.len() + i].val();
                self.write_data[p * self.word_number.len() + i].next = self.pair[p].write_data[i].val();
            }
            for u in 0..self.unit_number.len() {
                self.active[p * self.unit_number.len() + u].next = self.pair[p].active[u].val();
            }
            self.updating[p].next = self.pair[p].updating.val();
        }
        if self.passed.val() {
            self.turn.d.next = self.turn.q.val() + 1;
        }
        if self.reset.val() {
            self.turn.d.next = bits::<16>(0);
        }
    }
}
