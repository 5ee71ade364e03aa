//! `results.svg`: a bar for each ratio to tokio, on a logarithmic axis.

use std::fmt::Write as _;

use super::{Report, show_ratio};
use crate::TOKIO;

/// Pixels of a row.
const ROW: f64 = 18.0;

/// Pixels left of the axis, for the rows' names.
const NAMES: f64 = 240.0;

/// Pixels of the axis.
const AXIS: f64 = 560.0;

/// Pixels right of the axis, for the value of the longest bar.
const VALUES: f64 = 60.0;

/// Pixels above the rows, for the title and the axis' numbers.
const HEAD: f64 = 64.0;

/// Pixels below the rows.
const FOOT: f64 = 12.0;

/// Where the axis may have a line.
const TICKS: [f64; 13] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0,
];

/// The longest bar: a longer one is cut, and its value tells how long it is.
const LONGEST: f64 = 100.0;

const AHEAD: &str = "#2f6fb3";
const BEHIND: &str = "#c4572b";

/// From ratios to pixels.
struct Axis {
    least: f64,
    greatest: f64,
}

impl Axis {
    /// One that shows all of these, and 1.
    fn of(ratios: impl Iterator<Item = f64>) -> Self {
        let (least, greatest) = ratios.fold((0.5, 2.0), |(least, greatest), ratio| {
            (ratio.min(least), ratio.max(greatest))
        });
        let below = |tick: &&f64| **tick <= least;
        let above = |tick: &&f64| **tick >= greatest;
        Self {
            least: *TICKS.iter().rev().find(below).unwrap_or(&TICKS[0]),
            greatest: *TICKS.iter().find(above).unwrap_or(&LONGEST),
        }
    }

    fn x(&self, ratio: f64) -> f64 {
        let ratio = ratio.clamp(self.least, self.greatest);
        let part = (ratio / self.least).ln() / (self.greatest / self.least).ln();
        NAMES + part * AXIS
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let range = self.least..=self.greatest;
        TICKS.into_iter().filter(move |tick| range.contains(tick))
    }
}

impl Report<'_> {
    /// The text of `results.svg`.
    pub fn chart(&self) -> String {
        let bars: Vec<(&str, f64)> = self
            .rows
            .iter()
            .filter(|row| row.judged)
            .filter_map(|row| Some((row.name.as_str(), row.ratio(TOKIO)?.median)))
            .collect();
        let axis = Axis::of(bars.iter().map(|(_, ratio)| *ratio));
        let bottom = HEAD + bars.len() as f64 * ROW;
        let (width, height) = (NAMES + AXIS + VALUES, bottom + FOOT);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\" \
             fill=\"#222\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"12\" y=\"22\" font-size=\"15\">How many times as good as tokio Mainspring \
             is (1 = the same; logarithmic)</text>\n"
        );
        draw_grid(&mut svg, &axis, bottom);
        for (index, (name, ratio)) in bars.iter().enumerate() {
            draw_bar(&mut svg, &axis, HEAD + index as f64 * ROW, name, *ratio);
        }
        svg + "</svg>\n"
    }
}

/// A line for each tick, the one at 1 stronger.
fn draw_grid(svg: &mut String, axis: &Axis, bottom: f64) {
    for tick in axis.ticks() {
        let x = axis.x(tick);
        let (colour, width) = if tick == 1.0 {
            ("#222", 1.5)
        } else {
            ("#ddd", 1.0)
        };
        let (top, label) = (HEAD - 4.0, HEAD - 10.0);
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/>\n\
             <text x=\"{x:.1}\" y=\"{label}\" text-anchor=\"middle\" fill=\"#555\">{tick}</text>"
        );
    }
}

/// From the line at 1 to the ratio, with its value at its end.
fn draw_bar(svg: &mut String, axis: &Axis, top: f64, name: &str, ratio: f64) {
    let (one, end) = (axis.x(1.0), axis.x(ratio));
    let (left, width) = (one.min(end), (end - one).abs());
    let colour = if ratio < 1.0 { BEHIND } else { AHEAD };
    let (bar_top, bar_height, base) = (top + 3.0, ROW - 6.0, top + ROW - 5.0);
    // Right of the bar, also if it points to the left: there is room on that side for all.
    let (names_end, value_at) = (NAMES - 8.0, one.max(end) + 5.0);
    let value = show_ratio(ratio);
    let _ = writeln!(
        svg,
        "<text x=\"{names_end}\" y=\"{base}\" text-anchor=\"end\">{name}</text>\n\
         <rect x=\"{left:.1}\" y=\"{bar_top}\" width=\"{width:.1}\" height=\"{bar_height}\" \
         fill=\"{colour}\"/>\n\
         <text x=\"{value_at:.1}\" y=\"{base}\">{value}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::{measured, report};
    use super::*;

    #[test]
    fn the_axis_shows_all_ratios_and_one() {
        let axis = Axis::of([0.3, 40.0].into_iter());
        assert_eq!((axis.least, axis.greatest), (0.2, 50.0));
        assert!(axis.x(0.3) < axis.x(1.0) && axis.x(1.0) < axis.x(40.0));
        let axis = Axis::of([257.0].into_iter());
        assert_eq!((axis.least, axis.greatest), (0.5, 100.0));
        assert_eq!(axis.x(257.0), NAMES + AXIS);
        assert!(axis.ticks().any(|tick| tick == 1.0));
    }

    #[test]
    fn each_ratio_has_a_bar_and_its_value() {
        let measured = measured();
        let svg = report(&measured).chart();
        assert!(
            svg.contains(">slow/work</text>") && svg.contains(">0.50</text>"),
            "{svg}"
        );
        assert_eq!(svg.matches(BEHIND).count(), 1, "{svg}");
        assert_eq!(svg.matches(AHEAD).count(), 1, "{svg}");
    }
}
