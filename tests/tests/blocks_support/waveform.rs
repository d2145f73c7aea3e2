//! Excerpts of waveforms as text, kept in the block pages under hw/docs.

use std::path::Path;
use std::sync::Mutex;

use super::Dut;

/// Several tests of one program write to the same page.
static PAGES: Mutex<()> = Mutex::new(());

/// What is shown of a port.
struct Row {
    port: &'static str,
    /// Data are shown only while this port is high.
    valid: Option<&'static str>,
    cells: Vec<String>,
}

/// A table of ports over cycles.
pub struct Waveform(Vec<Row>);

impl Waveform {
    /// Of bits (`("valid", None)`) and data with what says that they matter (`("data", Some("valid"))`;
    /// `Some("")` for always).
    pub fn new(ports: &[(&'static str, Option<&'static str>)]) -> Self {
        let row = |&(port, valid)| Row { port, valid, cells: Vec::new() };
        Self(ports.iter().map(row).collect())
    }

    /// Notes the settled cycle.
    pub fn sample(&mut self, dut: &Dut) {
        for row in &mut self.0 {
            let text = match row.valid {
                None if dut.is(row.port) => "1".into(),
                None => ".".into(),
                Some(valid) if !valid.is_empty() && !dut.is(valid) => "-".into(),
                Some(_) => hexadecimal(&dut.words(row.port)),
            };
            row.cells.push(text);
        }
    }

    /// Cycles to show; none where a run of equal ones is left out.
    fn columns(&self) -> Vec<Option<usize>> {
        let cycles = self.0.first().map_or(0, |row| row.cells.len());
        let same = |a: usize, b: usize| self.0.iter().all(|row| row.cells[a] == row.cells[b]);
        let quiet = |at: usize| at > 0 && at + 1 < cycles && same(at - 1, at) && same(at, at + 1);
        let mut columns: Vec<Option<usize>> = (0..cycles).map(|cycle| (!quiet(cycle)).then_some(cycle)).collect();
        columns.dedup_by(|later, before| later.is_none() && before.is_none());
        columns
    }

    fn text(&self) -> String {
        let columns = self.columns();
        let names = self.0.iter().map(|row| row.port.len());
        let first = names.max().unwrap_or(0).max("cycle".len());
        let width = |cycle: usize| {
            let cells = self.0.iter().map(|row| row.cells[cycle].len());
            cells.max().unwrap_or(1).max(cycle.to_string().len())
        };
        let line = |head: &str, cell: &dyn Fn(usize) -> String| {
            let mut line = format!("{head:first$}");
            for column in &columns {
                match *column {
                    Some(cycle) => line.push_str(&format!("  {:>1$}", cell(cycle), width(cycle))),
                    None => line.push_str("  .."),
                }
            }
            line.push('\n');
            line
        };
        let mut text = line("cycle", &|cycle| cycle.to_string());
        for row in &self.0 {
            text.push_str(&line(row.port, &|cycle| row.cells[cycle].clone()));
        }
        text
    }

    /// Compares with the excerpt `name` of a page under hw/docs; with UPDATE_EXPECT=1 writes it there.
    ///
    /// # Panics
    /// When the page has no such excerpt or another one.
    pub fn expect(&self, page: &str, name: &str) {
        let _alone = PAGES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hw/docs").join(page);
        let shown = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let begin = format!("<!-- waveform {name} -->\n```text\n");
        let start = shown.find(&begin).unwrap_or_else(|| panic!("hw/docs/{page}: no waveform {name}")) + begin.len();
        let end =
            start + shown[start..].find("```").unwrap_or_else(|| panic!("hw/docs/{page}: waveform {name} has no end"));
        let text = self.text();
        if std::env::var("UPDATE_EXPECT").as_deref() == Ok("1") {
            let updated = format!("{}{text}{}", &shown[..start], &shown[end..]);
            std::fs::write(&path, updated).unwrap_or_else(|error| panic!("{page}: {error}"));
            return;
        }
        assert_eq!(
            shown[start..end],
            text,
            "hw/docs/{page} shows another waveform {name}; UPDATE_EXPECT=1 rewrites it"
        );
    }
}

fn hexadecimal(words: &[u32]) -> String {
    let digits: String = words.iter().rev().map(|word| format!("{word:08x}")).collect();
    let short = digits.trim_start_matches('0');
    if short.is_empty() {
        "0".into()
    } else {
        short.into()
    }
}
