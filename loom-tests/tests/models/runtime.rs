//! The whole runtime.
use mainspring::runtime::Builder;
use mainspring_loom::{model_with_preemptions, unexplored};

/// x
#[test]
fn a_spawned_task_is_joined() {
    model_with_preemptions(1, || {
        let runtime = unexplored(|| Builder::new_multi_thread().worker_threads(1).build().unwrap());
        let out = runtime.block_on(async { mainspring::spawn(async { 7 }).await.unwrap() });
        assert_eq!(out, 7);
        unexplored(|| drop(runtime));
    });
}
