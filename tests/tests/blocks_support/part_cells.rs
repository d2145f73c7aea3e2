//! The multiplier and memory blocks of the parts, so that what synthesis takes can be simulated.

use cortado_cosim::cells;
use cortado_hw::emit::EmitError;
use std::path::Path;

/// Whose blocks a design is emitted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartCells {
    /// `MULT18X18D` and `DP16KD`: our own models, for Yosys has none.
    Ecp5,
    /// `SB_MAC16`: the model that comes with Yosys.
    Up5k,
}

impl PartCells {
    /// The emitted text with the part's cells chosen and their models behind it. `None`, said aloud, where
    /// `make tools` has not brought Yosys' models.
    ///
    /// # Panics
    /// When the models are missing and `CI=true`.
    pub fn choose(self, text: Result<String, EmitError>) -> Option<Result<String, EmitError>> {
        let (name, models) = match self {
            PartCells::Ecp5 => ("CORTADO_CELLS_ECP5", cells::ecp5_own()),
            PartCells::Up5k => ("CORTADO_CELLS_UP5K", ice40()?),
        };
        Some(text.map(|text| format!("`define {name}\n{text}\n{models}")))
    }
}

fn ice40() -> Option<String> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/tools/venv/bin");
    let models = cells::yosys_share(&tools).map(|share| cells::ice40(&share).expect("Yosys' models are files"));
    if models.is_none() {
        let missing = "Yosys' models of the iCE40 are missing; `make tools` gets them";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
        eprintln!("skipped: {missing}");
    }
    models
}
