//! Board tops as emitted, driven at their pins by the host's own library.

mod board_support;

use board_support::simulate;
use cortado_link::{Link, LinkError, Settings};
use std::time::Duration;

/// As long as a loaded machine may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings() -> Settings {
    Settings { patience: Duration::from_secs(20), tries: 3 }
}

#[test]
fn memory_is_written_and_read_back_over_the_pins() {
    let Some(bench) = simulate("icebreaker-4x4", 1) else { return };
    let mut board = Link::greet(bench, settings()).expect("the board answers");
    let known = *board.known();
    assert_eq!((known.port_bytes, known.memory_bits, known.busy, known.error), (4, 16, false, 0));
    let bytes: Vec<u8> = (0..1000u32).map(|at| (at * 7 + (at >> 8)) as u8).collect();
    for address in [0, 4, 65536 - 1000] {
        board.write(address, &bytes).expect("written");
        assert_eq!(board.read(address, bytes.len()).expect("read"), bytes, "at {address}");
    }
    assert!(matches!(board.write(65532, &[0; 8]), Err(LinkError::Request(_))));
    assert!(matches!(board.read(2, 4), Err(LinkError::Request(_))));
    assert_eq!(board.wait(PATIENCE).expect("nothing runs").busy, false);
    assert_eq!(board.line().line.broken(), 0);
}
