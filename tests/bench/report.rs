//! What is printed: a table for people, and one line of ratios for machines.

use std::time::Duration;

use serde_json::{Map, Number, Value};

/// One subject's figures of one round.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub cpu: Duration,
}

impl Sample {
    /// `latencies` are in order of length.
    pub fn new(times: u64, elapsed: Duration, cpu: Duration, latencies: &[Duration]) -> Self {
        let at = |share: f64| {
            let index = (latencies.len() as f64 * share) as usize;
            latencies.get(index.min(latencies.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        Sample {
            per_second: times as f64 / elapsed.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            cpu: cpu.div_f64(times.max(1) as f64),
        }
    }
}

/// One subject's figures of all rounds.
#[derive(Debug, Default)]
pub struct Series(pub Vec<Sample>);

impl Series {
    pub fn median(&self, figure: impl Fn(&Sample) -> f64) -> f64 {
        median(self.0.iter().map(figure).collect())
    }

    /// Processor time of one request, in microseconds.
    pub fn cpu_micros(&self) -> f64 {
        self.median(|sample| micros(sample.cpu))
    }

    /// Processor time of one request as a multiple of another subject's.
    pub fn cpu_over(&self, other: &Series) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(own, other)| micros(own.cpu) / micros(other.cpu)).collect())
    }

    /// This subject's rate as a share of another's: the median of the rounds, each of which measured both within
    /// seconds of each other.
    pub fn rate_over(&self, other: &Series) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(own, other)| own.per_second / other.per_second).collect())
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}

pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The head of a table about something.
pub fn print_head(about: &str) {
    println!("{about:<44}{:>12}{:>11}{:>11}{:>20}", "requests/s", "p50 ms", "p99 ms", "CPU µs a request");
}

/// A line of the table.
pub fn print_line(name: &str, series: &Series) {
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{name:<44}{:>12.0}{:>11.2}{:>11.2}{:>20.0}",
        series.median(|sample| sample.per_second),
        series.median(|sample| millis(sample.p50)),
        series.median(|sample| millis(sample.p99)),
        series.cpu_micros(),
    );
}

/// A name in the last line, and its number if it was measured.
pub type Figure = (&'static str, Option<f64>);

/// The last line: one JSON object, three decimals; null for what was not measured.
pub fn ratios(figures: &[Figure]) -> String {
    let number = |value: f64| Number::from_f64((value * 1000.0).round() / 1000.0);
    let value = |figure: Option<f64>| figure.and_then(number).map_or(Value::Null, Value::Number);
    let members = figures.iter().map(|(name, figure)| ((*name).to_owned(), value(*figure)));
    Value::Object(Map::from_iter(members)).to_string()
}
