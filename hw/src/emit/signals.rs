//! The symbol table of one module: atoms packed into vectors, constants, states, names.

use std::collections::HashMap;

use rust_hdl::core::ast::VerilogLiteral;
use rust_hdl::core::atom::AtomKind;
use rust_hdl::core::type_descriptor::TypeKind;

use super::collect::{AtomInfo, Scope};
use super::error::{EmitErrorKind, Fault};
use super::ir::{Number, Range, SignalId};
use super::names::{check_identifier, full_name, packed_name, rust_spelling};

/// What a signal is to the module that declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Input,
    Output,
    InOut,
    Local,
    /// The wire to an input of the child of this index.
    ChildInput(usize),
    /// The wire from an output of the child of this index.
    ChildOutput(usize),
    ChildInOut(usize),
    RegisterClock,
    RegisterData,
    RegisterState,
}

impl Role {
    /// Whether this module's own statements are what gives the signal its value.
    pub fn is_driven_here(self) -> bool {
        matches!(self, Self::Output | Self::Local | Self::ChildInput(_) | Self::RegisterData | Self::RegisterClock)
    }
}

/// One declared vector: an atom, or all the elements of a `Vec` of atoms.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    pub name: String,
    /// The name within the child, for a wire to a child's port.
    pub port: String,
    /// The first element's name in rust-hdl's spelling.
    pub raw: String,
    /// Bits of one element.
    pub element: usize,
    /// Elements packed, element 0 in the lowest bits.
    pub count: usize,
    pub packed: bool,
    pub signed: bool,
    pub is_clock: bool,
    pub role: Role,
    pub ty: TypeKind,
}

impl Signal {
    pub fn width(&self) -> usize {
        self.element * self.count
    }

    /// The element or elements a range lies in, in Rust's spelling.
    pub fn spelling(&self, low: usize) -> String {
        if self.packed && self.element > 0 {
            format!("{}[{}]", self.name, low / self.element)
        } else {
            rust_spelling(&self.raw)
        }
    }
}

/// A local parameter: a constant or a state of an enumeration.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub name: String,
    pub width: usize,
    pub signed: bool,
    pub value: Number,
}

/// Everything a name can mean inside one module.
#[derive(Default)]
pub(super) struct Signals {
    pub list: Vec<Signal>,
    pub parameters: Vec<Parameter>,
    /// rust-hdl's name of each element, to its bits.
    elements: HashMap<String, Range>,
    /// rust-hdl's name of each constant and state, to its index in `parameters`.
    named: HashMap<String, usize>,
    /// Elements of each vector by rust-hdl's name.
    lengths: HashMap<String, usize>,
    packing: HashMap<String, SignalId>,
    names: HashMap<String, String>,
}

impl Signals {
    pub fn range(&self, raw: &str) -> Option<Range> {
        self.elements.get(raw).copied()
    }

    pub fn parameter(&self, raw: &str) -> Option<&Parameter> {
        self.named.get(raw).map(|&at| &self.parameters[at])
    }

    pub fn length(&self, raw: &str) -> Option<usize> {
        self.lengths.get(raw).copied()
    }

    pub fn is_whole(&self, range: Range) -> bool {
        range.low == 0 && range.width == self.list[range.signal].width()
    }

    /// Claims a Verilog name for what Rust spells `owner`.
    pub fn claim(&mut self, name: &str, owner: &str) -> Result<(), Fault> {
        check_identifier(name)?;
        match self.names.insert(name.to_string(), owner.to_string()) {
            None => Ok(()),
            Some(other) => Err(Fault::new(
                EmitErrorKind::Collision,
                owner,
                format!("would be named {name} in Verilog, and so would {other}"),
                "rename one of the fields",
            )),
        }
    }

    /// The symbol table of `scope`; `is_register` tells which children live inside it as registers.
    pub fn of(scope: &Scope, is_register: &[bool]) -> Result<Self, Fault> {
        let mut table = Self::default();
        for atom in &scope.atoms {
            table.add_states(&atom.ty)?;
            if atom.kind == AtomKind::Constant {
                table.add_constant(atom)?;
            } else {
                let role = own_role(atom.kind).ok_or_else(|| foreign_kind(atom))?;
                table.add(atom, "", "", role)?;
            }
            table.count_length(&atom.raw);
        }
        for (index, child) in scope.children.iter().enumerate() {
            table.add_child(child, index, is_register[index])?;
        }
        Ok(table)
    }

    fn add_child(&mut self, child: &Scope, index: usize, register: bool) -> Result<(), Fault> {
        self.count_length(&child.raw);
        if !register {
            self.claim(&full_name(&child.raw), &rust_spelling(&child.raw))?;
        }
        for atom in &child.atoms {
            self.add_states(&atom.ty)?;
            let role = match (register, atom.kind, atom.raw.as_str()) {
                (true, _, "clock") => Role::RegisterClock,
                (true, _, "d") => Role::RegisterData,
                (true, _, _) => Role::RegisterState,
                (_, AtomKind::InputParameter, _) => Role::ChildInput(index),
                (_, AtomKind::OutputParameter | AtomKind::OutputPassthrough, _) => Role::ChildOutput(index),
                (_, AtomKind::InOutParameter, _) => Role::ChildInOut(index),
                _ => continue,
            };
            let instance = if register { packed_name(&child.raw) } else { full_name(&child.raw) };
            self.add(atom, &child.raw, &instance, role)?;
            self.count_length(&format!("{}${}", child.raw, atom.raw));
        }
        Ok(())
    }

    /// Declares an atom, or packs it behind the elements already there.
    fn add(&mut self, atom: &AtomInfo, owner: &str, instance: &str, role: Role) -> Result<(), Fault> {
        let port = packed_name(&atom.raw);
        let (raw, name) = if owner.is_empty() {
            (atom.raw.clone(), port.clone())
        } else {
            (format!("{owner}${}", atom.raw), format!("{instance}_{port}"))
        };
        if atom.width == 0 {
            return Err(Fault::new(
                EmitErrorKind::Width,
                rust_spelling(&raw),
                "has no bits",
                "leave the field out, or name it with a leading underscore",
            ));
        }
        let indexed = if matches!(role, Role::RegisterClock | Role::RegisterData | Role::RegisterState) {
            has_index(&raw)
        } else {
            has_index(&atom.raw)
        };
        let previous = self.packing.get(&name).copied().filter(|_| indexed);
        let id = match previous {
            Some(id) => id,
            None => {
                self.claim(&name, &rust_spelling(&raw))?;
                self.packing.insert(name.clone(), self.list.len());
                self.list.push(Signal {
                    name,
                    port,
                    raw: raw.clone(),
                    element: atom.width,
                    count: 0,
                    packed: indexed,
                    signed: atom.signed,
                    is_clock: atom.is_clock,
                    role,
                    ty: atom.ty.clone(),
                });
                self.list.len() - 1
            }
        };
        let signal = &mut self.list[id];
        let alike = signal.packed
            && signal.element == atom.width
            && signal.signed == atom.signed
            && signal.is_clock == atom.is_clock
            && signal.role == role;
        if signal.count > 0 && !alike {
            return Err(Fault::new(
                EmitErrorKind::Collision,
                rust_spelling(&raw),
                format!("would be packed into {} with elements of another kind", signal.name),
                "rename the field",
            ));
        }
        let range = Range { signal: id, low: signal.element * signal.count, width: atom.width };
        signal.count += 1;
        self.elements.insert(raw, range);
        Ok(())
    }

    fn add_constant(&mut self, atom: &AtomInfo) -> Result<(), Fault> {
        let name = full_name(&atom.raw);
        self.claim(&name, &rust_spelling(&atom.raw))?;
        let value = number_of(&atom.value).ok_or_else(|| {
            Fault::new(
                EmitErrorKind::Unsupported,
                rust_spelling(&atom.raw),
                "is a constant whose value rust-hdl does not tell",
                "use Bits, Signed or a LogicState",
            )
        })?;
        self.named.insert(atom.raw.clone(), self.parameters.len());
        self.parameters.push(Parameter { name, width: atom.width, signed: atom.signed, value });
        Ok(())
    }

    fn add_states(&mut self, ty: &TypeKind) -> Result<(), Fault> {
        match ty {
            TypeKind::Enum(states) => {
                let width = bits_for(states.len());
                for (value, state) in states.iter().enumerate() {
                    self.add_state(state, value, width)?;
                }
                Ok(())
            }
            TypeKind::Composite(fields) => fields.iter().try_for_each(|field| self.add_states(&field.kind.kind)),
            _ => Ok(()),
        }
    }

    fn add_state(&mut self, state: &str, value: usize, width: usize) -> Result<(), Fault> {
        let raw = state.replace("::", "$");
        let parameter =
            Parameter { name: state_name(state), width, signed: false, value: Number::from_u128(value as u128) };
        if let Some(known) = self.parameter(&raw) {
            return if *known == parameter {
                Ok(())
            } else {
                Err(Fault::new(
                    EmitErrorKind::Collision,
                    state,
                    "is a state of two different types of one name",
                    "rename one of the types",
                ))
            };
        }
        self.claim(&parameter.name, state)?;
        self.named.insert(raw, self.parameters.len());
        self.parameters.push(parameter);
        Ok(())
    }

    /// Counts element `base$7` towards the length of `base`, for every prefix of the name.
    fn count_length(&mut self, raw: &str) {
        let segments: Vec<&str> = raw.split('$').collect();
        for at in 1..segments.len() {
            if let Ok(index) = segments[at].parse::<usize>() {
                let length = self.lengths.entry(segments[..at].join("$")).or_insert(0);
                *length = (*length).max(index.saturating_add(1));
            }
        }
    }
}

fn own_role(kind: AtomKind) -> Option<Role> {
    match kind {
        AtomKind::InputParameter => Some(Role::Input),
        AtomKind::OutputParameter | AtomKind::OutputPassthrough => Some(Role::Output),
        AtomKind::InOutParameter => Some(Role::InOut),
        AtomKind::LocalSignal => Some(Role::Local),
        _ => None,
    }
}

fn foreign_kind(atom: &AtomInfo) -> Fault {
    Fault::new(
        EmitErrorKind::Unsupported,
        rust_spelling(&atom.raw),
        format!("is an atom of kind {:?}, which no module declares itself", atom.kind),
        "use Signal<In|Out|InOut|Local, T> or Constant<T>",
    )
}

fn has_index(raw: &str) -> bool {
    raw.split('$').any(|s| s.parse::<usize>().is_ok())
}

/// Bits rust-hdl gives an enumeration of `states` states.
fn bits_for(states: usize) -> usize {
    rust_hdl::prelude::clog2(states)
}

/// `State::WaitReady` as `STATE_WAIT_READY`.
pub(super) fn state_name(state: &str) -> String {
    state.split("::").map(|part| super::names::snake_case(part).to_ascii_uppercase()).collect::<Vec<_>>().join("_")
}

/// The value of a literal, which rust-hdl tells only as text (`8'hfb`); negative ones are refused.
pub(super) fn number_of(literal: &VerilogLiteral) -> Option<Number> {
    let text = format!("{literal:x}");
    let (_, digits) = text.split_once("'h")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| Number::from_hex(digits))
}
