//! The design as rust-hdl shows it to a probe: scopes, their atoms, their code.

use rust_hdl::core::ast::{Verilog, VerilogLiteral};
use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::type_descriptor::TypeKind;
use rust_hdl::prelude::{Block, Probe};

/// One signal or constant of a scope.
pub(super) struct AtomInfo {
    /// rust-hdl's name within the scope, `port$3$data`.
    pub raw: String,
    pub kind: AtomKind,
    pub width: usize,
    pub signed: bool,
    pub is_clock: bool,
    pub ty: TypeKind,
    pub value: VerilogLiteral,
    pub connected: bool,
}

/// One block instance with everything below it.
pub(super) struct Scope {
    /// rust-hdl's instance name, `pe$3`.
    pub raw: String,
    pub atoms: Vec<AtomInfo>,
    pub children: Vec<Scope>,
    pub code: Verilog,
}

struct OpenScope {
    scope: Scope,
    namespace: Vec<String>,
}

/// Builds the tree of scopes during `Block::accept`.
#[derive(Default)]
struct Collector {
    stack: Vec<OpenScope>,
    root: Option<Scope>,
}

impl Collector {
    fn qualified(&self, name: &str) -> String {
        match self.stack.last() {
            Some(open) if !open.namespace.is_empty() => {
                format!("{}${name}", open.namespace.join("$"))
            }
            _ => name.to_string(),
        }
    }
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let raw = self.qualified(name);
        self.stack.push(OpenScope {
            scope: Scope { raw, atoms: Vec::new(), children: Vec::new(), code: node.hdl() },
            namespace: Vec::new(),
        });
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        if let Some(open) = self.stack.last_mut() {
            open.namespace.push(name.to_string());
        }
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let raw = self.qualified(name);
        let Some(open) = self.stack.last_mut() else {
            return;
        };
        let descriptor = signal.descriptor();
        open.scope.atoms.push(AtomInfo {
            raw,
            kind: signal.kind(),
            width: signal.bits(),
            signed: matches!(descriptor.kind, TypeKind::Signed(_)),
            is_clock: descriptor.name == "clock",
            ty: descriptor.kind,
            value: signal.verilog(),
            connected: signal.connected(),
        });
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        if let Some(open) = self.stack.last_mut() {
            open.namespace.pop();
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        let Some(open) = self.stack.pop() else {
            return;
        };
        match self.stack.last_mut() {
            Some(parent) => parent.scope.children.push(open.scope),
            None => self.root = Some(open.scope),
        }
    }
}

/// The tree of scopes below `block`; none when the block is no scope of its own (a bare signal).
pub(super) fn collect(top: &str, block: &dyn Block) -> Option<Scope> {
    let mut collector = Collector::default();
    block.accept(top, &mut collector);
    collector.root
}
