//! Where each statement goes: a continuous assignment, or an `always @(*)` with those it depends on.

use std::collections::BTreeMap;

use super::ir::{Expr, Range, SignalId, Stmt, Target};
use super::signals::{Role, Signals};

/// One item of the module body.
pub(super) enum Item {
    Assign { range: Range, value: Expr },
    Always(Vec<Stmt>),
}

/// An item with the comments that stood above it.
pub(super) struct Placed {
    pub notes: Vec<String>,
    pub item: Item,
}

/// Groups the statements of a checked module into items, in source order.
pub(super) fn place(body: Vec<Stmt>) -> Vec<Placed> {
    let body = drop_overwritten(body);
    let groups = group(&body);
    let mut gathered: BTreeMap<usize, (Vec<String>, Vec<Stmt>)> = BTreeMap::new();
    let mut notes = Vec::new();
    for (at, stmt) in body.into_iter().enumerate() {
        if let Stmt::Comment(text) = stmt {
            notes.push(text);
            continue;
        }
        let (above, stmts) = gathered.entry(groups[at]).or_default();
        if stmts.is_empty() {
            above.append(&mut notes);
        } else {
            stmts.extend(notes.drain(..).map(Stmt::Comment));
        }
        stmts.push(stmt);
    }
    let items = gathered.into_values().map(|(notes, stmts)| Placed { notes, item: item(stmts) }).collect();
    settle_constants(items)
}

/// Moves constant bits of a signal that an always block computes into that block: on their own they
/// would make an `always @(*)` without anything to wait for, which never runs in a simulator.
fn settle_constants(items: Vec<Placed>) -> Vec<Placed> {
    let mut blocks = BTreeMap::new();
    for (at, placed) in items.iter().enumerate() {
        let (reads, writes) = traffic(&placed.item);
        if matches!(placed.item, Item::Always(_)) && !reads.is_empty() {
            for write in writes {
                blocks.entry(write.signal).or_insert(at);
            }
        }
    }
    let home = |placed: &Placed| match &placed.item {
        Item::Assign { range, .. } if traffic(&placed.item).0.is_empty() => blocks.get(&range.signal).copied(),
        _ => None,
    };
    let mut moved: BTreeMap<usize, Vec<Stmt>> = BTreeMap::new();
    let mut kept = Vec::new();
    for (at, placed) in items.into_iter().enumerate() {
        match (home(&placed), placed.item) {
            (Some(block), Item::Assign { range, value }) => {
                let stmts = moved.entry(block).or_default();
                stmts.extend(placed.notes.into_iter().map(Stmt::Comment));
                stmts.push(Stmt::Assign { target: Target { range, index: None }, value });
            }
            (_, item) => kept.push((at, Placed { notes: placed.notes, item })),
        }
    }
    for (at, placed) in &mut kept {
        if let (Some(mut constants), Item::Always(stmts)) = (moved.remove(at), &mut placed.item) {
            constants.append(stmts);
            *stmts = constants;
        }
    }
    kept.into_iter().map(|(_, placed)| placed).collect()
}

fn item(mut stmts: Vec<Stmt>) -> Item {
    match (stmts.len(), stmts.pop()) {
        (1, Some(Stmt::Assign { target, value })) if target.index.is_none() => {
            Item::Assign { range: target.range, value }
        }
        (_, last) => {
            stmts.extend(last);
            Item::Always(stmts)
        }
    }
}

/// Reads and writes of one signal, in statement order.
#[derive(Default)]
struct Events {
    reads: Vec<(usize, Range)>,
    writes: Vec<(usize, Range)>,
}

fn events(body: &[Stmt]) -> BTreeMap<SignalId, Events> {
    let mut out: BTreeMap<SignalId, Events> = BTreeMap::new();
    for (at, stmt) in body.iter().enumerate() {
        stmt.reads(&mut |range| out.entry(range.signal).or_default().reads.push((at, range)));
        stmt.writes(&mut |range| out.entry(range.signal).or_default().writes.push((at, range)));
    }
    out.retain(|_, events| !events.writes.is_empty());
    out
}

/// Drops top-level assignments that a later one overwrites before anything reads or mixes with them.
fn drop_overwritten(body: Vec<Stmt>) -> Vec<Stmt> {
    let events = events(&body);
    let plain: Vec<bool> =
        body.iter().map(|s| matches!(s, Stmt::Assign { target, .. } if target.index.is_none())).collect();
    let mut dead = vec![false; body.len()];
    for events in events.values() {
        for (position, &(at, range)) in events.writes.iter().enumerate() {
            let next =
                events.writes[position + 1..].iter().find(|(later, other)| *later > at && other.overlaps(&range));
            let Some(&(next, over)) = next else { continue };
            let read_between =
                events.reads.iter().any(|(read, bits)| *read > at && *read <= next && bits.overlaps(&range));
            if plain[at] && plain[next] && over.covers(&range) && !read_between {
                dead[at] = true;
            }
        }
    }
    body.into_iter().zip(dead).filter_map(|(stmt, dead)| (!dead).then_some(stmt)).collect()
}

/// The group of each statement: those that write the same bits, or whose order matters, share one.
fn group(body: &[Stmt]) -> Vec<usize> {
    let mut sets = DisjointSets::new(body.len());
    for events in events(body).values() {
        let mut writes = events.writes.clone();
        writes.sort_by_key(|(at, range)| (range.low, *at));
        let mut reach: Option<(usize, usize)> = None;
        for &(at, range) in &writes {
            match reach {
                Some((end, other)) if range.low < end => {
                    sets.join(at, other);
                    reach = Some((end.max(range.end()), at));
                }
                _ => reach = Some((range.end(), at)),
            }
        }
        // A statement that reads bits written again below it must stay above that write.
        let last_write = writes.iter().map(|(at, _)| *at).max().unwrap_or(0);
        for &(read, bits) in events.reads.iter().filter(|(read, _)| *read < last_write) {
            for &(at, range) in &writes {
                if at > read && range.overlaps(&bits) {
                    sets.join(read, at);
                }
            }
        }
    }
    (0..body.len()).map(|at| sets.root(at)).collect()
}

/// Union-find whose root is the smallest member, so groups keep the source order.
struct DisjointSets(Vec<usize>);

impl DisjointSets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Vectors to declare as one signal per element: an element is computed from another one, which a
/// simulator that schedules whole vectors takes for a loop, or only some are computed by always
/// blocks, which would make the others `always @(*)` without anything to wait for.
pub(super) fn split_vectors(signals: &Signals, items: &[Placed]) -> Vec<bool> {
    let mut split = vec![false; signals.list.len()];
    let mut continuous = split.clone();
    let mut procedural = split.clone();
    for placed in items {
        let (reads, writes) = traffic(&placed.item);
        for write in &writes {
            let element = |range: &Range| range.low / signals.list[write.signal].element;
            let crosses = |read: &Range| read.signal == write.signal && element(read) != element(write);
            split[write.signal] |= reads.iter().any(crosses);
            match placed.item {
                Item::Assign { .. } => continuous[write.signal] = true,
                Item::Always(_) => procedural[write.signal] = true,
            }
        }
    }
    for (id, signal) in signals.list.iter().enumerate() {
        let may_split = matches!(signal.role, Role::Local | Role::RegisterData) && signal.packed;
        split[id] = may_split && (split[id] || (continuous[id] && procedural[id]));
    }
    split
}

/// What an item reads and writes.
pub(super) fn traffic(item: &Item) -> (Vec<Range>, Vec<Range>) {
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    match item {
        Item::Assign { range, value } => {
            value.reads(&mut |range| reads.push(range));
            writes.push(*range);
        }
        Item::Always(stmts) => {
            for stmt in stmts {
                stmt.reads(&mut |range| reads.push(range));
                stmt.writes(&mut |range| writes.push(range));
            }
        }
    }
    (reads, writes)
}
