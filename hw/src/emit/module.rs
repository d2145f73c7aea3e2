//! The text of one module: ports, parameters, declarations, instances, logic, registers.

use std::collections::BTreeMap;

use rust_hdl::core::ast::Verilog;

use super::collect::Scope;
use super::connect::{connect, Connection, Connections};
use super::error::{EmitErrorKind, Fault};
use super::flow::check_flow;
use super::frame::{end_module, parameters, ports, separate};
use super::ir::{Expr, Range, SignalId, Stmt};
use super::lower::{Lowering, Tie};
use super::names::{full_name, rust_spelling};
use super::place::{place, split_vectors, Item, Placed};
use super::print::{comment, declaration, element_name, line, Printer};
use super::signals::{Role, Signals};
use super::text::{drives_as_net, head_comment};
use crate::cells::reg::initial_value;

/// A child as its parent instantiates it.
pub(super) struct ChildKind {
    /// The module's name; none for a register, which lives inside its parent.
    pub module: Option<String>,
}

/// The text of `scope` as the module `name`.
pub(super) fn module_text(scope: &Scope, children: &[ChildKind], name: &str) -> Result<String, Fault> {
    let is_register: Vec<bool> = children.iter().map(|c| c.module.is_none()).collect();
    let mut signals = Signals::of(scope, &is_register)?;
    match &scope.code {
        Verilog::Combinatorial(block) => {
            let mut lowering = Lowering::new(&signals);
            let body = lowering.block(block)?;
            let ties = lowering.ties;
            synthesised(scope, children, name, &mut signals, body, &ties)
        }
        Verilog::Custom(text) => Ok(custom(&signals, name, text)),
        Verilog::Wrapper(wrapper) => Ok(custom(&signals, name, &wrapper.code)),
        Verilog::Blackbox(_) => Ok(String::new()),
        Verilog::Empty => Err(Fault::new(
            EmitErrorKind::Unsupported,
            rust_spelling(&scope.raw),
            "gives no Verilog",
            "put #[hdl_gen] on update(), or write hdl()",
        )),
    }
}

/// A module whose body is given as text.
fn custom(signals: &Signals, name: &str, text: &str) -> String {
    let mut out = String::new();
    let (head, body) = head_comment(text);
    if let Some(head) = head {
        comment(&mut out, "", head);
    }
    let procedural: Vec<bool> =
        signals.list.iter().map(|s| s.role == Role::Output && !drives_as_net(body, &s.name)).collect();
    ports(signals, name, &procedural, &mut out);
    parameters(signals, &mut out);
    for part in body.trim_end().lines() {
        line(&mut out, "", part.trim_end());
    }
    end_module(&mut out);
    out
}

/// A module whose body comes from statements.
fn synthesised(
    scope: &Scope,
    children: &[ChildKind],
    name: &str,
    signals: &mut Signals,
    mut body: Vec<Stmt>,
    ties: &[Tie],
) -> Result<String, Fault> {
    let mut out = String::new();
    if let Some(Stmt::Comment(_)) = body.first() {
        if let Stmt::Comment(text) = body.remove(0) {
            comment(&mut out, "", &text);
        }
    }
    check_flow(signals, &body)?;
    let mut items = place(body);
    let split = split_vectors(signals, &items);
    claim_elements(signals, &split)?;
    let connections = connect(signals, &split, &mut items)?;
    let module = Module {
        scope,
        children,
        printer: Printer { signals, split: &split },
        signals,
        connections,
        procedural: Procedural::of(signals, &split, &items),
        ties,
    };
    module.write(name, &items, &mut out)?;
    Ok(out)
}

fn claim_elements(signals: &mut Signals, split: &[bool]) -> Result<(), Fault> {
    for (id, _) in split.iter().enumerate().filter(|(_, &split)| split) {
        let signal = signals.list[id].clone();
        for element in 0..signal.count {
            let owner = signal.spelling(element * signal.element);
            signals.claim(&element_name(&signal, element), &owner)?;
        }
    }
    Ok(())
}

/// Which signals, or elements of split vectors, an always block writes.
struct Procedural(Vec<Vec<bool>>);

impl Procedural {
    fn of(signals: &Signals, split: &[bool], items: &[Placed]) -> Self {
        let mut flags: Vec<Vec<bool>> =
            signals.list.iter().enumerate().map(|(id, s)| vec![false; if split[id] { s.count } else { 1 }]).collect();
        let mut mark = |range: Range| {
            let element = range.low / signals.list[range.signal].element;
            let flags = &mut flags[range.signal];
            let at = if flags.len() > 1 { element } else { 0 };
            flags[at] = true;
        };
        for placed in items {
            if let Item::Always(stmts) = &placed.item {
                stmts.iter().for_each(|s| s.writes(&mut mark));
            }
        }
        Self(flags)
    }

    fn any(&self, id: SignalId) -> bool {
        self.0[id].iter().any(|&f| f)
    }

    fn contains(&self, signals: &Signals, range: Range) -> bool {
        let flags = &self.0[range.signal];
        let element = range.low / signals.list[range.signal].element;
        flags[if flags.len() > 1 { element } else { 0 }]
    }
}

struct Module<'a> {
    scope: &'a Scope,
    children: &'a [ChildKind],
    printer: Printer<'a>,
    signals: &'a Signals,
    connections: Connections,
    procedural: Procedural,
    ties: &'a [Tie],
}

impl Module<'_> {
    fn write(&self, name: &str, items: &[Placed], out: &mut String) -> Result<(), Fault> {
        let procedural: Vec<bool> = (0..self.signals.list.len()).map(|id| self.procedural.any(id)).collect();
        ports(self.signals, name, &procedural, out);
        parameters(self.signals, out);
        self.declarations(out)?;
        for index in 0..self.children.len() {
            self.instance(index, out);
        }
        self.items(items, out);
        self.registers(out);
        end_module(out);
        Ok(())
    }

    fn declarations(&self, out: &mut String) -> Result<(), Fault> {
        let start = out.len();
        for (id, signal) in self.signals.list.iter().enumerate() {
            match signal.role {
                Role::Local | Role::RegisterData => self.declare_by_element(id, out),
                Role::ChildInput(_) | Role::ChildOutput(_) => {
                    if matches!(self.connections.ports.get(&id), Some(Connection::Wire)) {
                        self.declare_by_element(id, out);
                    }
                }
                Role::ChildInOut(_) if self.tied(id).is_none() => self.printer.declare(id, "wire", out),
                Role::RegisterState => self.declare_state(id, out)?,
                _ => {}
            }
        }
        separate(start, out);
        Ok(())
    }

    fn declare_by_element(&self, id: SignalId, out: &mut String) {
        let signal = &self.signals.list[id];
        let kind = |procedural: bool| if procedural { "reg" } else { "wire" };
        let flags = &self.procedural.0[id];
        if !self.printer.split[id] {
            self.printer.declare(id, kind(flags[0]), out);
            return;
        }
        for (element, &procedural) in flags.iter().enumerate() {
            let name = element_name(signal, element);
            let text = declaration(kind(procedural), signal.signed, signal.element, &name);
            line(out, "    ", &format!("{text};"));
        }
    }

    fn declare_state(&self, id: SignalId, out: &mut String) -> Result<(), Fault> {
        let signal = &self.signals.list[id];
        let owner = self.scope.children.iter().find(|child| signal.raw.strip_suffix("$q") == Some(child.raw.as_str()));
        let initial = owner.and_then(|child| initial_value(&child.code)).ok_or_else(|| {
            Fault::new(
                EmitErrorKind::Unsupported,
                signal.spelling(0),
                "is a register without an initial value",
                "use cells::reg::Reg",
            )
        })?;
        let value = if signal.count == 1 { initial.to_string() } else { format!("{{{}{{{initial}}}}}", signal.count) };
        let sign = signal.signed && !signal.packed;
        let text = declaration("reg", sign, signal.width(), &signal.name);
        line(out, "    ", &format!("{text} = {value};"));
        Ok(())
    }

    fn tied(&self, id: SignalId) -> Option<Range> {
        self.ties.iter().find_map(|(a, b)| match (a.signal == id, b.signal == id) {
            (true, _) => Some(*b),
            (_, true) => Some(*a),
            _ => None,
        })
    }

    fn instance(&self, index: usize, out: &mut String) {
        let Some(module) = &self.children[index].module else {
            return;
        };
        line(out, "    ", &format!("{module} {} (", full_name(&self.scope.children[index].raw)));
        let mut pins = Vec::new();
        for (id, signal) in self.signals.list.iter().enumerate() {
            let text = match signal.role {
                Role::ChildInput(i) | Role::ChildOutput(i) if i == index => self.pin(id),
                Role::ChildInOut(i) if i == index => match self.tied(id) {
                    Some(range) => self.printer.range(range),
                    None => signal.name.clone(),
                },
                _ => continue,
            };
            pins.push(format!("        .{}({text})", signal.port));
        }
        out.push_str(&pins.join(",\n"));
        out.push_str("\n    );\n\n");
    }

    fn pin(&self, id: SignalId) -> String {
        let Some(Connection::Pieces(pieces)) = self.connections.ports.get(&id) else {
            return self.signals.list[id].name.clone();
        };
        let texts: Vec<String> = pieces.iter().map(|p| self.printer.expr(p)).collect();
        match texts.as_slice() {
            [one] => one.clone(),
            _ => format!("{{{}}}", texts.join(", ")),
        }
    }

    fn items(&self, items: &[Placed], out: &mut String) {
        let start = out.len();
        for placed in items {
            for note in &placed.notes {
                comment(out, "    ", note);
            }
            match &placed.item {
                Item::Assign { range, value } => self.assignment(*range, value, out),
                Item::Always(stmts) => {
                    line(out, "    ", "always @(*) begin");
                    self.printer.block(stmts, 2, out);
                    line(out, "    ", "end");
                }
            }
        }
        separate(start, out);
    }

    fn assignment(&self, range: Range, value: &Expr, out: &mut String) {
        let keyword = if self.procedural.contains(self.signals, range) { "always @(*)" } else { "assign" };
        let text = format!("{keyword} {} = {};", self.printer.range(range), self.printer.expr(value));
        line(out, "    ", &text);
    }

    /// All registers of a module in one block per clock.
    fn registers(&self, out: &mut String) {
        let mut blocks: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, signal) in self.signals.list.iter().enumerate() {
            if signal.role != Role::RegisterState {
                continue;
            }
            let base = signal.name.strip_suffix("_q").unwrap_or(&signal.name);
            let find = |suffix: &str| {
                let name = format!("{base}_{suffix}");
                self.signals
                    .list
                    .iter()
                    .position(|s| s.name == name && matches!(s.role, Role::RegisterData | Role::RegisterClock))
            };
            let (Some(data), Some(clock)) = (find("d"), find("clock")) else {
                continue;
            };
            self.register(id, data, clock, &mut blocks);
        }
        for (clock, lines) in blocks {
            line(out, "    ", &format!("always @(posedge {clock}) begin"));
            lines.iter().for_each(|text| line(out, "        ", text));
            line(out, "    ", "end");
        }
    }

    fn register(&self, state: SignalId, data: SignalId, clock: SignalId, blocks: &mut BTreeMap<String, Vec<String>>) {
        let Some(clocks) = self.connections.clocks.get(&clock) else {
            return;
        };
        let signal = &self.signals.list[state];
        let names: Vec<String> = clocks.iter().map(|c| self.printer.expr(c)).collect();
        let one_clock = names.windows(2).all(|pair| pair[0] == pair[1]);
        if one_clock && !self.printer.split[data] {
            let text = format!("{} <= {};", signal.name, self.signals.list[data].name);
            blocks.entry(names[0].clone()).or_default().push(text);
            return;
        }
        for (element, clock) in names.into_iter().enumerate() {
            let of = |signal| Range {
                signal,
                low: element * self.signals.list[signal].element,
                width: self.signals.list[signal].element,
            };
            let text = format!("{} <= {};", self.printer.range(of(state)), self.printer.range(of(data)));
            blocks.entry(clock).or_default().push(text);
        }
    }
}
