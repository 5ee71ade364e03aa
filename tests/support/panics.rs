//! What a panic said.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message of a panic's payload.
pub(crate) fn text(payload: &(dyn Any + Send)) -> String {
    let fixed = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned());
    let text = fixed.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a payload that is no text".to_owned())
}

/// The message of the panic that `body` ends in. Fails if it ends otherwise.
#[track_caller]
pub(crate) fn message_of<R>(body: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(_) => panic!("it was to panic, and did not"),
        Err(payload) => text(&*payload),
    }
}

/// Fails unless `message` contains each of `parts`.
#[track_caller]
pub(crate) fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}
