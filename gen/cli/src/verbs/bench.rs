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
    /// Rewrite the table of ./README.md with the figures measured
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
        Some(readme) => readme.write(&table(&measured)),
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

fn table(figures: &[Figure]) -> String {
    let mut text =
        "| figure | what | value | target | reference | preset, seed, tool |\n|---|---|---|---|---|---|\n".to_owned();
    for figure in figures {
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | `{}`, {}, {} |\n",
            figure.figure,
            figure.what,
            value(figure.value),
            target(figure),
            reference(figure),
            figure.preset,
            figure.seed,
            figure.tool
        ));
    }
    text
}

/// The README around its table.
struct Readme {
    before: String,
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
        let (_, after) = rest.split_once(last)?;
        Some(Readme { before: before.to_owned(), after: after.to_owned() })
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
}
