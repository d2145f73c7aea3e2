//! `cortado bench`: measures the figures, and puts them into the README.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::figures::{self, Bound, Figure};
use crate::files;
use clap::Args;
use std::path::Path;

const README: &str = "README.md";
const MOST_BYTES: u64 = 1 << 22;
/// The lines between which the README's table stands.
const MARKERS: [&str; 2] = ["<!-- figures: cortado bench --readme -->", "<!-- /figures -->"];

/// Arguments of `cortado bench`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Cases or single figures, as resnet8 or resnet8.wall_s [default: all]
    #[arg(value_name = "CASE")]
    cases: Vec<String>,
    /// Put the figures measured into the table of ./README.md; its other rows stay
    #[arg(long)]
    readme: bool,
}

/// Measures and prints figures, one line each. A target that is missed is told, not failed.
///
/// # Errors
/// A case is unknown, a tool is missing, a measurement fails, or the README has no place for the table.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let chosen = figures::select(&arguments.cases)?;
    // Found before minutes are spent on measuring.
    let readme = match arguments.readme {
        true => Some(Readme::open()?),
        false => None,
    };
    let measured = figures::measure(&chosen, console, |figure| console.answer(figure, line))?;
    match readme {
        Some(readme) => readme.write(&table(&rows(&measured, &readme.rows))),
        None => Ok(()),
    }
}

/// A value as people read it.
pub fn value(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// A target as people read it.
pub fn target(figure: &Figure) -> String {
    let sign = match figure.bound {
        Bound::Least => ">=",
        Bound::Most => "<=",
    };
    format!("{sign} {}", figure.target)
}

/// A reference as people read it.
pub fn reference(figure: &Figure) -> String {
    figure.reference.map_or(String::new(), |value| format!("{value} ({})", figure.reference_of))
}

fn line(figure: &Figure) -> String {
    let met = if figure.met { "met" } else { "missed" };
    format!(
        "{:<22} {:>8}   target {} {met}   {}, seed {}\n",
        figure.figure,
        value(figure.value),
        target(figure),
        figure.preset,
        figure.seed
    )
}

/// A row of the README's table, with the figure's name for what row it is.
struct Row {
    figure: String,
    line: String,
}

impl Row {
    fn new(figure: &Figure) -> Row {
        let line = format!(
            "| `{}` | {} | {} | {} | {} | `{}`, {}, {} |",
            figure.figure,
            figure.what,
            value(figure.value),
            target(figure),
            reference(figure),
            figure.preset,
            figure.seed,
            figure.tool
        );
        Row { figure: figure.figure.to_owned(), line }
    }

    /// The row a line of the table is; `None` for its heading.
    fn read(line: &str) -> Option<Row> {
        let (figure, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some(Row { figure: figure.to_owned(), line: line.to_owned() })
    }
}

/// Every figure's row: as measured now, else as it stood. A figure that is defined no more loses its row.
fn rows(measured: &[Figure], stood: &[Row]) -> Vec<String> {
    let measured: Vec<Row> = measured.iter().map(Row::new).collect();
    let row = |name: &str| measured.iter().chain(stood).find(|row| row.figure == name);
    figures::ALL.iter().filter_map(|figure| row(figure.name)).map(|row| row.line.clone()).collect()
}

fn table(rows: &[String]) -> String {
    let mut text =
        "| figure | what | value | target | reference | preset, seed, tool |\n|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        text.push_str(row);
        text.push('\n');
    }
    text
}

/// The README: its table, and what stands around it.
struct Readme {
    before: String,
    rows: Vec<Row>,
    after: String,
}

impl Readme {
    fn open() -> Result<Readme, Failure> {
        let bytes = files::read(Path::new(README), MOST_BYTES, "a README")?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::Refused(format!("{README}: not UTF-8 text")))?;
        Readme::split(&text).ok_or_else(|| {
            let [first, last] = MARKERS;
            Failure::Refused(format!("{README}: no lines {first:?} and {last:?} for the table to stand between"))
        })
    }

    fn split(text: &str) -> Option<Readme> {
        let [first, last] = MARKERS;
        let (before, rest) = text.split_once(first)?;
        let (table, after) = rest.split_once(last)?;
        let rows = table.lines().filter_map(Row::read).collect();
        Some(Readme { before: before.to_owned(), rows, after: after.to_owned() })
    }

    fn join(&self, table: &str) -> String {
        let [first, last] = MARKERS;
        format!("{}{first}\n{table}{last}{}", self.before, self.after)
    }

    fn write(&self, table: &str) -> Outcome {
        files::write(Path::new(README), self.join(table).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_replaced_between_its_markers_and_nothing_else_is() {
        let [first, last] = MARKERS;
        let text = format!("# x\n{first}\nold\n{last}\nend\n");
        let readme = Readme::split(&text).expect("both markers are there");
        let new = readme.join("| a |\n");
        assert_eq!(new, format!("# x\n{first}\n| a |\n{last}\nend\n"));
        assert_eq!(Readme::split(&new).map(|again| again.join("| a |\n")), Some(new));
        assert!(Readme::split(&format!("{last}\n{first}")).is_none());
    }
    #[test]
    fn rows_not_measured_stay_and_rows_of_unknown_figures_go() {
        let [first, last] = MARKERS;
        let [one, two] = [figures::ALL[0].name, figures::ALL[3].name];
        let stood = format!("{first}\n| figure |\n|---|\n| `{two}` | b |\n| `gone.x` | c |\n| `{one}` | a |\n{last}\n");
        let readme = Readme::split(&stood).expect("both markers are there");
        assert_eq!(rows(&[], &readme.rows), [format!("| `{one}` | a |"), format!("| `{two}` | b |")]);
    }
}
