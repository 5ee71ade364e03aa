//! The workloads under Criterion: `cargo bench -p mainspring-benches -- FILTER`.
//!
//! One program and not one a group: Criterion's filter selects as well, and linking takes longer
//! than many a group. Each runtime is started for its measurement and ended after it, so that the
//! idle threads of one do not disturb the other. (Smol's reactor has a thread that stays.)

use std::time::Duration;

use criterion::{Bencher, Criterion, SamplingMode, Throughput};
use mainspring_benches::measure::Effort;
use mainspring_benches::metric::Unit;
use mainspring_benches::workloads::{self, Amount, Iterated, Work, Workload};
use mainspring_benches::{Mainspring, Runtime, Smol, Tokio};

/// Criterion's hundred samples and eight seconds would be twenty minutes for all workloads;
/// the confidence intervals are narrow enough with these.
const SAMPLES: usize = 30;
const WARM_UP: Duration = Duration::from_millis(300);
const MEASUREMENT: Duration = Duration::from_millis(1_500);

/// Samples of a workload that measures itself, which takes up to seconds: the fewest that
/// Criterion allows.
const WHOLE_SAMPLES: usize = 10;

/// What such a workload's measurement takes, if it is not a fixed amount of work.
const WHOLE: Duration = Duration::from_millis(50);

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(WARM_UP)
        .measurement_time(MEASUREMENT)
        .configure_from_args();
    let ours = workloads::all::<Mainspring>();
    let tokio = workloads::all::<Tokio>();
    let smol = workloads::all::<Smol>();
    for ((ours, tokio), smol) in ours.iter().zip(&tokio).zip(&smol) {
        bench(&mut criterion, ours);
        bench(&mut criterion, tokio);
        bench(&mut criterion, smol);
    }
    criterion.final_summary();
}

/// The runtimes' results have one group, in which Criterion prints them together.
fn bench<R: Runtime>(criterion: &mut Criterion, workload: &Workload<R>) {
    let mut group = criterion.benchmark_group(workload.name);
    match &workload.work {
        Work::Iterated(iterated) => {
            group.throughput(match iterated.amount {
                Amount::Units(units) => Throughput::Elements(units),
                Amount::Bytes(bytes) => Throughput::Bytes(bytes),
            });
            // Started by the first sample: a benchmark that the filter leaves out starts nothing.
            let mut runtime = None;
            group.bench_function(R::NAME, |bencher| iterate(bencher, &mut runtime, iterated));
        }
        Work::Whole(_) => {
            group.sample_size(WHOLE_SAMPLES);
            group.sampling_mode(SamplingMode::Flat);
            group.bench_function(R::NAME, |bencher| repeat(bencher, workload));
        }
    }
    group.finish();
}

fn iterate<R: Runtime>(bencher: &mut Bencher<'_>, runtime: &mut Option<R>, iterated: &Iterated<R>) {
    let runtime = runtime.get_or_insert_with(|| {
        iterated
            .start_runtime()
            .expect("the system refuses a runtime's threads or descriptors")
    });
    bencher.iter_custom(|iterations| iterated.run(runtime, iterations).elapsed);
}

/// Criterion knows only times: of a workload that measures itself it gets the first figure that is
/// one. The others are in the tables of `compare`.
fn repeat<R: Runtime>(bencher: &mut Bencher<'_>, workload: &Workload<R>) {
    bencher.iter_custom(|iterations| {
        let one = || {
            let metrics = workload
                .measure(Effort::new(WHOLE))
                .expect("the system refuses what the workload needs");
            let time = metrics.iter().find(|metric| metric.unit == Unit::Time);
            let time = time.expect("a workload without a time");
            Duration::from_nanos(time.value as u64)
        };
        (0..iterations).map(|_| one()).sum()
    });
}
