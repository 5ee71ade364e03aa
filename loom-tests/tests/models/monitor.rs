//! When the monitor sleeps: `executor/src/monitor.rs`.

use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::schedule::{Idle, Monitor};
use mainspring_loom::model;

/// the monitor goes to sleep ∥ a worker wakes up: the monitor stays awake, or is called. (A
/// monitor that sleeps beside an awake worker for good is a deadlock here.)
#[test]
fn the_monitor_does_not_sleep_beside_an_awake_worker() {
    model(|| {
        let shared = Arc::new((Idle::new(1), Monitor::new()));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.join();
                shared.1.worker_wakes();
            })
        };
        shared.1.sleep_unless(|| shared.0.anybody_awake());
        worker.join().unwrap();
    });
}
