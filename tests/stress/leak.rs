//! A leak on purpose, by which `.ci/leaks` sees that the leak checker works.

use std::hint;

#[test]
#[ignore = "it leaks on purpose: only for the check of the leak checker"]
fn a_leak_on_purpose() {
    let leaked = Box::leak(Box::new([0_u8; 12_345]));
    // Nobody keeps the address.
    hint::black_box(&leaked[7]);
}
