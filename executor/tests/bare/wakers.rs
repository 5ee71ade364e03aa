//! A waker that does something when it is cloned.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// What is done at each clone.
type OnClone = Box<dyn Fn() + Send + Sync>;

/// A waker that calls `on_clone` at each clone, and does nothing when it is woken.
pub(crate) fn cloning_by(on_clone: impl Fn() + Send + Sync + 'static) -> Waker {
    let on_clone: Arc<OnClone> = Arc::new(Box::new(on_clone));
    // SAFETY: the table's functions treat the pointer as the `Arc` that it comes from, and what it
    // holds may be used by any thread.
    unsafe { Waker::from_raw(raw(on_clone)) }
}

fn raw(on_clone: Arc<OnClone>) -> RawWaker {
    static TABLE: RawWakerVTable = RawWakerVTable::new(clone, drop_raw, |_| {}, drop_raw);
    RawWaker::new(Arc::into_raw(on_clone).cast(), &TABLE)
}

fn clone(data: *const ()) -> RawWaker {
    // SAFETY: `data` is of `Arc::into_raw`, and stays the waker's, which is being cloned.
    let on_clone = ManuallyDrop::new(unsafe { Arc::<OnClone>::from_raw(data.cast()) });
    on_clone();
    raw(Arc::clone(&on_clone))
}

fn drop_raw(data: *const ()) {
    // SAFETY: `data` is of `Arc::into_raw`, and the waker whose it is ends here.
    drop(unsafe { Arc::<OnClone>::from_raw(data.cast()) });
}
