//! An executor without driver and timers.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use mainspring_executor::{Config, Environment, Executor};

/// Nothing surrounds the threads.
#[derive(Debug)]
struct Bare;

impl Environment for Bare {
    fn enter(&self, _seat: Option<usize>, body: &mut dyn FnMut()) {
        body();
    }

    fn unseat(&self) {}

    fn unpark(&self) {}

    fn wants_turn(&self) -> bool {
        false
    }

    fn tick(&self, _seat: usize) {}

    fn before_sleep(&self, _seat: usize) {}

    fn jobs_ended(&self) {}

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn turn_after_the_end(&self) {}

    fn shutdown(&self) {}
}

/// An executor of so many worker threads, with nothing round it.
pub(crate) fn executor(worker_threads: usize) -> Executor {
    let config = Config {
        worker_threads,
        max_standby_workers: 0,
        monitor_interval: None,
        max_blocking_threads: 1,
        max_computing_jobs: 1,
        max_waiting_offloads: 1,
        thread_keep_alive: Duration::ZERO,
        thread_stack_size: None,
        thread_name: Arc::new(|| "worker".to_owned()),
        on_thread_start: None,
        on_thread_stop: None,
        on_task_panic: None,
    };
    Executor::new(config, None, Box::new(Bare)).expect("loom has threads")
}
