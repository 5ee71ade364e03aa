//! Mutants: the code with one step of a protocol taken out.
//!
//! A model that cannot fail proves nothing. So each fence, ordering, second look and hand-over that a
//! proof depends on has a switch with a name; the environment variable [`VARIABLE`] throws one of them
//! for the whole process, and the models that the step is there for must then fail. The switches are
//! there in builds under loom only: in a normal build `mutant!` is `false` and `order!` the ordering.

use std::env;
use std::sync::OnceLock;

use loom::sync::atomic::Ordering;

/// Names the mutant to be run.
pub const VARIABLE: &str = "MAINSPRING_MUTANT";

/// Whether `name` is the mutant that is run.
pub fn is_selected(name: &str) -> bool {
    static SELECTED: OnceLock<Option<String>> = OnceLock::new();
    let selected = SELECTED.get_or_init(|| env::var(VARIABLE).ok());
    selected.as_deref() == Some(name)
}

/// `order`, or Relaxed if `name` is the mutant that is run.
pub fn order(name: &str, order: Ordering) -> Ordering {
    if is_selected(name) {
        Ordering::Relaxed
    } else {
        order
    }
}

/// AcqRel, of which one half is missing if the mutant of that half is run.
pub fn acq_rel(name: &str) -> Ordering {
    if is_selected(&format!("{name} (no Acquire)")) {
        Ordering::Release
    } else if is_selected(&format!("{name} (no Release)")) {
        Ordering::Acquire
    } else {
        Ordering::AcqRel
    }
}

/// Whether the mutant of this name is run: then the step that it guards is left out.
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {{
        static HERE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *HERE.get_or_init(|| $crate::mutant::is_selected($name))
    }};
}

/// An ordering that is Relaxed in the mutant of this name. For AcqRel there are two mutants, one for
/// each half: `name (no Acquire)` and `name (no Release)`.
#[macro_export]
macro_rules! order {
    ($name:literal, AcqRel) => {
        $crate::mutant::acq_rel($name)
    };
    ($name:literal, $order:ident) => {
        $crate::mutant::order($name, Ordering::$order)
    };
}
