//! An executor without a driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainspring_executor::{Config, Environment, Executor};

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
    fn turn_after_the_end(&self) {}

    fn shutdown(&self) {}
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

pub(crate) fn config(worker_threads: usize) -> Config {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    Config {
        worker_threads,
        max_standby_workers: 4,
        busy_poll: Duration::ZERO,
        monitor_interval: Some(Duration::from_millis(1)),
        max_blocking_threads: 16,
        max_computing_jobs: 2,
        max_waiting_offloads: 2,
        thread_keep_alive: Duration::from_millis(200),
        thread_stack_size: None,
        thread_name: Arc::new(|| format!("bare-{}", NAMES.fetch_add(1, Ordering::Relaxed))),
        on_thread_start: None,
        on_thread_stop: None,
        on_task_panic: None,
    }
}

pub(crate) fn executor(worker_threads: usize) -> Executor {
    Executor::new(config(worker_threads), None, Box::new(Bare)).expect("threads can be started")
}

/// Both flavours: a behaviour must hold on each.
pub(crate) fn flavours() -> [Executor; 3] {
    [executor(0), executor(1), executor(2)]
}

/// Counts its drops.
#[derive(Clone)]
pub(crate) struct Dropped(pub(crate) Arc<AtomicUsize>);

impl Dropped {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(Arc::clone(&self.0))
    }
}

pub(crate) struct DropGuard(Arc<AtomicUsize>);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
