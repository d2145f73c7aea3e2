//! A roofline with the layers of a network on it, as an SVG file of its own.

const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 400.0;
const LEGEND: f64 = 230.0;
/// Room at the right of the plot for layers without transfers.
const APART: f64 = 50.0;
const ROW: f64 = 15.0;

/// What is drawn.
pub struct Roofline {
    pub title: String,
    /// 10^9 operations a second of the whole array.
    pub peak_gops: f64,
    /// 10^9 bytes a second of long transfers.
    pub gigabytes_per_s: f64,
    pub layers: Vec<Layer>,
}

/// A layer's place under the roof.
pub struct Layer {
    pub name: String,
    /// Operations a byte; `None` for a layer without transfers.
    pub intensity: Option<f64>,
    pub gops: f64,
}

/// A logarithmic axis of whole decades.
struct Axis {
    low: i32,
    high: i32,
    start: f64,
    length: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, start: f64, length: f64) -> Axis {
        let usable = values.filter(|value| value.is_finite() && *value > 0.0).map(f64::log10);
        let (low, high) =
            usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low.is_finite() { (low.floor() as i32, high.ceil() as i32) } else { (0, 1) };
        Axis { low, high: high.max(low + 1), start, length }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        self.start + self.length * share.clamp(0.0, 1.0)
    }

    /// Powers of ten on the axis with their places.
    fn decades(&self) -> impl Iterator<Item = (String, f64)> + '_ {
        (self.low..=self.high).map(|power| {
            let value = 10f64.powi(power);
            (
                if power < 0 { format!("{value:.*}", power.unsigned_abs() as usize) } else { format!("{value}") },
                self.at(value),
            )
        })
    }
}

impl Roofline {
    /// The picture. Layers are numbered in execution order; the list beside the plot names them.
    pub fn svg(&self) -> String {
        let ridge = self.peak_gops / self.gigabytes_per_s;
        let intensities = self.layers.iter().filter_map(|layer| layer.intensity);
        let x = Axis::over(intensities.chain([ridge / 10.0, ridge * 10.0]), LEFT, WIDTH);
        let y = Axis::over(self.layers.iter().map(|layer| layer.gops).chain([self.peak_gops]), TOP + HEIGHT, -HEIGHT);
        let rows = self.layers.len() as f64 * ROW;
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let (width, height) = (right + APART + 30.0 + LEGEND, (bottom + 60.0).max(TOP + rows + 30.0));
        let title = escaped(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui,sans-serif\" \
             font-size=\"11\" role=\"img\" aria-label=\"roofline: {title}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"{LEFT}\" y=\"22\" font-size=\"14\">{title}</text>\n"
        );
        self.axes(&mut svg, &x, &y);
        self.roof(&mut svg, &x, &y, ridge);
        let points: Vec<(f64, f64)> = self
            .layers
            .iter()
            .map(|layer| (layer.intensity.map_or(right + APART - 14.0, |intensity| x.at(intensity)), y.at(layer.gops)))
            .collect();
        for (index, ((layer, point), label)) in self.layers.iter().zip(&points).zip(labels(&points)).enumerate() {
            let number = index + 1;
            svg.push_str(&format!(
                "<path d=\"M{0:.1} {1:.1}L{2:.1} {3:.1}\" stroke=\"#8a5a2b\"/><circle cx=\"{0:.1}\" cy=\"{1:.1}\" r=\"3\" fill=\"#8a5a2b\"/>\
                 <circle cx=\"{2:.1}\" cy=\"{3:.1}\" r=\"8\" fill=\"#8a5a2b\" stroke=\"#fff\"/>\
                 <text x=\"{2:.1}\" y=\"{4:.1}\" text-anchor=\"middle\" font-size=\"9\" fill=\"#fff\">{number}</text>\n",
                point.0,
                point.1,
                label.0,
                label.1,
                label.1 + 3.2
            ));
            svg.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{:.0}\">{number} {}, {:.2} GOPS</text>\n",
                right + APART + 24.0,
                TOP + 8.0 + index as f64 * ROW,
                escaped(&short(&layer.name)),
                layer.gops
            ));
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn axes(&self, svg: &mut String, x: &Axis, y: &Axis) {
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        for (label, at) in x.decades() {
            svg.push_str(&format!(
                "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#e4e4e4\"/><text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>\n",
                bottom + 16.0
            ));
        }
        for (label, at) in y.decades() {
            svg.push_str(&format!(
                "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#e4e4e4\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
                LEFT - 6.0,
                at + 4.0
            ));
        }
        svg.push_str(&format!(
            "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#888\"/>\n\
             <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">operations a byte, each byte weighed with gamma</text>\n\
             <text transform=\"translate(18 {:.0}) rotate(-90)\" text-anchor=\"middle\">GOPS</text>\n",
            LEFT + WIDTH / 2.0,
            bottom + 38.0,
            TOP + HEIGHT / 2.0
        ));
        if self.layers.iter().any(|layer| layer.intensity.is_none()) {
            svg.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">no</text><text x=\"{0:.0}\" y=\"{:.0}\" text-anchor=\"middle\">transfers</text>\n",
                right + APART - 14.0,
                bottom + 16.0,
                bottom + 29.0
            ));
        }
    }

    fn roof(&self, svg: &mut String, x: &Axis, y: &Axis, ridge: f64) {
        let right = LEFT + WIDTH;
        // The slope enters the plot at its left edge or from below.
        let least = 10f64.powi(x.low).max(10f64.powi(y.low) / self.gigabytes_per_s);
        let (from, to) = (x.at(least), x.at(ridge));
        let (low, high) = (y.at(least * self.gigabytes_per_s), y.at(self.peak_gops));
        svg.push_str(&format!(
            "<path d=\"M{from:.1} {low:.1}L{to:.1} {high:.1}H{:.1}\" fill=\"none\" stroke=\"#333\" stroke-width=\"2\"/>\n\
             <text x=\"{right:.0}\" y=\"{:.1}\" text-anchor=\"end\">{:.1} GOPS: every multiplier, every cycle</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.2} GB/s</text>\n",
            right + APART,
            high - 6.0,
            self.peak_gops,
            (from + to) / 2.0 - 8.0,
            (low + high) / 2.0 - 4.0,
            self.gigabytes_per_s
        ));
    }
}

/// Where the number of each point goes: below it, and further down until it is clear of those before.
fn labels(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const APART: f64 = 17.0;
    let mut placed: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for &(x, y) in points {
        let mut label = (x, y + 16.0);
        while placed.iter().any(|other| (other.0 - label.0).abs() < APART && (other.1 - label.1).abs() < APART) {
            label.1 += APART;
        }
        placed.push(label);
    }
    placed
}

/// The end of a name, where the names of a network's layers differ.
fn short(name: &str) -> String {
    const SHOWN: usize = 30;
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

    fn roofline(layers: Vec<Layer>) -> String {
        Roofline { title: "a<b>".to_owned(), peak_gops: 100.0, gigabytes_per_s: 10.0, layers }.svg()
    }

    #[test]
    fn every_layer_is_drawn_and_named_with_or_without_transfers() {
        let layer = |name: &str, intensity| Layer { name: name.to_owned(), intensity, gops: 50.0 };
        let svg = roofline(vec![layer("conv & relu", Some(20.0)), layer("pool", None)]);
        assert_eq!(svg.matches("r=\"3\"").count(), 2);
        assert!(svg.contains("1 conv &amp; relu, 50.00 GOPS") && svg.contains("2 pool"), "{svg}");
        assert!(svg.contains("transfers") && svg.contains("a&lt;b&gt;") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn numbers_of_layers_at_one_place_are_clear_of_each_other() {
        let labels = labels(&[(5.0, 5.0), (5.0, 5.0), (9.0, 6.0), (90.0, 5.0)]);
        assert_eq!(labels, [(5.0, 21.0), (5.0, 38.0), (9.0, 56.0), (90.0, 21.0)]);
    }

    #[test]
    fn a_roof_without_layers_is_drawn() {
        let svg = roofline(Vec::new());
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
