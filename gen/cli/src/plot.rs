//! A curve as an SVG file of its own.

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 30.0;

/// What is drawn. Texts must be free of markup.
pub struct Curve<'a> {
    pub title: &'a str,
    pub x: &'a str,
    pub y: &'a str,
    /// Points with x ascending; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// A level to compare with, and its name.
    pub level: (f64, &'a str),
}

impl Curve<'_> {
    /// The picture.
    pub fn svg(&self) -> String {
        let finite = |&&(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
        let points: Vec<(f64, f64)> = self.points.iter().filter(finite).copied().collect();
        let last = points.last().map_or(1.0, |&(x, _)| x.max(1.0));
        let heights = || points.iter().map(|&(_, y)| y).chain([self.level.0, 0.0]);
        let (low, high) = (heights().fold(f64::INFINITY, f64::min), heights().fold(f64::NEG_INFINITY, f64::max));
        let range = if high > low { high - low } else { 1.0 };
        let place = |x: f64, y: f64| (LEFT + WIDTH * x / last, TOP + HEIGHT * (high - y) / range);
        let path: Vec<String> = points
            .iter()
            .map(|&(x, y)| {
                let (x, y) = place(x, y);
                format!("{x:.1} {y:.1}")
            })
            .collect();
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let (level, name) = self.level;
        let at_level = place(0.0, level).1;
        let Curve { title, x, y, .. } = self;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"system-ui,sans-serif\" \
             font-size=\"12\" role=\"img\" aria-label=\"{title}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"18\" font-size=\"14\">{title}</text>\n\
             <path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#888\"/>\n\
             <path d=\"M{LEFT} {at_level:.1}H{right}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/>\n\
             <text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\n",
            right + 30.0,
            bottom + 40.0,
            at_level + 14.0
        );
        for (value, y) in [(high, TOP + 4.0), (low, bottom)] {
            svg.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{y:.1}\" text-anchor=\"end\">{value:.2}</text>\n",
                LEFT - 6.0
            ));
        }
        svg.push_str(&format!(
            "<text x=\"{LEFT}\" y=\"{0:.0}\">0</text>\n<text x=\"{right}\" y=\"{0:.0}\" text-anchor=\"end\">{last}</text>\n\
             <text x=\"{1:.0}\" y=\"{2:.0}\" text-anchor=\"middle\">{x}</text>\n\
             <text transform=\"translate(16 {3:.0}) rotate(-90)\" text-anchor=\"middle\">{y}</text>\n",
            bottom + 16.0,
            LEFT + WIDTH / 2.0,
            bottom + 32.0,
            TOP + HEIGHT / 2.0
        ));
        if !path.is_empty() {
            let path = path.join("L");
            svg.push_str(&format!("<path d=\"M{path}\" fill=\"none\" stroke=\"#8a5a2b\" stroke-width=\"2\"/>\n"));
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_span_the_plot_and_gaps_are_left_out() {
        let points = vec![(0.0, f64::NAN), (50.0, -1.0), (100.0, 1.0)];
        let svg = Curve { title: "t", x: "x", y: "y", points, level: (1.0, "best") }.svg();
        assert!(svg.contains("d=\"M390.0 350.0L710.0 30.0\""), "{svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn a_curve_without_points_is_drawn_as_axes() {
        let svg = Curve { title: "t", x: "x", y: "y", points: Vec::new(), level: (0.0, "best") }.svg();
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
