use cortado_hw::{emit::Header, engine};
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let arch = cortado_arch::preset::by_name(&name).unwrap();
    let t = std::time::Instant::now();
    let h = Header { version: "0".into(), preset: name, architecture_hash: "0".into(), command: "x".into() };
    match engine::verilog(&arch, &h) { Ok(v) => print!("{v}"), Err(e) => { eprintln!("{e}"); std::process::exit(1) } }
    eprintln!("{:?}", t.elapsed());
}
