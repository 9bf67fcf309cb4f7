//! Panels of curves, drawn as SVG by hand: a dozen kinds of shapes need no library.

use std::fmt::Write;

/// The drawing's width, and that of what is left of the curves.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 32.0;
const PANEL: f64 = 170.0;
const GAP: f64 = 62.0;
const TOP: f64 = 52.0;

/// How values become heights.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    Linear(f64),
    /// From one power of ten to another.
    Powers(i32, i32),
    /// Milliseconds from one to a day, as powers of ten are, with marks at times that people know.
    Times,
}

/// The marks of [`Scale::Times`].
const TIMES_MS: [f64; 9] = [1.0, 10.0, 100.0, 1e3, 1e4, 6e4, 6e5, 3.6e6, 3.6e7];
const DAY_MS: f64 = 8.64e7;

impl Scale {
    /// From 0 (bottom) to 1 (top).
    fn height(self, value: f64) -> f64 {
        let part = match self {
            Self::Linear(most) => value / most,
            Self::Powers(low, high) => {
                let power = value.max(f64::MIN_POSITIVE).log10();
                (power - f64::from(low)) / f64::from(high - low)
            }
            Self::Times => value.max(1.0).log10() / DAY_MS.log10(),
        };
        part.clamp(0.0, 1.0)
    }

    fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear(most) => (0..=4).map(|at| most * f64::from(at) / 4.0).collect(),
            Self::Powers(low, high) => (low..=high).map(|power| 10f64.powi(power)).collect(),
            Self::Times => TIMES_MS.to_vec(),
        }
    }
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Solid,
    Dashed,
    /// The area between it and the curve drawn before it in its panel.
    Area,
}

/// A curve: a value at each point of the time axis, or none.
pub(super) struct Curve {
    pub(super) colour: &'static str,
    pub(super) line: Line,
    pub(super) values: Vec<Option<f64>>,
}

/// What stands in the legend: a colour, or a kind of line with its dashes.
pub(super) enum Mark {
    Patch(&'static str),
    Line(&'static str, &'static str),
}

/// One diagram.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) scale: Scale,
    pub(super) label: fn(f64) -> String,
    pub(super) curves: Vec<Curve>,
}

/// A drawing: panels above one another over one axis of time.
pub(super) struct Drawing {
    pub(super) title: String,
    /// Marks and what they mean.
    pub(super) legend: Vec<(Mark, String)>,
    /// Marks on the axis of time, from 0 (left) to 1 (right).
    pub(super) times: Vec<(f64, String)>,
    pub(super) panels: Vec<Panel>,
}

fn across(part: f64) -> f64 {
    part.mul_add(WIDTH - LEFT - RIGHT, LEFT)
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, size: u8, what: &str) {
    let what = what.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="{size}">{what}</text>"#);
}

fn rule(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(out, r##"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" stroke="#ddd" fill="none"/>"##);
}

impl Drawing {
    pub(super) fn svg(&self) -> String {
        let panels = f64::from(u8::try_from(self.panels.len()).unwrap_or(u8::MAX));
        let height = panels.mul_add(PANEL + GAP, TOP);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             fill=\"#222\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        text(&mut out, (LEFT, 22.0), "start", 15, &self.title);
        self.legend(&mut out);
        let mut top = TOP + 26.0;
        for panel in &self.panels {
            self.axes(&mut out, panel, top);
            panel.curves(&mut out, top);
            top += PANEL + GAP;
        }
        out + "</svg>\n"
    }

    fn legend(&self, out: &mut String) {
        let mut x = LEFT;
        for (mark, name) in &self.legend {
            let _ = match mark {
                Mark::Patch(colour) => {
                    writeln!(out, r#"<rect x="{x:.1}" y="34" width="12" height="12" fill="{colour}"/>"#)
                }
                Mark::Line(colour, dashes) => writeln!(
                    out,
                    r#"<path d="M{x:.1} 40h14" stroke="{colour}" stroke-width="1.6" stroke-dasharray="{dashes}"/>"#
                ),
            };
            text(out, (x + 17.0, 44.0), "start", 12, name);
            x += 40.0 + 6.2 * f64::from(u8::try_from(name.len()).unwrap_or(u8::MAX));
        }
    }

    fn axes(&self, out: &mut String, panel: &Panel, top: f64) {
        text(out, (LEFT, top - 8.0), "start", 13, &panel.title);
        for tick in panel.scale.ticks() {
            let y = panel.scale.height(tick).mul_add(-PANEL, top + PANEL);
            rule(out, (LEFT, y), (WIDTH - RIGHT, y));
            text(out, (LEFT - 6.0, y + 4.0), "end", 11, &(panel.label)(tick));
        }
        for (part, name) in &self.times {
            rule(out, (across(*part), top), (across(*part), top + PANEL + 4.0));
            text(out, (across(*part), top + PANEL + 18.0), "middle", 11, name);
        }
    }
}

impl Panel {
    fn curves(&self, out: &mut String, top: f64) {
        for (at, curve) in self.curves.iter().enumerate() {
            let below = at.checked_sub(1).map(|below| &self.curves[below]);
            let (colour, path) = (curve.colour, self.path(curve, top));
            let _ = match curve.line {
                Line::Area => {
                    let floor = below.map_or_else(|| self.floor(curve, top), |below| self.points(below, top));
                    let back: String = floor.iter().rev().map(|(x, y)| format!("L{x:.1} {y:.1}")).collect();
                    writeln!(out, r#"<path d="{path}{back}Z" fill="{colour}"/>"#)
                }
                Line::Solid => writeln!(out, r#"<path d="{path}" stroke="{colour}" stroke-width="1.6" fill="none"/>"#),
                Line::Dashed => writeln!(
                    out,
                    r#"<path d="{path}" stroke="{colour}" stroke-width="1.3" stroke-dasharray="4 3" fill="none"/>"#
                ),
            };
        }
    }

    fn points(&self, curve: &Curve, top: f64) -> Vec<(f64, f64)> {
        let count = f64::from(u32::try_from(curve.values.len().max(1)).unwrap_or(u32::MAX));
        let points = (1_u32..).zip(&curve.values).filter_map(|(at, value)| {
            Some((across(f64::from(at) / count), self.scale.height((*value)?).mul_add(-PANEL, top + PANEL)))
        });
        points.collect()
    }

    fn floor(&self, curve: &Curve, top: f64) -> Vec<(f64, f64)> {
        self.points(curve, top).into_iter().map(|(x, _)| (x, top + PANEL)).collect()
    }

    fn path(&self, curve: &Curve, top: f64) -> String {
        let points = self.points(curve, top);
        let step = |(at, (x, y)): (usize, &(f64, f64))| format!("{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
        points.iter().enumerate().map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_follow_the_scale() {
        assert!((Scale::Linear(8.0).height(2.0) - 0.25).abs() < 1e-9);
        assert!((Scale::Powers(0, 4).height(100.0) - 0.5).abs() < 1e-9);
        assert!(Scale::Times.height(0.0).abs() < 1e-9 && (Scale::Times.height(DAY_MS) - 1.0).abs() < 1e-9);
        assert!(Scale::Powers(0, 4).height(0.0).abs() < 1e-9 && (Scale::Linear(1.0).height(5.0) - 1.0).abs() < 1e-9);
    }
}
