//! No forks: there are none on this system, and none in a model.

use std::io;

#[inline]
pub(super) fn forks() -> u32 {
    0
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the same as where there are forks"
)]
pub(crate) fn watch() -> io::Result<()> {
    // What would be called in a child.
    let _never_called: fn() = super::forget_thread;
    Ok(())
}
