//! What an echo takes without any runtime: the floor under `tcp_echo` and `udp_echo`.
//!
//! ```text
//! cargo run --release -p mainspring-benches --bin echo_floor -- [ROUNDS]
//! ```
//!
//! A loop on one thread makes the system calls that a runtime makes for a message there and back:
//! send, receive, wait in epoll, edge-triggered. Once with the receiving that finds nothing, which a
//! runtime cannot leave out where a message fills the buffer, and once without. The runtimes are
//! measured in turn with it, by the workloads of `compare`, in this process. All are medians over
//! the rounds of medians of a message. Linux only.

#[cfg(target_os = "linux")]
mod bare;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("echo_floor is for Linux");
    std::process::ExitCode::from(2)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::ExitCode;
    use std::time::Duration;

    use mainspring_benches::measure::{Contender, Effort};
    use mainspring_benches::metric::Unit;
    use mainspring_benches::{OURS, TOKIO};

    use super::bare::{self, Misses, Protocol};

    const ROUNDS: usize = 15;

    /// Of each measurement of a runtime.
    const BUDGET: Duration = Duration::from_millis(300);

    /// Of each measurement without one.
    const MESSAGES: u64 = 20_000;

    const ROWS: [(&str, Protocol); 3] = [
        ("tcp_echo/1", Protocol::Tcp),
        ("tcp_echo/current_thread", Protocol::Tcp),
        ("udp_echo/1", Protocol::Udp),
    ];

    pub(super) fn main() -> ExitCode {
        let rounds = match std::env::args().nth(1).map(|rounds| rounds.parse()) {
            None => ROUNDS,
            Some(Ok(rounds)) if rounds > 0 => rounds,
            Some(_) => {
                eprintln!("usage: echo_floor [ROUNDS], a number from 1");
                return ExitCode::from(2);
            }
        };
        println!(
            "| | no runtime | without the misses | {OURS} | {TOKIO} | {TOKIO} / no runtime | / without the misses | / {OURS} |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        for (workload, protocol) in ROWS {
            let measured = (0..rounds).map(|_| round(workload, protocol));
            match measured.collect::<Result<Vec<_>, _>>() {
                Ok(measured) => print_row(workload, &measured),
                Err(message) => {
                    eprintln!("{message}");
                    return ExitCode::FAILURE;
                }
            }
        }
        ExitCode::SUCCESS
    }

    /// Nanoseconds of a message there and back: without a runtime, without the misses, ours, tokio's.
    fn round(workload: &str, protocol: Protocol) -> Result<[f64; 4], String> {
        let bare = |misses| {
            bare::median(protocol, misses, MESSAGES)
                .map_err(|error| format!("without a runtime: {error}"))
        };
        Ok([
            bare(Misses::Made)?,
            bare(Misses::LeftOut)?,
            runtime(OURS, workload)?,
            runtime(TOKIO, workload)?,
        ])
    }

    fn runtime(name: &str, workload: &str) -> Result<f64, String> {
        let contender = Contender::called(name).ok_or_else(|| format!("no runtime {name}"))?;
        let metrics = contender.measure(workload, Effort::new(BUDGET))?;
        let p50 = metrics.iter().find(|metric| metric.name == "p50");
        p50.map(|metric| metric.value)
            .ok_or_else(|| format!("{workload} has no p50"))
    }

    fn print_row(workload: &str, rounds: &[[f64; 4]]) {
        let time = |column: usize| {
            let times = rounds.iter().map(|round| round[column]);
            Unit::Time.show(median(times))
        };
        let ratio = |column: usize| {
            let ratios = rounds.iter().map(|round| round[3] / round[column]);
            format!("{:.2}", median(ratios))
        };
        let cells = [
            time(0),
            time(1),
            time(2),
            time(3),
            ratio(0),
            ratio(1),
            ratio(2),
        ];
        println!("| {workload} | {} |", cells.join(" | "));
    }

    fn median(values: impl Iterator<Item = f64>) -> f64 {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }
}
