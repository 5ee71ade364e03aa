//! loom's cell, with the part of its interface that a normal build has too.

/// Interior mutability that loom watches: two accesses that no order separates fail the model.
#[derive(Debug)]
pub struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell with `value` in it.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Lends the value for reading.
    #[track_caller]
    pub fn with<R>(&self, body: impl FnOnce(*const T) -> R) -> R {
        self.0.with(body)
    }

    /// Lends the value for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(body)
    }
}
