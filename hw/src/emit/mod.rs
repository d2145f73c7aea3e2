//! The only place that makes Verilog: a backend over rust-hdl's statement tree.
//!
//! `Block::accept` shows every scope with its atoms and its tree ([`collect`]). Each kind of module is
//! resolved to signals and statements with explicit widths ([`signals`], [`lower`], [`expr`]), proven
//! free of loops and latches ([`flow`]), placed into assignments and always blocks ([`place`]), wired
//! ([`connect`]) and printed ([`module`], [`print`]). Instances of one structure share a module.
//!
//! What a tree cannot say exactly is refused with an [`EmitError`]; nothing panics or prints.

mod check;
mod collect;
mod connect;
mod constant;
mod error;
mod expr;
mod flow;
mod frame;
pub mod idiom;
mod index;
mod ir;
mod lower;
mod module;
mod names;
mod place;
mod print;
mod signals;
mod text;
mod width;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use rust_hdl::core::ast::{Verilog, VerilogStatement};
use rust_hdl::core::atom::AtomKind;
use rust_hdl::prelude::Block;

use crate::cells::reg::initial_value;
use collect::{collect, Scope};
use error::Fault;
pub use error::{EmitError, EmitErrorKind};
use module::{module_text, ChildKind};
use names::{check_identifier, packed_name, rust_spelling, snake_case};
use text::{clean_comment, head_comment, kind_in_comment};

/// What the head of the file says about where it comes from. No date: two runs agree byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version of the generator.
    pub version: String,
    /// Name of the preset.
    pub preset: String,
    /// Hash of the architecture the preset stands for.
    pub architecture_hash: String,
    /// The command that makes this file again.
    pub command: String,
}

/// The Verilog of `block` and all below it, with `top_name` as its top module.
///
/// Runs `connect_all`; the inputs of the top count as connected. The other modules are named
/// `<top_name>_<kind>` after the block's head comment ([`idiom`]), else after the field of its first
/// instance; a number follows where kinds share a name.
///
/// # Errors
/// The first rule the design breaks ([`EmitErrorKind`]), with the module and the signal.
pub fn emit<B: Block>(top_name: &str, block: &mut B, header: &Header) -> Result<String, EmitError> {
    block.connect_all();
    check_identifier(top_name).map_err(|fault| fault.at(top_name))?;
    let mut root = collect(top_name, block).ok_or_else(|| {
        Fault::new(
            EmitErrorKind::Unsupported,
            top_name,
            "is no block of its own",
            "emit a struct with #[derive(LogicBlock)]",
        )
        .at(top_name)
    })?;
    clean_comments(&mut root);
    check::check_connected(&root, top_name)?;
    let mut writer = Writer::new(top_name);
    writer.scope(&root, top_name, true)?;
    Ok(writer.finish(header))
}

/// Writes each kind of module once.
struct Writer {
    top: String,
    /// The structure of each module written so far, to its name.
    known: HashMap<String, String>,
    names: HashSet<String>,
    modules: Vec<String>,
    /// Declarations of foreign modules, by name.
    foreign: BTreeMap<String, String>,
}

impl Writer {
    fn new(top: &str) -> Self {
        Self {
            top: top.to_string(),
            known: HashMap::new(),
            names: HashSet::from([top.to_string()]),
            modules: Vec::new(),
            foreign: BTreeMap::new(),
        }
    }

    /// Writes the modules of `scope` and below that are new; returns the module's name.
    fn scope(&mut self, scope: &Scope, path: &str, is_top: bool) -> Result<String, EmitError> {
        let mut children = Vec::with_capacity(scope.children.len());
        for child in &scope.children {
            let module = if is_register(child) {
                None
            } else {
                let path = format!("{path}.{}", rust_spelling(&child.raw));
                Some(self.scope(child, &path, false)?)
            };
            children.push(ChildKind { module });
        }
        let key = structure(scope, &children);
        if let Some(name) = self.known.get(&key).filter(|_| !is_top) {
            return Ok(name.clone());
        }
        let name = self.name(scope, is_top);
        check_identifier(&name).map_err(|fault| fault.at(path))?;
        let text = module_text(scope, &children, &name).map_err(|fault| fault.at(path))?;
        self.foreign(scope, path)?;
        if !text.is_empty() {
            self.modules.push(text);
        }
        self.known.insert(key, name.clone());
        Ok(name)
    }

    fn foreign(&mut self, scope: &Scope, path: &str) -> Result<(), EmitError> {
        let (name, code) = match &scope.code {
            Verilog::Blackbox(b) => (b.name.clone(), &b.code),
            Verilog::Wrapper(w) if !w.cores.trim().is_empty() => (w.cores.clone(), &w.cores),
            _ => return Ok(()),
        };
        match self.foreign.insert(name.clone(), code.clone()) {
            Some(other) if other != *code => Err(Fault::new(
                EmitErrorKind::Collision,
                name,
                "is a black box declared in two ways",
                "declare it in one text",
            )
            .at(path)),
            _ => Ok(()),
        }
    }

    fn name(&mut self, scope: &Scope, is_top: bool) -> String {
        if is_top {
            return self.top.clone();
        }
        if let Verilog::Blackbox(b) = &scope.code {
            return b.name.clone();
        }
        let kind = match head(scope).as_deref().and_then(kind_in_comment) {
            Some(word) => snake_case(word),
            None => packed_name(&scope.raw),
        };
        let base = format!("{}_{kind}", self.top);
        let mut name = base.clone();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        name
    }

    fn finish(self, header: &Header) -> String {
        let mut out = String::new();
        let fields = [
            ("Cortado", &header.version),
            ("preset", &header.preset),
            ("architecture", &header.architecture_hash),
            ("command", &header.command),
        ];
        for (what, value) in fields {
            let value: Vec<&str> = value.split_whitespace().collect();
            let _ = writeln!(out, "// {what} {}", value.join(" "));
        }
        out.push_str("\n`default_nettype none\n");
        for module in &self.modules {
            let _ = write!(out, "\n{module}");
        }
        for code in self.foreign.values() {
            let _ = write!(out, "\n{}\n", code.trim());
        }
        out.push_str("\n`default_nettype wire\n");
        out
    }
}

fn is_register(scope: &Scope) -> bool {
    initial_value(&scope.code).is_some()
}

/// Everything a module's text follows from, as one string.
fn structure(scope: &Scope, children: &[ChildKind]) -> String {
    let mut key = String::new();
    for atom in &scope.atoms {
        let _ =
            write!(key, "{} {:?} {} {} {} {:?}", atom.raw, atom.kind, atom.width, atom.signed, atom.is_clock, atom.ty);
        if atom.kind == AtomKind::Constant {
            let _ = write!(key, " {:x}", atom.value);
        }
        key.push(';');
    }
    for (child, kind) in scope.children.iter().zip(children) {
        let _ = write!(key, "{} {:?};", child.raw, kind.module);
        for atom in &child.atoms {
            let _ = write!(key, "{} {:?} {} {};", atom.raw, atom.kind, atom.width, atom.signed);
        }
    }
    let _ = write!(key, "{:?}", scope.code);
    key
}

fn head(scope: &Scope) -> Option<String> {
    match &scope.code {
        Verilog::Combinatorial(block) => match block.first() {
            Some(VerilogStatement::Comment(text)) => Some(text.clone()),
            _ => None,
        },
        Verilog::Custom(text) => head_comment(text).0.map(str::to_string),
        Verilog::Wrapper(wrapper) => head_comment(&wrapper.code).0.map(str::to_string),
        _ => None,
    }
}

/// Puts the text of top-level comments in place of the macro calls.
fn clean_comments(scope: &mut Scope) {
    if let Verilog::Combinatorial(block) = &mut scope.code {
        for statement in block {
            if let VerilogStatement::Comment(text) = statement {
                *text = clean_comment(text);
            }
        }
    }
    scope.children.iter_mut().for_each(clean_comments);
}
