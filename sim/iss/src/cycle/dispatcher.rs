//! Fetches instructions one ahead, hands them to the units, and counts what has retired.

use cortado_arch::isa::{Compute, Mode};

use super::{Task, Work};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetch {
    Asking,
    Fetching,
    Decoding,
    Dispatching,
    Draining,
    Finishing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transfer {
    Idle,
    Waiting,
    Moving,
    Retiring,
}

/// One LOAD or STORE and one COMPUTE are in their units at a time; the next instruction for a unit
/// that is not free holds up all behind it.
#[derive(Debug)]
pub(crate) struct Dispatcher<'a> {
    tasks: &'a [Task],
    fetch: Fetch,
    transfer: Transfer,
    next: usize,
    /// The COMPUTE offered was taken in the cycle before.
    taken: bool,
    dma_retired: usize,
    compute_retired: usize,
    /// The LOAD or STORE that the DMA unit holds.
    transfer_task: usize,
}

/// A COMPUTE shown to its unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    pub index: usize,
    pub mode: Mode,
    pub compute: &'a Compute,
    /// It waits for the LOAD or STORE at hand.
    pub waits: bool,
}

/// What reaches the dispatcher in a cycle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Events {
    pub fetched: bool,
    /// A LOAD or STORE has moved its last beat.
    pub moved: bool,
    pub compute_free: bool,
    /// The COMPUTE offered is taken.
    pub compute_taken: bool,
    pub compute_retired: bool,
}

/// What the dispatcher does in a cycle; instructions by their index.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Orders {
    pub fetch: bool,
    pub transfer: Option<usize>,
    pub transfer_retired: Option<usize>,
    /// The instruction that ends the run has come; it has retired.
    pub stopping: Option<usize>,
    pub stopped: Option<usize>,
    /// The run is over with this cycle.
    pub done: bool,
}

impl<'a> Dispatcher<'a> {
    pub fn new(tasks: &'a [Task]) -> Self {
        Self {
            tasks,
            fetch: Fetch::Asking,
            transfer: Transfer::Idle,
            next: 0,
            taken: false,
            dma_retired: 0,
            compute_retired: 0,
            transfer_task: 0,
        }
    }

    /// Whether the LOAD or STORE at hand retires; one instruction does in a cycle, COMPUTEs first.
    pub fn transfer_retiring(&self, compute_retiring: bool) -> bool {
        self.transfer == Transfer::Retiring && !compute_retiring
    }

    pub fn loading(&self) -> bool {
        self.transfer == Transfer::Moving && self.transfer_loads()
    }

    pub fn storing(&self) -> bool {
        self.transfer == Transfer::Moving && !self.transfer_loads()
    }

    fn transfer_loads(&self) -> bool {
        matches!(self.tasks[self.transfer_task].work, Work::Transfer { load: true, .. })
    }

    /// The COMPUTE that has been fetched and not yet taken.
    pub fn offer(&self, transfer_retires: bool) -> Option<Offer<'a>> {
        let task = &self.tasks[self.next];
        match &task.work {
            Work::Compute(mode, compute) if self.fetch == Fetch::Dispatching && !self.taken => Some(Offer {
                index: self.next,
                mode: *mode,
                compute,
                waits: task.wait_dma > self.dma_retired && !transfer_retires,
            }),
            _ => None,
        }
    }

    fn met(&self, task: usize) -> bool {
        let task = &self.tasks[task];
        self.dma_retired >= task.wait_dma && self.compute_retired >= task.wait_compute
    }

    pub fn cycle(&mut self, events: Events) -> Orders {
        let mut orders = Orders::default();
        let transfer_free = self.transfer == Transfer::Idle;
        self.transfer_cycle(&events, &mut orders);
        self.compute_retired += usize::from(events.compute_retired);
        match self.fetch {
            Fetch::Asking => {
                orders.fetch = true;
                self.fetch = Fetch::Fetching;
            }
            Fetch::Fetching if events.fetched => self.fetch = Fetch::Decoding,
            Fetch::Decoding => self.fetch = Fetch::Dispatching,
            Fetch::Dispatching => self.dispatch(transfer_free, &mut orders),
            Fetch::Draining if transfer_free && events.compute_free => {
                orders.stopped = Some(self.next);
                self.fetch = Fetch::Finishing;
            }
            Fetch::Finishing => orders.done = true,
            Fetch::Fetching | Fetch::Draining => {}
        }
        self.taken = events.compute_taken;
        orders
    }

    fn transfer_cycle(&mut self, events: &Events, orders: &mut Orders) {
        match self.transfer {
            Transfer::Waiting if self.met(self.transfer_task) => {
                orders.transfer = Some(self.transfer_task);
                self.transfer = Transfer::Moving;
            }
            Transfer::Moving if events.moved => self.transfer = Transfer::Retiring,
            // One retirement a cycle.
            Transfer::Retiring if !events.compute_retired => {
                orders.transfer_retired = Some(self.transfer_task);
                self.transfer = Transfer::Idle;
                self.dma_retired += 1;
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, transfer_free: bool, orders: &mut Orders) {
        match self.tasks[self.next].work {
            Work::Stop => {
                orders.stopping = Some(self.next);
                self.fetch = Fetch::Draining;
                return;
            }
            Work::Transfer { .. } if transfer_free => {
                self.transfer_task = self.next;
                self.transfer = Transfer::Waiting;
            }
            Work::Compute(..) if self.taken => {}
            _ => return,
        }
        self.next += 1;
        self.fetch = Fetch::Asking;
    }
}
