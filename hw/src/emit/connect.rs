//! What each port of each child connects to: a signal of the parent itself where nothing else is
//! needed, else a wire of its own. Clocks always connect directly.

use std::collections::HashMap;

use super::error::{EmitErrorKind, Fault};
use super::ir::{Expr, Node, Range, SignalId};
use super::place::{traffic, Item, Placed};
use super::signals::{Role, Signals};

/// Longer lists of sources read better as a wire with its own assignments.
const MOST_PIECES: usize = 4;

/// What stands in the port list, most significant piece first, or the port's own wire.
pub(super) enum Connection {
    Wire,
    Pieces(Vec<Expr>),
}

/// The connections of a module's children and registers.
pub(super) struct Connections {
    /// By the signal that stands for the child's port.
    pub ports: HashMap<SignalId, Connection>,
    /// The clock of each register's state, by the state's bits.
    pub clocks: HashMap<SignalId, Vec<Expr>>,
}

/// Decides the connections and takes the assignments they replace out of `items`.
pub(super) fn connect(signals: &Signals, split: &[bool], items: &mut Vec<Placed>) -> Result<Connections, Fault> {
    let mut plan = Plan::new(signals, split, items);
    let mut connections = Connections { ports: HashMap::new(), clocks: HashMap::new() };
    for (id, signal) in signals.list.iter().enumerate() {
        match signal.role {
            Role::ChildInput(_) => {
                let pieces = plan.input(id);
                if signal.is_clock && pieces.is_none() {
                    return Err(computed_clock(signals, id));
                }
                connections.ports.insert(id, pieces.map_or(Connection::Wire, Connection::Pieces));
            }
            Role::RegisterClock => {
                let clocks = plan.elements(id).ok_or_else(|| computed_clock(signals, id))?;
                connections.clocks.insert(id, clocks);
            }
            _ => {}
        }
    }
    for (id, signal) in signals.list.iter().enumerate() {
        if matches!(signal.role, Role::ChildOutput(_)) {
            let pieces = plan.output(id);
            connections.ports.insert(id, pieces.map_or(Connection::Wire, Connection::Pieces));
        }
    }
    let used = plan.used;
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        !used[at - 1]
    });
    Ok(connections)
}

fn computed_clock(signals: &Signals, id: SignalId) -> Fault {
    Fault::new(
        EmitErrorKind::Clock,
        signals.list[id].spelling(0),
        "is a clock that is computed, conditional or read back",
        "wire it: self.child.clock.next = self.clock.val()",
    )
}

/// Indices over the items, kept while assignments move into port lists.
struct Plan<'a> {
    signals: &'a Signals,
    split: &'a [bool],
    /// Assignments to each signal: the item and its bits, with the value.
    drivers: HashMap<SignalId, Vec<(usize, Range, Expr)>>,
    /// How often each signal is read, and written in an always block.
    reads: Vec<usize>,
    procedural: Vec<bool>,
    /// The item that is the only reader of a whole signal as `assign t = s`.
    forwards: HashMap<SignalId, (usize, Range)>,
    used: Vec<bool>,
}

impl<'a> Plan<'a> {
    fn new(signals: &'a Signals, split: &'a [bool], items: &[Placed]) -> Self {
        let mut plan = Self {
            signals,
            split,
            drivers: HashMap::new(),
            reads: vec![0; signals.list.len()],
            procedural: vec![false; signals.list.len()],
            forwards: HashMap::new(),
            used: vec![false; items.len()],
        };
        for (at, placed) in items.iter().enumerate() {
            let (reads, writes) = traffic(&placed.item);
            reads.iter().for_each(|range| plan.reads[range.signal] += 1);
            match &placed.item {
                Item::Assign { range, value } => {
                    if let Node::Range(source) = value.node {
                        plan.forwards.insert(source.signal, (at, *range));
                    }
                    let drivers = plan.drivers.entry(range.signal).or_default();
                    drivers.push((at, *range, value.clone()));
                }
                Item::Always(_) => writes.iter().for_each(|w| plan.procedural[w.signal] = true),
            }
        }
        plan
    }

    /// The sources of each element of a signal, lowest first, if all are plain.
    fn elements(&mut self, id: SignalId) -> Option<Vec<Expr>> {
        let width = self.signals.list[id].width();
        if self.reads[id] > 0 || self.procedural[id] {
            return None;
        }
        let mut drivers = self.drivers.get(&id)?.clone();
        drivers.sort_by_key(|(_, range, _)| range.low);
        let mut low = 0;
        for (_, range, value) in &drivers {
            if range.low != low || !value.is_plain() {
                return None;
            }
            low = range.end();
        }
        if low != width {
            return None;
        }
        for (at, ..) in &drivers {
            self.used[*at] = true;
        }
        Some(drivers.into_iter().map(|(.., value)| value).collect())
    }

    /// The pieces for an input port, most significant first.
    fn input(&mut self, id: SignalId) -> Option<Vec<Expr>> {
        let before = self.used.clone();
        let elements = self.elements(id)?;
        let mut pieces = self.merge(elements);
        if pieces.len() > MOST_PIECES {
            self.used = before;
            return None;
        }
        pieces.reverse();
        Some(pieces)
    }

    /// Joins neighbouring parts of one signal.
    fn merge(&self, elements: Vec<Expr>) -> Vec<Expr> {
        let mut pieces: Vec<Expr> = Vec::new();
        for element in elements {
            let joined = match (pieces.last().map(|p| &p.node), &element.node) {
                (Some(Node::Range(below)), Node::Range(above))
                    if below.signal == above.signal && below.end() == above.low && !self.split[below.signal] =>
                {
                    Some(Range { width: below.width + above.width, ..*below })
                }
                _ => None,
            };
            match joined {
                Some(range) => {
                    pieces.pop();
                    pieces.push(Expr::new(Node::Range(range), range.width, false));
                }
                None => pieces.push(element),
            }
        }
        pieces
    }

    /// The signal an output port drives directly, when it is the only reader of the port.
    fn output(&mut self, id: SignalId) -> Option<Vec<Expr>> {
        let &(at, target) = self.forwards.get(&id)?;
        let signal = &self.signals.list[id];
        let sole = self.reads[id] == 1 && !self.used[at] && signal.count == 1;
        let whole = target.width == signal.width();
        if !sole || !whole || self.procedural[target.signal] || signal.is_clock {
            return None;
        }
        self.used[at] = true;
        Some(vec![Expr::new(Node::Range(target), target.width, false)])
    }
}
