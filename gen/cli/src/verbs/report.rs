//! `cortado report`: the figures as an HTML page that needs nothing else.

use super::bench::{reference, target, value};
use crate::console::Console;
use crate::failure::Outcome;
use crate::figures::{self, Figure};
use crate::layers::{utilisation, Breakdown};
use crate::table::thousands;
use crate::{files, preset, rtl};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `cortado report`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The page
    #[arg(short, long, value_name = "FILE", default_value = "build/report.html")]
    out: PathBuf,
    /// Cases or single figures [default: all]
    #[arg(value_name = "CASE")]
    cases: Vec<String>,
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
    figures: Vec<Figure>,
}

/// Measures the figures and writes the page.
///
/// # Errors
/// As `bench`, or the page cannot be written.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let chosen = figures::select(&arguments.cases)?;
    let measured = figures::measure(&chosen, console, |_| Ok(()))?;
    files::write(&arguments.out, page(&measured).as_bytes())?;
    let report = Report { file: arguments.out.clone(), figures: measured };
    console.answer(&report, |report| format!("{} figures in {}\n", report.figures.len(), report.file.display()))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;\
color:#222;background:#fff}table{border-collapse:collapse}td,th{padding:.3rem .8rem .3rem 0;text-align:left;\
border-bottom:1px solid #ddd}td.n{text-align:right;font-variant-numeric:tabular-nums}.missed{color:#a33}\
svg text{font-size:12px;fill:currentColor}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th{border-color:#444}.missed{color:#e88}}";

fn page(figures: &[Figure]) -> String {
    let rows: String = figures.iter().map(row).collect();
    // Several figures may come from the runs of one network: each network is drawn once.
    let mut drawn: Vec<&str> = Vec::new();
    let mut plots = String::new();
    for figure in figures {
        let case = figure.figure.split_once('.').map_or(figure.figure, |(case, _)| case);
        if let Some(breakdown) = figure.breakdown.as_ref().filter(|_| !drawn.contains(&case)) {
            drawn.push(case);
            plots.push_str(&plot(case, figure, breakdown));
        }
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Cortado: figures</title>\
         <style>{STYLE}</style></head>\n<body><h1>Cortado {}: figures</h1>\n\
         <table><tr><th>figure</th><th>what</th><th>value</th><th>target</th><th>reference</th>\
         <th>preset</th><th>tool</th></tr>\n{rows}</table>\n{plots}</body></html>\n",
        rtl::VERSION
    )
}

fn row(figure: &Figure) -> String {
    let class = if figure.met { "n" } else { "n missed" };
    format!(
        "<tr><td>{}</td><td>{}</td><td class=\"{class}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        figure.figure,
        escaped(figure.what),
        value(figure.value),
        escaped(&target(figure)),
        escaped(&reference(figure)),
        escaped(&figure.preset),
        escaped(&figure.tool)
    )
}

/// Bars: one a layer, as high as cycles are many and as long as the array is used.
fn plot(case: &str, figure: &Figure, breakdown: &Breakdown) -> String {
    const WIDTH: f64 = 420.0;
    const LABELS: f64 = 330.0;
    const BAR: f64 = 20.0;
    let mac_units = preset::load(&figure.preset).map_or(1, |arch| arch.macs());
    let height = breakdown.layers.len() as f64 * BAR + 24.0;
    let total = LABELS + WIDTH + 180.0;
    let mut svg = format!(
        "<h2>{case} on {}</h2>\n<svg viewBox=\"0 0 {total} {height}\" width=\"100%\" role=\"img\" \
         aria-label=\"utilisation of each layer of {case}\">\n",
        escaped(&figure.preset)
    );
    for (index, layer) in breakdown.layers.iter().enumerate() {
        let used = utilisation(layer.macs, layer.cycles, mac_units);
        let y = index as f64 * BAR;
        let long = WIDTH * used.clamp(0.0, 1.0);
        svg.push_str(&format!(
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LABELS}\" y=\"{:.0}\" width=\"{long:.1}\" height=\"{:.0}\" fill=\"#8a5a2b\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{used:.3}, {} cycles</text>\n",
            LABELS - 8.0,
            y + 14.0,
            escaped(&short(&layer.name)),
            y + 3.0,
            BAR - 6.0,
            LABELS + long + 8.0,
            y + 14.0,
            thousands(layer.cycles)
        ));
    }
    let bottom = height - 20.0;
    svg.push_str(&format!(
        "<path d=\"M{LABELS} 0V{bottom}H{}V0\" fill=\"none\" stroke=\"#888\"/>\
         <text x=\"{LABELS}\" y=\"{height}\">0</text>\
         <text x=\"{}\" y=\"{height}\" text-anchor=\"end\">1: every multiplier, every cycle</text>\n</svg>\n",
        LABELS + WIDTH,
        LABELS + WIDTH
    ));
    svg.push_str(&format!(
        "<p>{} cycles for the input to arrive, {} for the output to leave.</p>\n",
        thousands(breakdown.input_cycles),
        thousands(breakdown.output_cycles)
    ));
    svg
}

/// The end of a name, where the names of a network's layers differ.
fn short(name: &str) -> String {
    const SHOWN: usize = 44;
    let length = name.chars().count();
    match length > SHOWN {
        true => format!("...{}", name.chars().skip(length - SHOWN).collect::<String>()),
        false => name.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Layer;

    #[test]
    fn the_page_draws_each_network_once_and_escapes_names() {
        let breakdown = Breakdown {
            layers: vec![Layer { name: "a<b> & c".to_owned(), macs: 12_800, cycles: 200 }],
            input_cycles: 5,
            output_cycles: 7,
        };
        let figure = |name| Figure {
            figure: name,
            value: 0.5,
            target: 0.9,
            reference: None,
            seed: 1,
            bound: figures::Bound::Least,
            met: false,
            preset: preset::DEFAULT.to_owned(),
            version: rtl::VERSION,
            tool: String::new(),
            what: "",
            reference_of: "",
            breakdown: Some(breakdown.clone()),
        };
        let page = page(&[figure("resnet8.utilisation"), figure("resnet8.wall_s")]);
        assert_eq!(page.matches("<svg").count(), 1);
        assert!(page.contains("a&lt;b&gt; &amp; c") && page.contains("0.500, 200 cycles"), "{page}");
        assert!(!page.contains("http"), "self-contained");
    }
}
