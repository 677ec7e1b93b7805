//! Measures lines in turn and prints them.

use std::time::{Duration, Instant};

/// How often everything is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Each line once: it still runs.
    Once,
    /// A tenth of [`Self::Full`].
    Quick,
    Full,
}

impl Effort {
    /// Cargo says `--bench` when it wants to be told times.
    pub fn of_arguments(arguments: impl Iterator<Item = String>) -> Self {
        let arguments: Vec<String> = arguments.collect();
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        match (has("--bench"), has("--quick")) {
            (false, _) => Self::Once,
            (true, true) => Self::Quick,
            (true, false) => Self::Full,
        }
    }

    pub fn rounds(self, full: usize) -> usize {
        match self {
            Self::Once => 1,
            Self::Quick => full.div_ceil(10),
            Self::Full => full,
        }
    }
}

/// The time that `work` takes.
pub fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// What is measured: each call is one round, and says how long its interesting part took.
pub struct Line<'a> {
    name: String,
    /// What this line adds in bytes, if that is a question.
    bytes: Option<usize>,
    /// Documents, or megabytes, of one round.
    count: f64,
    /// A line that starts a process each time is measured in one of so many rounds.
    seldom: usize,
    work: Box<dyn FnMut() -> Duration + 'a>,
    times: Vec<Duration>,
}

impl<'a> Line<'a> {
    pub fn new(name: &str, work: impl FnMut() -> Duration + 'a) -> Self {
        let name = name.to_owned();
        Self { name, bytes: None, count: 1.0, seldom: 1, work: Box::new(work), times: Vec::new() }
    }

    pub fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes: Some(bytes), ..self }
    }

    pub fn with_count(self, count: f64) -> Self {
        Self { count, ..self }
    }

    pub fn seldom(self) -> Self {
        Self { seldom: 20, ..self }
    }

    fn median(&mut self) -> f64 {
        self.times.sort_unstable();
        self.times.get(self.times.len() / 2).copied().unwrap_or_default().as_secs_f64()
    }
}

/// Measures `rounds` rounds of all lines in turn, and prints them; `per_second` says what is counted, `bytes` what the
/// column of bytes means. The first line is the one that all are compared with.
pub fn print(title: &str, per_second: &str, bytes: &str, rounds: usize, mut lines: Vec<Line<'_>>) {
    for round in 0..rounds {
        for line in lines.iter_mut().filter(|line| round % line.seldom == 0) {
            let took = (line.work)();
            line.times.push(took);
        }
    }
    println!("\n{title}");
    println!("  {:<34}{:>12}{:>16}{:>16}{:>14}", "", "median", per_second, bytes, "to the first");
    let first = lines.first_mut().map_or(0.0, Line::median);
    for line in &mut lines {
        let median = line.median();
        let bytes = line.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        println!(
            "  {:<34}{:>9.3} ms{:>16.1}{:>16}{:>14.2}",
            line.name,
            median * 1_000.0,
            line.count / median,
            bytes,
            median / first
        );
    }
}
