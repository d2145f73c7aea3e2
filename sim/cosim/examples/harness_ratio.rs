//! Prints `harness.ratio` for a small engine with a multiply-accumulate array of a chosen size:
//! `cargo run --release -p cortado-cosim --example harness_ratio -- 256`

#[path = "../tests/common/copier.rs"]
mod copier;

use cortado_cosim::{find_verilator, harness_ratio, BuildOptions, MemoryModel, RunOptions};

/// The copying engine with an array that works on the data that pass.
fn engine_with_array(cells: usize) -> String {
    let cell = |n: usize| {
        let (a, b) = (n * 8 % 32, (n * 8 + 8) % 32);
        format!("  reg signed [23:0] cell{n}; always @(posedge clock) if (moved) cell{n} <= cell{n} + $signed(write_data[{a} +: 8] ^ 8'd{}) * $signed(write_data[{b} +: 8]);\n", n % 256)
    };
    let cells_text: String = (0..cells).map(cell).collect();
    let sum: Vec<String> = (0..cells).map(|n| format!("cell{n}")).collect();
    let sum = if cells == 0 {
        "24'd0".into()
    } else {
        sum.join(" ^ ")
    };
    copier::copier(4)
        .replace(
            "output wire array_active",
            "output wire array_active, output wire [23:0] array_sum",
        )
        .replace(
            "endmodule",
            &format!("{cells_text}  assign array_sum = {sum};\nendmodule"),
        )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cells = std::env::args()
        .nth(1)
        .map_or(Ok(64), |text| text.parse())?;
    let verilator = find_verilator()?;
    println!("{}", verilator.identity());
    let mut program = vec![[0x1000, 0x8000, 60, 100]; 30];
    program.push([0, 0, 0, 0]);
    let memory = copier::image(4, &program);
    let build = BuildOptions::new("build/cosim");
    // One burst at a time, as in the plain loop, so that both run the same cycles.
    let memory_model = MemoryModel {
        max_outstanding: 1,
        ..MemoryModel::default()
    };
    let options = RunOptions {
        memory: memory_model,
        ..RunOptions::new(10_000_000)
    };
    let found = harness_ratio(
        &verilator,
        "copier",
        &engine_with_array(cells),
        &build,
        &memory,
        &options,
        5,
    )?;
    println!(
        "{cells} cells: harness {:.2} Mcycles/s, plain loop {:.2} Mcycles/s, harness.ratio {:.3}",
        found.harness_cycles_per_second / 1e6,
        found.plain_cycles_per_second / 1e6,
        found.ratio()
    );
    Ok(())
}
