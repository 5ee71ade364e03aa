//! Tasks that wake others and compute on.

use std::hint::spin_loop;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Runtime};
use mainspring::sync::mpsc::{Receiver, Sender, channel};
use mainspring::task::JoinHandle;
use mainspring::time::sleep;

use crate::attempts::within;

/// How long the monitor leaves a task behind another one at least: much longer than a busy machine leaves a
/// thread waiting that was woken.
const INTERVAL: Duration = Duration::from_millis(10);

/// So long that the monitor finds it.
const LONG: Duration = Duration::from_millis(60);

/// How often.
const ROUNDS: usize = 9;

fn two_workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let built = builder.worker_threads(2).monitor_interval(INTERVAL).build();
    built.expect("the system has threads")
}

fn compute(length: Duration) {
    let end = Instant::now() + length;
    while Instant::now() < end {
        spin_loop();
    }
}

/// One question: when it was asked, and on which thread.
type Question = (Instant, ThreadId);

/// Two tasks that talk. The one that is asked tells how long each question was on its way, and whether it came
/// from another thread. After each question the other one computes for so long.
fn talk(rounds: usize, length: Duration) -> (JoinHandle<()>, JoinHandle<Vec<(Duration, bool)>>) {
    let (ask, asked) = channel(1);
    let (answer, answered) = channel(1);
    let listens = mainspring::spawn(listen(asked, answer));
    let asks = mainspring::spawn(ask_and_compute(rounds, length, ask, answered));
    (asks, listens)
}

async fn listen(mut asked: Receiver<Question>, answer: Sender<()>) -> Vec<(Duration, bool)> {
    let mut questions = Vec::new();
    while let Some((since, thread)) = asked.recv().await {
        questions.push((since.elapsed(), thread != thread::current().id()));
        answer.send(()).await.expect("the other one waits");
    }
    questions
}

async fn ask_and_compute(
    rounds: usize,
    length: Duration,
    ask: Sender<Question>,
    mut answered: Receiver<()>,
) {
    for _ in 0..rounds {
        let question = (Instant::now(), thread::current().id());
        ask.send(question).await.expect("the other one waits");
        compute(length);
        answered.recv().await.expect("the other one answers");
        if !length.is_zero() {
            // By then the other worker sleeps.
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What they tell, in a runtime with two workers, after others of their kind that computed for long.
fn talk_after_computing(rounds: usize, length: Duration) -> Vec<(Duration, bool)> {
    let runtime = two_workers();
    let task = runtime.spawn(async move {
        let (asks, listens) = talk(ROUNDS, LONG);
        asks.await.expect("it ends");
        listens.await.expect("it ends");
        let (asks, listens) = talk(rounds, length);
        asks.await.expect("it ends");
        listens.await.expect("it ends")
    });
    runtime.block_on(task).expect("it ends")
}

fn median(questions: &[(Duration, bool)]) -> Duration {
    let mut waits: Vec<_> = questions.iter().map(|question| question.0).collect();
    waits.sort();
    waits[waits.len() / 2]
}

#[test]
fn a_task_woken_by_one_that_computes_on_each_time_is_run_elsewhere_at_once() {
    let measure = || median(&talk_after_computing(ROUNDS, LONG));
    within(measure, |median| *median < INTERVAL);
}

#[test]
fn so_is_a_task_woken_by_the_future_of_block_on() {
    let measure = || {
        let (ask, asked) = channel(1);
        let (answer, answered) = channel(1);
        let questions = two_workers().block_on(async {
            let listens = mainspring::spawn(listen(asked, answer));
            ask_and_compute(ROUNDS, LONG, ask, answered).await;
            listens.await.expect("it ends")
        });
        median(&questions)
    };
    within(measure, |median| *median < INTERVAL);
}

#[test]
fn tasks_that_compute_no_more_stay_on_one_worker() {
    let measure = || {
        let questions = talk_after_computing(20_000, Duration::ZERO);
        questions.iter().filter(|(_, is_far)| *is_far).count()
    };
    within(measure, |far| *far <= 1_000);
}
