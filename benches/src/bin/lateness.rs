//! How late sleeps end, on Mainspring and on tokio.
//!
//! ```text
//! cargo run --release -p mainspring-benches --bin lateness [-- SLEEPS]
//! ```
//!
//! A sleep's lateness is a distribution, of which the tail is what hurts; a rate, which is what
//! the other benchmarks give, would hide it. The runtimes take turns, since the machine's own
//! lateness drifts.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use mainspring_benches::{Mainspring, Runtime, Tokio};

/// Sleeps of each kind, unless the user says otherwise: the 99th percentile then has ten above it.
const SLEEPS: usize = 1_000;

/// Each kind is measured in so many turns.
const TURNS: usize = 10;

/// From below the tick of a coarse timer to well above it.
const DURATIONS: [Duration; 3] = [
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(10),
];

/// The runtime's worker threads.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let sleeps = match std::env::args().nth(1).map(|argument| argument.parse()) {
        None => SLEEPS,
        Some(Ok(sleeps)) if sleeps > 0 => sleeps,
        Some(_) => {
            eprintln!("usage: lateness [SLEEPS]");
            return ExitCode::from(2);
        }
    };
    println!("microseconds late        sleep       p50       p99       max");
    for duration in DURATIONS {
        if let Err(error) = compare(duration, sleeps) {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn compare(duration: Duration, sleeps: usize) -> std::io::Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let in_turn = sleeps.div_ceil(TURNS);
        ours.extend(lateness::<Mainspring>(duration, in_turn)?);
        theirs.extend(lateness::<Tokio>(duration, in_turn)?);
    }
    print_line(Mainspring::NAME, duration, ours);
    print_line(Tokio::NAME, duration, theirs);
    Ok(())
}

/// Sleeps in a task, while nothing else is to be done.
fn lateness<R: Runtime>(duration: Duration, sleeps: usize) -> std::io::Result<Vec<Duration>> {
    let runtime = R::multi_thread(WORKERS)?;
    let sleeper = async move {
        let mut lateness = Vec::with_capacity(sleeps);
        for _ in 0..sleeps {
            let begun = Instant::now();
            R::sleep(duration).await;
            let slept = begun.elapsed();
            assert!(
                slept >= duration,
                "a sleep of {duration:?} ended after {slept:?}"
            );
            lateness.push(slept - duration);
        }
        lateness
    };
    Ok(runtime.block_on(async { R::spawn(sleeper).await.expect("the sleeping task failed") }))
}

fn print_line(runtime: &str, duration: Duration, mut lateness: Vec<Duration>) {
    lateness.sort();
    let percentile = |percent: usize| {
        let index = (lateness.len() - 1) * percent / 100;
        lateness[index].as_micros()
    };
    println!(
        "{runtime:<17} {:>12} {:>9} {:>9} {:>9}",
        format!("{duration:?}"),
        percentile(50),
        percentile(99),
        percentile(100)
    );
}
