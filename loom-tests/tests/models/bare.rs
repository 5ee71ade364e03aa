//! An executor for models, with nothing round it but what the model wants.

use std::any::Any;
use std::sync::Arc as StdArc;
use std::task::{Wake, Waker};
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use mainspring_executor::{Config, Environment, Executor};
use mainspring_loom_tests::Mutant;

pub(crate) const fn mutant(name: &'static str, model: &'static str) -> Mutant {
    Mutant { name, model }
}

/// The surroundings of a thread: nothing, but for what a model asks about.
#[derive(Debug, Default)]
pub(crate) struct Bare {
    /// Set by a turn of what nobody turns any more.
    pub(crate) turned: Option<Arc<Gate>>,
    /// Counts the ends.
    pub(crate) ends: Option<Arc<AtomicUsize>>,
    /// Opened when the scheduler is dropped.
    #[expect(dead_code, reason = "it is there to be dropped")]
    pub(crate) gone: Option<OpenOnDrop>,
}

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

    fn turn_after_the_end(&self) {
        if let Some(gate) = &self.turned {
            gate.open();
        }
    }

    fn shutdown(&self) {
        if let Some(ends) = &self.ends {
            ends.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(crate) fn config(worker_threads: usize) -> Config {
    Config {
        worker_threads,
        max_standby_workers: 0,
        busy_poll: Duration::ZERO,
        monitor_interval: None,
        max_blocking_threads: 1,
        max_computing_jobs: 1,
        max_waiting_offloads: 1,
        thread_keep_alive: Duration::ZERO,
        thread_stack_size: None,
        thread_name: StdArc::new(|| "worker".to_owned()),
        on_thread_start: None,
        on_thread_stop: None,
        on_task_panic: None,
    }
}

/// An executor without driver and timers.
pub(crate) fn executor(worker_threads: usize) -> Executor {
    executor_in(worker_threads, Bare::default())
}

pub(crate) fn executor_in(worker_threads: usize, environment: Bare) -> Executor {
    Executor::new(config(worker_threads), None, Box::new(environment)).expect("loom has threads")
}

/// Counts its drop.
#[derive(Debug)]
pub(crate) struct Token(pub(crate) Arc<AtomicUsize>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What threads wait for, without the executor.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    bell: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.bell.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.open.lock().unwrap()
    }

    pub(crate) fn wait(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.bell.wait(open).unwrap();
        }
    }
}

/// Opens its gate when it is dropped.
#[derive(Debug)]
pub(crate) struct OpenOnDrop(pub(crate) Arc<Gate>);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A mark that is published by nothing but what comes after it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark(Arc<AtomicBool>);

impl Mark {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A gate that a waker opens.
pub(crate) struct WakerGate(Arc<Gate>);

impl WakerGate {
    pub(crate) fn pair() -> (Arc<Gate>, Waker) {
        let gate = Arc::new(Gate::default());
        (gate.clone(), Waker::from(StdArc::new(Self(gate))))
    }
}

impl Wake for WakerGate {
    fn wake(self: StdArc<Self>) {
        self.0.open();
    }
}
