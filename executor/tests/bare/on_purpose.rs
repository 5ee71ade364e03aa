//! Faults on purpose, by which `.ci/sanitize` sees that each sanitizer works. Never run otherwise:
//! two of them are undefined behaviour.

#![expect(unsafe_code, reason = "the faults that sanitizers find need it")]

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::Arc;
use std::thread;

#[test]
#[ignore = "reads freed memory on purpose: only for the check of the sanitizer"]
fn a_use_after_free() {
    let freed: *const u64 = {
        let number = black_box(Box::new(7));
        &raw const *number
    };
    // SAFETY: none. It is freed.
    black_box(unsafe { black_box(freed).read() });
}

#[test]
#[ignore = "leaks on purpose: only for the check of the sanitizer"]
fn a_leak() {
    let leaked = Box::leak(Box::new([0_u8; 12_345]));
    // Nobody keeps the address.
    black_box(&leaked[7]);
}

#[test]
#[ignore = "races on purpose: only for the check of the sanitizer"]
fn a_data_race() {
    struct Unguarded(UnsafeCell<u64>);
    // SAFETY: none. Two threads write it.
    unsafe impl Sync for Unguarded {}

    let number = Arc::new(Unguarded(UnsafeCell::new(0)));
    let writers: Vec<_> = (1..3)
        .map(|written| {
            let number = number.clone();
            thread::spawn(move || {
                // SAFETY: none. The other one writes it, too.
                unsafe { number.0.get().write(black_box(written)) }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("a write does not panic");
    }
    // SAFETY: all have ended.
    black_box(unsafe { number.0.get().read() });
}
