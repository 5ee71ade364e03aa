//! `select!` in a build under loom.

/// Tokio's `select!`, whose branches are looked at in their order, with `biased;` and without. In a normal
/// build it begins at one that is drawn by lot, so that an execution of a model would differ from its
/// repetition.
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => {
        $crate::loom::__tokio::select! { biased; $($branches)* }
    };
    ($($branches:tt)*) => {
        $crate::loom::__tokio::select! { biased; $($branches)* }
    };
}
