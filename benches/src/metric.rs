//! What a measurement yields: named figures, each with a unit that says which way is better.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes of memory.
    Bytes,
    /// Bytes in a second.
    Throughput,
    /// How many times as fast as the same work on one thread without a runtime.
    SpeedUp,
    /// Events.
    Count,
}

/// One figure of a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What was measured: `time`, `p99`. Unique in a workload, without spaces.
    pub name: String,
    /// What `value` counts.
    pub unit: Unit,
    /// The figure.
    pub value: f64,
    /// Whether it counts in the comparison; one that does not is there to explain the others.
    pub judged: bool,
}

impl Unit {
    const ALL: [Self; 5] = [
        Self::Time,
        Self::Bytes,
        Self::Throughput,
        Self::SpeedUp,
        Self::Count,
    ];

    /// The word for it in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "ns",
            Self::Bytes => "bytes",
            Self::Throughput => "bytes/s",
            Self::SpeedUp => "times",
            Self::Count => "count",
        }
    }

    /// How many times as good `ours` is as `theirs`. `None` if there is no such number.
    pub fn ratio(self, ours: f64, theirs: f64) -> Option<f64> {
        let ratio = match self {
            Self::Time | Self::Bytes | Self::Count => theirs / ours,
            Self::Throughput | Self::SpeedUp => ours / theirs,
        };
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }

    /// `value` for people: three digits and a unit.
    pub fn show(self, value: f64) -> String {
        let (factor, unit) = match self {
            Self::Time if value >= 1e9 => (1e9, " s"),
            Self::Time if value >= 1e6 => (1e6, " ms"),
            Self::Time if value >= 1e3 => (1e3, " us"),
            Self::Time => (1.0, " ns"),
            Self::Bytes => (1.0, " B"),
            Self::Throughput if value >= 1e9 => (1e9, " GB/s"),
            Self::Throughput => (1e6, " MB/s"),
            Self::SpeedUp => (1.0, "x"),
            Self::Count => (1.0, ""),
        };
        format!("{}{unit}", three_digits(value / factor))
    }
}

/// `value` with three digits, or all before the point, or fewer if it is small.
pub fn three_digits(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 0.1 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

impl Metric {
    /// A figure that counts in the comparison.
    pub fn new(name: &str, unit: Unit, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            value,
            judged: true,
        }
    }

    /// A time of so many nanoseconds.
    pub fn time(name: &str, nanoseconds: f64) -> Self {
        Self::new(name, Unit::Time, nanoseconds)
    }

    /// The same, only to explain others.
    #[must_use]
    pub fn aside(self) -> Self {
        Self {
            judged: false,
            ..self
        }
    }
}

/// A line from the process that measures to the one that compares.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judged = if self.judged { "judged" } else { "aside" };
        let (name, unit, value) = (&self.name, self.unit.name(), self.value);
        write!(f, "{name} {unit} {value} {judged}")
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let parse = || {
            let mut words = line.split_whitespace();
            let name = words.next()?.to_owned();
            let unit = words.next()?;
            let unit = Unit::ALL.into_iter().find(|known| known.name() == unit)?;
            let value = words.next()?.parse().ok()?;
            let judged = match words.next()? {
                "judged" => true,
                "aside" => false,
                _ => return None,
            };
            Some(Self {
                name,
                unit,
                value,
                judged,
            })
        };
        parse().ok_or_else(|| format!("no metric but: {line}"))
    }
}

/// Spans in order, for their percentiles.
#[derive(Debug)]
pub struct Sorted(Vec<Duration>);

impl Sorted {
    /// Puts the samples in order.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn new(mut samples: Vec<Duration>) -> Self {
        assert!(!samples.is_empty(), "a distribution of no samples");
        samples.sort_unstable();
        Self(samples)
    }

    /// The metric `p50`, `p99` and so on.
    pub fn percentile(&self, percent: usize) -> Metric {
        let index = (self.0.len() - 1) * percent / 100;
        Metric::time(&format!("p{percent}"), self.0[index].as_nanos() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_survives_its_way_to_the_other_process() {
        for unit in Unit::ALL {
            let metric = Metric::new("p99", unit, 1234.5678);
            assert_eq!(metric.to_string().parse(), Ok(metric.clone()));
            let aside = metric.aside();
            assert_eq!(aside.to_string().parse(), Ok(aside));
        }
    }

    #[test]
    fn a_line_that_is_no_metric_is_an_error() {
        for line in [
            "",
            "p99 ns",
            "p99 miles 1 judged",
            "p99 ns x judged",
            "p99 ns 1 so",
        ] {
            assert!(line.parse::<Metric>().is_err(), "{line}");
        }
    }

    #[test]
    fn the_better_one_has_the_ratio_above_one() {
        assert_eq!(Unit::Time.ratio(10.0, 20.0), Some(2.0));
        assert_eq!(Unit::Throughput.ratio(20.0, 10.0), Some(2.0));
        assert_eq!(Unit::Count.ratio(0.0, 0.0), None);
        assert_eq!(Unit::Count.ratio(0.0, 1.0), None);
    }

    #[test]
    fn values_have_three_digits_and_a_unit() {
        assert_eq!(Unit::Time.show(12.34), "12.3 ns");
        assert_eq!(Unit::Time.show(20_123.0), "20.1 us");
        assert_eq!(Unit::Throughput.show(2.5e9), "2.50 GB/s");
        assert_eq!(Unit::SpeedUp.show(1.874), "1.87x");
        assert_eq!(Unit::Bytes.show(321.7), "322 B");
    }

    #[test]
    fn percentiles_are_samples_at_their_place() {
        let sorted = Sorted::new((1..=101).rev().map(Duration::from_nanos).collect());
        assert_eq!(sorted.percentile(50), Metric::time("p50", 51.0));
        assert_eq!(sorted.percentile(99), Metric::time("p99", 100.0));
    }
}
