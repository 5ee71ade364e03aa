//! The workloads under Criterion: `cargo bench -p mainspring-benches -- FILTER`.
//!
//! One program and not one a group: Criterion's filter selects as well, and linking takes longer
//! than many a group. Each runtime is started for its measurement and ended after it, so that the
//! idle threads of one do not disturb the other.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use mainspring_benches::workloads::{self, Workload};
use mainspring_benches::{Mainspring, Runtime, Tokio};

/// Criterion's hundred samples and eight seconds would be nine minutes for all workloads; the
/// confidence intervals are narrow enough with these.
const SAMPLES: usize = 30;
const WARM_UP: Duration = Duration::from_millis(300);
const MEASUREMENT: Duration = Duration::from_millis(1_500);

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(WARM_UP)
        .measurement_time(MEASUREMENT)
        .configure_from_args();
    for (ours, theirs) in workloads::all::<Mainspring>()
        .iter()
        .zip(&workloads::all::<Tokio>())
    {
        bench(&mut criterion, ours);
        bench(&mut criterion, theirs);
    }
    criterion.final_summary();
}

/// The two runtimes' results have one group, in which Criterion prints them together.
fn bench<R: Runtime>(criterion: &mut Criterion, workload: &Workload<R>) {
    let mut group = criterion.benchmark_group(workload.name);
    group.throughput(Throughput::Elements(workload.units));
    // Started by the first sample: a benchmark that the filter leaves out starts nothing.
    let mut runtime = None;
    group.bench_function(R::NAME, |bencher| {
        let runtime = runtime.get_or_insert_with(|| {
            workload
                .start_runtime()
                .expect("the system refuses a runtime's threads or descriptors")
        });
        bencher.iter_custom(|iterations| workload.run(runtime, iterations));
    });
    group.finish();
}
