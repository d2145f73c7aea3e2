//! Proofs about emitted Verilog, with the solver inside Yosys.

use cortado_cosim::cells;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What a proof is about.
#[derive(Clone)]
pub struct Claim {
    /// Of the folder its files are kept in.
    pub name: String,
    /// Verilog as emitted.
    pub text: String,
    /// The module that is proven.
    pub top: String,
    /// What is written into modules of the text, before their ends: assertions, assumptions and what they need.
    pub properties: Vec<(String, String)>,
    /// Modules whose outputs may do anything at any time.
    pub free: Vec<String>,
}

/// Outcome of a proof.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No assertion fails, ever.
    Proven,
    /// One fails so many cycles after the beginning.
    Refuted(usize),
    /// None fails soon after the beginning, and from some state that keeps all assertions a state is reached that does not.
    Open,
}

impl Claim {
    /// Tries induction over 1 to `most` cycles. `None`, said aloud, where Yosys is missing.
    ///
    /// # Panics
    /// When Yosys is missing and `CI=true`, or refuses the text.
    pub fn prove(&self, most: usize) -> Option<Verdict> {
        let yosys = yosys()?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/formal").join(&self.name);
        fs::create_dir_all(&folder).expect("the build folder can be written");
        fs::write(folder.join("design.v"), self.with_properties()).expect("the build folder can be written");
        fs::write(folder.join("prove.ys"), self.script(most)).expect("the build folder can be written");
        let output = Command::new(yosys).args(["-s", "prove.ys"]).current_dir(&folder).output().expect("Yosys runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        fs::write(folder.join("prove.log"), &said).expect("the build folder can be written");
        assert!(output.status.success(), "{}: {said}", self.name);
        assert!(said.contains("Import proof for assert"), "{}: nothing is asserted", self.name);
        let cycles = said.matches("[base case ").count();
        Some(match said {
            _ if said.contains("Induction step proven: SUCCESS!") => Verdict::Proven,
            _ if said.contains("model found for base case: FAIL!") => Verdict::Refuted(cycles),
            _ if said.contains("Reached maximum number of time steps") => Verdict::Open,
            _ => panic!("{}: {said}", self.name),
        })
    }

    /// The claim about the text with `from`, which is there once, replaced by `to`.
    ///
    /// # Panics
    /// When it is not, so that no mutation silently changes nothing.
    pub fn mutated(&self, name: &str, from: &str, to: &str) -> Claim {
        assert_eq!(self.text.matches(from).count(), 1, "{name}: {from:?} in\n{}", self.text);
        Claim { name: format!("{}-{name}", self.name), text: self.text.replacen(from, to, 1), ..self.clone() }
    }

    fn with_properties(&self) -> String {
        let mut text = self.text.clone();
        for (module, properties) in &self.properties {
            let start = text.find(&format!("module {module} (")).unwrap_or_else(|| panic!("no module {module}"));
            let end = start + text[start..].find("endmodule").expect("a module ends");
            text.insert_str(end, properties);
        }
        text
    }

    fn script(&self, most: usize) -> String {
        let free: String = self.free.iter().map(|module| format!("blackbox {module}\n")).collect();
        format!(
            "read_verilog -formal design.v\n{free}hierarchy -check -top {}\nproc\nflatten\ncutpoint -blackbox\nopt -full\n\
             memory_map\nopt -full\nasync2sync\nchformal -lower\nsetundef -undriven -anyseq\n\
             sat -tempinduct -prove-asserts -set-assumes -maxsteps {most}\n",
            self.top
        )
    }
}

fn yosys() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/tools/venv/bin");
    if cells::yosys_share(&tools).is_some() {
        let installed = tools.join("yosys");
        return Some(if installed.is_file() { installed } else { PathBuf::from("yosys") });
    }
    let missing = "Yosys is missing; `make tools` gets it";
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "{missing}");
    eprintln!("skipped: {missing}");
    None
}
