//! Which curves are drawn of a scenario.

use gleaner_model::Lane;

use super::figures::{duration, fraction, number, whole};
use super::measure::{Measure, Window};
use super::scenario::{Asking, Scenario};
use super::svg::{Curve, Drawing, Line, Mark, Panel, Scale};

const COLOURS: [&str; 4] = ["#c0392b", "#8e5bb5", "#2e86c1", "#a5adb3"];
const BLACK: &str = "#222";

/// The drawing of a lived scenario.
pub(super) fn draw(scenario: &Scenario, measure: &Measure) -> String {
    let lanes = Lane::ALL.map(|lane| (Mark::Patch(COLOURS[lane.index()]), lane.as_str().to_owned()));
    let lines = [
        (Mark::Line(BLACK, "none"), "slots there are; all hosts".to_owned()),
        (Mark::Line(COLOURS[2], "none"), "99th percentile".to_owned()),
        (Mark::Line(COLOURS[2], "4 3"), "median".to_owned()),
    ];
    let mut panels = vec![slots(measure), queued(measure), waits(measure), displaced(scenario, measure)];
    if scenario.asking != Asking::Always {
        panels.push(hosts(measure));
    }
    let drawing = Drawing {
        title: format!("{}: {} jobs", scenario.name, number(measure.asked.iter().sum())),
        legend: lanes.into_iter().chain(lines).collect(),
        times: times(scenario),
        panels,
    };
    drawing.svg()
}

/// Some ten marks at round times of the day.
fn times(scenario: &Scenario) -> Vec<(f64, String)> {
    let steps = [10_000, 60_000, 15 * 60_000, 60 * 60_000, 2 * 3_600_000];
    let step = steps.into_iter().find(|step| scenario.lasts_ms / step <= 14).unwrap_or(4 * 3_600_000);
    let marks = (0..=scenario.lasts_ms / step).map(|at| at * step);
    marks
        .map(|at_ms| {
            let time = scenario.from_ms + at_ms;
            let mut name = format!("{:02}:{:02}", time / 3_600_000, time / 60_000 % 60);
            if step < 60_000 {
                name += &format!(":{:02}", time / 1_000 % 60);
            }
            (fraction(at_ms) / fraction(scenario.lasts_ms), name)
        })
        .collect()
}

fn curve(colour: &'static str, line: Line, measure: &Measure, value: impl Fn(&Window) -> Option<f64>) -> Curve {
    Curve { colour, line, values: measure.windows.iter().map(value).collect() }
}

fn slots(measure: &Measure) -> Panel {
    let up_to = |lane: usize| move |window: &Window| Some(fraction(window.running[..=lane].iter().sum()));
    let mut curves: Vec<_> = (0..4).map(|lane| curve(COLOURS[lane], Line::Area, measure, up_to(lane))).collect();
    curves.push(curve(BLACK, Line::Solid, measure, |window| Some(fraction(window.slots))));
    let most = measure.windows.iter().map(|window| window.slots).max().unwrap_or(1);
    Panel {
        title: "Slots in use".into(),
        scale: Scale::Linear(fraction(most)),
        label: |value| number(whole(value)),
        curves,
    }
}

fn queued(measure: &Measure) -> Panel {
    let of = |lane: usize| move |window: &Window| Some(fraction(window.queued[lane].max(1)));
    let most = measure.windows.iter().flat_map(|window| window.queued).max().unwrap_or(0);
    let powers = (3..9).find(|powers| most <= 10_u64.pow(*powers)).unwrap_or(9).cast_signed();
    Panel {
        title: "Tasks that wait for their turn".into(),
        scale: Scale::Powers(0, powers),
        label: |value| if value <= 1.0 { "0 or 1".into() } else { number(whole(value)) },
        curves: (0..4).map(|lane| curve(COLOURS[lane], Line::Solid, measure, of(lane))).collect(),
    }
}

fn waits(measure: &Measure) -> Panel {
    let p99 = |lane: usize| move |window: &Window| window.waits[lane].map(|(_, ms)| fraction(ms.max(1)));
    let median = |lane: usize| move |window: &Window| window.waits[lane].map(|(ms, _)| fraction(ms.max(1)));
    let solid = (0..4).map(|lane| curve(COLOURS[lane], Line::Solid, measure, p99(lane)));
    let dashed = (0..4).map(|lane| curve(COLOURS[lane], Line::Dashed, measure, median(lane)));
    Panel {
        title: "Wait for a start, of those started".into(),
        scale: Scale::Times,
        label: time,
        curves: dashed.chain(solid).collect(),
    }
}

/// A mark of the scale of times: `10 ms`, `1 min`.
fn time(ms: f64) -> String {
    duration(whole(ms)).replace(".0", "")
}

fn displaced(scenario: &Scenario, measure: &Measure) -> Panel {
    let per_minute = 60_000.0 / fraction(scenario.window_ms());
    let of = |window: &Window| fraction(window.displaced) * per_minute;
    let most = measure.windows.iter().map(of).fold(1.0, f64::max);
    Panel {
        title: "Attempts displaced a minute".into(),
        // Four marks at whole numbers.
        scale: Scale::Linear((most / 4.0).ceil() * 4.0),
        label: |value| format!("{value:.0}"),
        curves: vec![curve(COLOURS[0], Line::Solid, measure, |window| Some(of(window)))],
    }
}

fn hosts(measure: &Measure) -> Panel {
    Panel {
        title: "Requests, of what all hosts' budgets allow".into(),
        scale: Scale::Linear(1.0),
        label: |value| format!("{:.0} %", value * 100.0),
        curves: vec![curve(BLACK, Line::Solid, measure, |window| Some(window.host_use))],
    }
}
