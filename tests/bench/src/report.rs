//! From times to a table.

use std::fmt;

use crate::contestants::Times;

/// One workload: its heading, its unit and how to get it out of [`Times`].
struct Workload {
    heading: &'static str,
    unit: &'static str,
    units_per_second: f64,
    get: fn(&Times) -> f64,
}

const WORKLOADS: [Workload; 3] = [
    Workload { heading: "GET of 1 KiB JSON", unit: "µs", units_per_second: 1e6, get: |times| times.get },
    Workload { heading: "POST of JSON", unit: "µs", units_per_second: 1e6, get: |times| times.post },
    Workload {
        heading: "download of 128 MiB",
        unit: "ms",
        units_per_second: 1e3,
        get: |times| times.download,
    },
];

/// What every contestant needed in every round. Displays as a Markdown table of medians, each with
/// its ratio to the first contestant's.
pub(crate) struct Report {
    rows: Vec<(&'static str, Vec<Times>)>,
}

impl Report {
    pub(crate) fn new(names: impl Iterator<Item = &'static str>) -> Self {
        Self { rows: names.map(|name| (name, Vec::new())).collect() }
    }

    /// Notes the times of one round.
    pub(crate) fn add(&mut self, contestant: &str, times: Times) {
        if let Some((_, rounds)) = self.rows.iter_mut().find(|(name, _)| *name == contestant) {
            rounds.push(times);
        }
    }

    fn median(rounds: &[Times], workload: &Workload) -> f64 {
        median(&rounds.iter().map(workload.get).collect::<Vec<_>>())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n| {:<30} |", "")?;
        for workload in &WORKLOADS {
            write!(f, " {:>20} |", workload.heading)?;
        }
        writeln!(f, "\n|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(WORKLOADS.len()))?;
        for (name, rounds) in &self.rows {
            write!(f, "| {name:<30} |")?;
            for workload in &WORKLOADS {
                let time = Self::median(rounds, workload);
                let base = self.rows.first().map_or(time, |(_, first)| Self::median(first, workload));
                let Workload { unit, units_per_second, .. } = workload;
                let cell = format!("{:.1} {unit} ({:.2})", time * units_per_second, time / base);
                write!(f, " {cell:>20} |")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The middle of the values, or the mean of the two middle ones; NaN when there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted[..] {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn ratios_are_to_the_first_row() {
        let mut report = Report::new(["plain", "ours"].into_iter());
        report.add("plain", Times { get: 0.000_05, post: 0.000_05, download: 0.1 });
        report.add("ours", Times { get: 0.000_06, post: 0.0001, download: 0.1 });
        let text = report.to_string();
        for cell in ["50.0 µs (1.00)", "60.0 µs (1.20)", "100.0 µs (2.00)", "100.0 ms (1.00)"] {
            assert!(text.contains(cell), "{cell} in {text}");
        }
    }
}
