//! Blocking where one stands.

use crate::context;
use crate::coop;

/// Runs `f`, which blocks or computes, on this thread, after giving the worker that this thread is
/// to another one: other tasks go on meanwhile.
///
/// It works everywhere. In a task, or in `block_on`'s future, of a multi-thread runtime the other
/// tasks go on elsewhere. On the current-thread flavour there is no elsewhere: `f` just runs, and the
/// others wait, as they do if the system refuses a thread. Outside a runtime `f` just runs.
///
/// Inside `f` it is allowed to call `Handle::block_on`. The other branches of a `select!` or `join!`
/// around the call wait for `f`: where that matters, [`spawn_blocking`](crate::spawn_blocking) is
/// the better choice.
///
/// # Panics
///
/// If `f` does.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let length = mainspring::task::block_in_place(|| {
///     std::thread::sleep(std::time::Duration::from_millis(5));
///     "slow".len()
/// });
/// assert_eq!(length, 4);
/// # }
/// ```
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    // Where the core cannot be given away, the others wait, or the monitor helps.
    context::give_cores_away();
    // What `f` blocks on, and by whose `block_on`, is no part of this poll.
    coop::without_limit(f)
}
