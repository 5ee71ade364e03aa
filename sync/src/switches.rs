//! The switches of mutants and variants, which are thrown under loom only: see the crate
//! `mainspring-loom`. Here they are constants, and leave nothing behind.

/// Whether a mutant is run: never, in a normal build.
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        false
    };
}

/// Whether a model wants this variant of a step: never, in a normal build.
#[macro_export]
macro_rules! variant {
    ($name:literal) => {
        false
    };
}

/// An ordering that a mutant would weaken.
#[macro_export]
macro_rules! order {
    ($name:literal, $order:ident) => {
        Ordering::$order
    };
}
