//! A cell whose content is lent to a closure, so that loom can watch its namesake.

/// `std::cell::UnsafeCell`, entered by closures: in a model, two accesses that nothing orders fail it.
///
/// # Examples
///
/// ```
/// use mainspring::loom::cell::UnsafeCell;
///
/// mainspring::loom::model(|| {
///     let cell = UnsafeCell::new(1);
///     // SAFETY: nobody else has the cell.
///     cell.with_mut(|value| unsafe { *value += 1 });
///     // SAFETY: nobody else has the cell.
///     assert_eq!(cell.with(|value| unsafe { *value }), 2);
/// });
/// ```
#[derive(Debug)]
#[repr(transparent)]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell with `value` in it.
    #[inline]
    #[expect(
        clippy::missing_const_for_fn,
        reason = "its namesake in a model is none"
    )]
    pub fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Lends the value for reading.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(*const T) -> R) -> R {
        body(self.0.get())
    }

    /// Lends the value for writing.
    #[inline]
    pub fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
        body(self.0.get())
    }
}
