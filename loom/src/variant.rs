//! Variants: a step of a protocol done in another way that must be as good.
//!
//! Loom keeps one last access an object and a thread, so it passes some executions over in which a
//! thread loads a word and changes it later (its issue 392). A model runs such a step as a
//! read-modify-write as well, which loom explores fully. In a normal build `variant!` is `false`.

use std::cell::Cell;

std::thread_local! {
    /// The variant that the model of this thread wants. All threads of a model are one of the system's.
    static WANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Whether the model under way wants the variant `name`.
pub fn is_wanted(name: &str) -> bool {
    WANTED.get() == Some(name)
}

/// Runs a model with the variant `name`.
pub fn with_variant(name: &'static str, run: impl FnOnce()) {
    WANTED.set(Some(name));
    run();
    WANTED.set(None);
}

/// Whether the model under way wants the variant of this name.
#[macro_export]
macro_rules! variant {
    ($name:literal) => {
        $crate::variant::is_wanted($name)
    };
}
