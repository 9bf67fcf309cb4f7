//! What came to pass, as a table.

use gleaner_model::Lane;

use super::figures::{duration, fraction, number, whole};
use super::hosts::HOSTS;
use super::measure::Measure;
use super::scenario::{Asking, Scenario};
use super::shares::Errors;
use super::waits::Waits;
use super::work::Kind;

/// The table of a lived scenario.
#[must_use]
pub fn table(scenario: &Scenario, measure: &Measure) -> String {
    let mut lines = vec![head(scenario, measure), String::new()];
    lines.extend(lanes(measure));
    lines.push(String::new());
    if scenario.asking != Asking::Always {
        lines.extend(hosts(measure));
    }
    lines.extend(shares(measure));
    lines.extend(displacing(scenario, measure));
    lines.push(memory(measure));
    lines.join("\n")
}

fn head(scenario: &Scenario, measure: &Measure) -> String {
    let clock = |ms: u64| format!("{:02}:{:02}", ms / 3_600_000 % 24, ms / 60_000 % 60);
    let Scenario { name, from_ms, lasts_ms, packages, workers, slots, .. } = scenario;
    let jobs: u64 = measure.asked.iter().sum();
    let halved = scenario
        .halved
        .map_or_else(String::new, |(from, to)| format!(", half of them away from {} to {}", clock(from), clock(to)));
    format!(
        "{name}: {} to {}, {} jobs over {} packages; {} workers of {slots} slots{halved}; {HOSTS} hosts",
        clock(*from_ms),
        clock(from_ms + lasts_ms),
        number(jobs),
        number(*packages),
        number(*workers),
    )
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".into())
}

fn lanes(measure: &Measure) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<9}{:>11}{:>10}{:>11}{:>11} | wait for a start: {:<25} | {:<25}",
        "lane", "asked", "joined", "ended", "waiting", "crawls p50, p99, max", "analyses p50, p99, max"
    )];
    for lane in Lane::ALL {
        let at = lane.index();
        let [crawls, analyses] = Kind::ALL.map(|kind| waits(&measure.waits[at][kind as usize]));
        lines.push(format!(
            "{:<9}{:>11}{:>10}{:>11}{:>11} |                   {crawls:<25} | {analyses:<25}",
            lane.as_str(),
            number(measure.asked[at]),
            number(measure.attached[at]),
            number(measure.ended[at]),
            number(measure.queued[at]),
        ));
    }
    lines
}

fn waits(waits: &Waits) -> String {
    let at = |of_10_000| or_dash(waits.quantile(of_10_000).map(duration));
    if waits.count() == 0 { "-".into() } else { [at(5_000), at(9_900), at(10_000)].join(", ") }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

fn hosts(measure: &Measure) -> Vec<String> {
    let mut means: Vec<f64> = measure.hosts.iter().map(|host| host.mean).collect();
    means.sort_by(f64::total_cmp);
    let most = measure.hosts.iter().map(|host| host.most).fold(0.0, f64::max);
    let busy = means.iter().filter(|mean| **mean > 0.95).count();
    let requests: u64 = measure.hosts.iter().map(|host| host.granted).sum();
    vec![
        format!(
            "hosts     {} requests; of its budget a host was asked {} (least), {} (median), {} (most); {busy} of \
             {HOSTS} over 95 %",
            number(requests),
            percent(means[0]),
            percent(means[means.len() / 2]),
            percent(means[means.len() - 1]),
        ),
        format!("          in its busiest window, with its burst: {} at most", percent(most)),
    ]
}

fn shares(measure: &Measure) -> Vec<String> {
    let line = |name: &str, errors: &Errors| {
        let [mean, largest, total] = errors.summary()?;
        Some(format!(
            "shares    {name}: worst error of a minute {} in the mean and {} at most, over all {} contended minutes {}",
            percent(mean),
            percent(largest),
            errors.minutes(),
            percent(total),
        ))
    };
    let names = ["internal clients", "free clients", "bulk clients"];
    let clients = names.into_iter().zip(&measure.shares.clients).filter_map(|(name, errors)| line(name, errors));
    line("lanes", &measure.shares.lanes).into_iter().chain(clients).collect()
}

fn displacing(scenario: &Scenario, measure: &Measure) -> Vec<String> {
    let counters = measure.counters;
    let slot_ms: u64 = measure.slot_ms.iter().sum();
    let slots_ms: u64 = measure.windows.iter().map(|window| window.slots * scenario.window_ms()).sum();
    let part = |ms: u64| format!("{:.4} %", 100.0 * fraction(ms) / fraction(slot_ms.max(1)));
    let paid = measure.asked[Lane::Paid.index()].max(1);
    vec![
        format!(
            "displaced {} attempts, {:.2} for each paid job; {} resumed, {} handed back",
            number(counters.preempted),
            fraction(counters.preempted) / fraction(paid),
            number(counters.resumed),
            number(counters.handed_back),
        ),
        format!(
            "work lost {} of slot time by pre-emption ({}), {} by workers that went ({})",
            duration(counters.work_lost_ms),
            part(counters.work_lost_ms),
            duration(measure.lost_ms),
            part(measure.lost_ms),
        ),
        format!(
            "refused   {} asks, as too many waited for the same already: paid {}, internal {}, free {}, bulk {}; {} for other \
             reasons; {} jobs failed",
            number(measure.crowded.iter().sum()),
            number(measure.crowded[0]),
            number(measure.crowded[1]),
            number(measure.crowded[2]),
            number(measure.crowded[3]),
            number(measure.refused),
            number(measure.failed),
        ),
        format!(
            "slots     {} in use of those there were; paid {}, internal {}, free {}, bulk {} of the time in use",
            percent(fraction(slot_ms) / fraction(slots_ms.max(1))),
            percent(fraction(measure.slot_ms[0]) / fraction(slot_ms.max(1))),
            percent(fraction(measure.slot_ms[1]) / fraction(slot_ms.max(1))),
            percent(fraction(measure.slot_ms[2]) / fraction(slot_ms.max(1))),
            percent(fraction(measure.slot_ms[3]) / fraction(slot_ms.max(1))),
        ),
    ]
}

fn memory(measure: &Measure) -> String {
    let resident = measure.resident;
    let bytes = (resident.entries + resident.ids + resident.twins + resident.rest) as u64;
    let each = whole(fraction(bytes) / fraction(resident.jobs.max(1)));
    format!(
        "memory    {} jobs held at most, in {} MiB of the core's tables ({each} bytes each)",
        number(measure.held_most),
        bytes >> 20
    )
}
