//! Tasks that keep their worker to themselves, and others that wait for a turn meanwhile.

use std::hint::spin_loop;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{TASK_FAILED, WORKERS, Workload, in_task};
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Sorted};

/// How long a task blocks its thread.
const BLOCKS: Duration = Duration::from_millis(50);

/// How long a task computes after waking another one.
const COMPUTES: Duration = Duration::from_millis(20);

/// The ticker's sleep.
const TICK: Duration = Duration::from_millis(1);

/// Until the tasks of the second workload are at rest.
const REST: Duration = Duration::from_millis(2);

/// What a measurement takes at least: a runtime that is as late as it can be makes twenty ticks in
/// a second.
const SPAN: Duration = Duration::from_secs(2);

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::whole("blocked/1ms_ticker", ticker::<R>),
        Workload::whole("blocked/woken_by_computing", woken::<R>),
    ]
}

/// How late a sleep ends while as many tasks as there are workers block for 50 ms, yield, and block
/// again.
fn ticker<R: Runtime>(effort: Effort) -> io::Result<Vec<Metric>> {
    let runtime = R::multi_thread(WORKERS)?;
    let span = effort.at_least(SPAN);
    let late = in_task(&runtime, async move {
        let ended = Arc::new(AtomicBool::new(false));
        let blocker = || {
            let ended = Arc::clone(&ended);
            async move {
                // Ordering: Relaxed, since nothing else is told by it.
                while !ended.load(Ordering::Relaxed) {
                    thread::sleep(effort.part(BLOCKS));
                    R::yield_now().await;
                }
            }
        };
        let blockers: Vec<_> = (0..WORKERS).map(|_| R::spawn(blocker())).collect();
        let late = ticks::<R>(span).await;
        ended.store(true, Ordering::Relaxed);
        for blocker in blockers {
            blocker.await.expect(TASK_FAILED);
        }
        late
    });
    let late = Sorted::new(late);
    Ok(vec![late.percentile(50), late.percentile(99)])
}

async fn ticks<R: Runtime>(span: Duration) -> Vec<Duration> {
    let mut late = Vec::new();
    let first = Instant::now();
    loop {
        let begun = Instant::now();
        R::sleep(TICK).await;
        late.push(begun.elapsed().saturating_sub(TICK));
        if first.elapsed() >= span {
            return late;
        }
    }
}

/// How long a task waits that is woken by one that computes on, while another worker is idle.
fn woken<R: Runtime>(effort: Effort) -> io::Result<Vec<Metric>> {
    let runtime = R::multi_thread(WORKERS)?;
    let span = effort.at_least(SPAN / 2);
    let waits = in_task(&runtime, async move {
        let (wakes, mut woken) = mpsc::channel::<Instant>(1);
        let sleeper = R::spawn(async move {
            let mut waits = Vec::new();
            while let Some(sent) = woken.recv().await {
                waits.push(sent.elapsed());
            }
            waits
        });
        let first = Instant::now();
        loop {
            R::sleep(REST).await;
            wakes
                .send(Instant::now())
                .await
                .expect("the woken task is gone");
            compute(effort.part(COMPUTES));
            if first.elapsed() >= span {
                break;
            }
        }
        drop(wakes);
        sleeper.await.expect(TASK_FAILED)
    });
    let waits = Sorted::new(waits);
    Ok(vec![waits.percentile(50), waits.percentile(99).aside()])
}

fn compute(span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        spin_loop();
    }
}
