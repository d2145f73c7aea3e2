//! A board's clock and reset.

use crate::cells::reg::Reg;
use crate::{comment, dff_setup, make};
use cortado_arch::board_top::Pll;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// The engine's clock, made of the oscillator's by the part's PLL.
///
/// In simulation there is no PLL: one cycle of the oscillator is one of the engine's clock.
///
/// | port | what |
/// |---|---|
/// | `oscillator` | the pin |
/// | `made` | the engine's clock |
/// | `locked` | it is steady |
#[derive(LogicBlock)]
pub struct ClockMaker {
    /// The pin.
    pub oscillator: Signal<In, Clock>,
    /// The engine's clock.
    pub made: Signal<Out, Clock>,
    /// It is steady.
    pub locked: Signal<Out, Bit>,
    _pll: Pll,
    _oscillator_khz: u32,
}

impl ClockMaker {
    /// With the setting `pll`.
    pub fn new(pll: Pll, oscillator_khz: u32) -> Self {
        make!(oscillator made locked; _pll: pll, _oscillator_khz: oscillator_khz)
    }

    /// The PLL's instances, each under the macro of its part.
    fn instances(&self) -> String {
        match self._pll {
            Pll::Ice40(pll) => {
                let parameters = format!(
                    ".FEEDBACK_PATH(\"SIMPLE\"), .DIVR(4'd0), .DIVF(7'd{}), .DIVQ(3'd{}), .FILTER_RANGE(3'd1)",
                    pll.divf, pll.divq
                );
                // The UP5K's PLL sits behind the oscillator's pad; the HX8K's takes it from the fabric.
                let instance = |kind: &str, input: &str| {
                    format!(
                        "    {kind} #({parameters}) pll (\n        .{input}(oscillator), .PLLOUTGLOBAL(made), .LOCK(locked), \
                         .RESETB(1'b1), .BYPASS(1'b0)\n    );\n"
                    )
                };
                format!(
                    "`ifdef CORTADO_CELLS_UP5K\n{}`elsif CORTADO_CELLS_HX8K\n{}",
                    instance("SB_PLL40_PAD", "PACKAGEPIN"),
                    instance("SB_PLL40_CORE", "REFERENCECLK")
                )
            }
            Pll::Ecp5(pll) => format!(
                "`ifdef CORTADO_CELLS_ECP5
    (* FREQUENCY_PIN_CLKI = \"{}\", FREQUENCY_PIN_CLKOP = \"{}\", ICP_CURRENT = \"12\", LPF_RESISTOR = \"8\" *)
    EHXPLLL #(
        .CLKI_DIV({}), .CLKFB_DIV({}), .CLKOP_DIV({output}), .CLKOP_ENABLE(\"ENABLED\"), .CLKOP_CPHASE({phase}),
        .CLKOP_FPHASE(0), .FEEDBK_PATH(\"CLKOP\"), .OUTDIVIDER_MUXA(\"DIVA\"), .PLLRST_ENA(\"DISABLED\"),
        .INTFB_WAKE(\"DISABLED\"), .STDBY_ENABLE(\"DISABLED\"), .DPHASE_SOURCE(\"DISABLED\")
    ) pll (
        .CLKI(oscillator), .CLKFB(made), .CLKOP(made), .LOCK(locked), .RST(1'b0), .STDBY(1'b0), .CLKINTFB(),
        .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
        .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
    );
",
                f64::from(self._oscillator_khz) / 1e3,
                Pll::Ecp5(pll).khz(self._oscillator_khz) / 1e3,
                pll.reference,
                pll.feedback,
                output = pll.output,
                phase = pll.output - 1,
            ),
        }
    }
}

impl Logic for ClockMaker {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.made.connect();
        self.locked.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// ClockMaker: the engine's clock from the board's oscillator\n{}`else\n    assign made = oscillator;\n    assign locked = 1'b1;\n`endif\n",
            self.instances()
        ))
    }
}

/// Reset until the clock has been steady for 1024 cycles, and while a button is held.
///
/// An iCE40's block RAM cannot be read in the first 10 microseconds after configuration, which this is longer than.
///
/// | port | what |
/// |---|---|
/// | `steady` | the clock may be used; in no step with it |
/// | `reset` | high at first, and from the cycle after next on while `steady` is low |
#[derive(LogicBlock, Default)]
pub struct ResetMaker {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The clock may be used.
    pub steady: Signal<In, Bit>,
    /// For all that has one.
    pub reset: Signal<Out, Bit>,
    near: Reg<Bit>,
    level: Reg<Bit>,
    /// Its upper bit tells that it is over.
    waited: Reg<Bits<11>>,
}

impl Logic for ResetMaker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ResetMaker: reset until the clock has been steady for a while");
        dff_setup!(self, clock, near, level, waited);
        self.near.d.next = self.steady.val();
        self.level.d.next = self.near.q.val();
        self.reset.next = !self.waited.q.val().get_bit(10);
        if !self.level.q.val() {
            self.waited.d.next = bits::<11>(0);
        } else if !self.waited.q.val().get_bit(10) {
            self.waited.d.next = self.waited.q.val() + 1;
        }
    }
}
