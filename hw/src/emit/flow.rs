//! Proof that every bit a module drives has a value on every path before it is read.

use std::collections::BTreeMap;

use super::error::{EmitErrorKind, Fault};
use super::ir::{Range, SignalId, Stmt};
use super::signals::Signals;

/// Sets of bits, as disjoint ranges `low -> end` of each signal.
#[derive(Clone, Default, PartialEq)]
struct Bits(BTreeMap<SignalId, BTreeMap<usize, usize>>);

impl Bits {
    fn insert(&mut self, range: Range) {
        let spans = self.0.entry(range.signal).or_default();
        let (mut low, mut end) = (range.low, range.end());
        while let Some((&l, &e)) = spans.range(..=end).next_back().filter(|(_, &e)| e >= low) {
            spans.remove(&l);
            low = low.min(l);
            end = end.max(e);
        }
        spans.insert(low, end);
    }

    fn contains(&self, range: Range) -> bool {
        let span = self.0.get(&range.signal).and_then(|spans| spans.range(..=range.low).next_back());
        span.is_some_and(|(_, &end)| end >= range.end())
    }

    fn intersect(&self, other: &Bits) -> Bits {
        let mut out = Bits::default();
        for (&signal, spans) in &self.0 {
            let Some(theirs) = other.0.get(&signal) else {
                continue;
            };
            for (&low, &end) in spans {
                let start = theirs.range(..=low).next_back().map_or(low, |(&l, _)| l);
                for (&l, &e) in theirs.range(start..end) {
                    let (from, to) = (low.max(l), end.min(e));
                    if from < to {
                        out.insert(Range { signal, low: from, width: to - from });
                    }
                }
            }
        }
        out
    }

    fn extend(&mut self, other: &Bits) {
        for range in other.ranges() {
            self.insert(range);
        }
    }

    fn ranges(&self) -> impl Iterator<Item = Range> + '_ {
        self.0
            .iter()
            .flat_map(|(&signal, spans)| spans.iter().map(move |(&low, &end)| Range { signal, low, width: end - low }))
    }
}

/// Refuses loops (a read before the value) and latches (no value on some path).
pub(super) fn check_flow(signals: &Signals, body: &[Stmt]) -> Result<(), Fault> {
    let mut flow = Flow { signals };
    let mut assigned = Bits::default();
    flow.block(body, &mut assigned)?;
    let mut written = Vec::new();
    body.iter().for_each(|s| s.writes(&mut |range| written.push(range)));
    for range in written {
        if !assigned.contains(range) {
            return Err(fault(
                signals,
                range,
                EmitErrorKind::Latch,
                "gets a value on some paths only, which is a latch",
                "assign a default to it first",
            ));
        }
    }
    all_bits_driven(signals, &assigned)
}

fn all_bits_driven(signals: &Signals, assigned: &Bits) -> Result<(), Fault> {
    for (id, signal) in signals.list.iter().enumerate() {
        let partly = assigned.0.contains_key(&id);
        if !signal.role.is_driven_here() || !partly {
            continue;
        }
        for element in 0..signal.count {
            let range = Range { signal: id, low: element * signal.element, width: signal.element };
            if signal.role == super::signals::Role::Local || assigned.contains(range) {
                continue;
            }
            return Err(fault(
                signals,
                range,
                EmitErrorKind::Open,
                "has bits that nothing drives",
                "assign the whole signal first",
            ));
        }
    }
    Ok(())
}

/// Calls its argument with every range something reads.
type Walk<'a> = &'a mut dyn FnMut(&mut dyn FnMut(Range));

struct Flow<'a> {
    signals: &'a Signals,
}

impl Flow<'_> {
    fn block(&mut self, body: &[Stmt], assigned: &mut Bits) -> Result<(), Fault> {
        body.iter().try_for_each(|s| self.statement(s, assigned))
    }

    fn statement(&mut self, s: &Stmt, assigned: &mut Bits) -> Result<(), Fault> {
        match s {
            Stmt::Assign { target, value } => {
                self.reads(&mut |visit| value.reads(visit), assigned)?;
                match &target.index {
                    Some(index) => self.reads(
                        &mut |visit| {
                            index.reads(visit);
                            visit(target.range);
                        },
                        assigned,
                    ),
                    None => {
                        assigned.insert(target.range);
                        Ok(())
                    }
                }
            }
            Stmt::If { test, then, otherwise } => {
                self.reads(&mut |visit| test.reads(visit), assigned)?;
                self.branches(&[then, otherwise], assigned)
            }
            Stmt::Case { subject, arms } => {
                self.reads(&mut |visit| subject.reads(visit), assigned)?;
                let bodies: Vec<&Vec<Stmt>> = arms.iter().map(|arm| &arm.body).collect();
                self.branches(&bodies, assigned)
            }
            Stmt::Comment(_) => Ok(()),
        }
    }

    /// What every branch assigns is assigned after them; each starts from what was before.
    fn branches(&mut self, bodies: &[&Vec<Stmt>], assigned: &mut Bits) -> Result<(), Fault> {
        let mut common: Option<Bits> = None;
        for body in bodies {
            let mut touched = Bits::default();
            body.iter().for_each(|s| s.writes(&mut |range| touched.insert(range)));
            let mut inside = assigned.clone();
            self.block(body, &mut inside)?;
            let gained = inside.intersect(&touched);
            common = Some(match common {
                Some(before) => before.intersect(&gained),
                None => gained,
            });
        }
        if let Some(common) = common {
            assigned.extend(&common);
        }
        Ok(())
    }

    fn reads(&self, walk: Walk<'_>, assigned: &Bits) -> Result<(), Fault> {
        let mut missing = None;
        walk(&mut |range| {
            let driven = self.signals.list[range.signal].role.is_driven_here();
            if driven && !assigned.contains(range) {
                missing = missing.or(Some(range));
            }
        });
        match missing {
            None => Ok(()),
            Some(range) => Err(fault(
                self.signals,
                range,
                EmitErrorKind::Loop,
                "is read before it has a value on every path, which is a loop of logic",
                "assign it above the read, or read what it is assigned from",
            )),
        }
    }
}

fn fault(signals: &Signals, range: Range, kind: EmitErrorKind, what: &str, way_out: &str) -> Fault {
    Fault::new(kind, signals.list[range.signal].spelling(range.low), what, way_out)
}
