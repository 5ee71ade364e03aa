//! What a registration does where the system fails it.

use std::io::Write;
use std::os::unix::net::UnixStream;

use super::*;
use crate::Driver;

/// A stream whose descriptor the system has lost, so that it reports nothing of it.
fn lost() -> (Driver, Registration<UnixStream>, UnixStream) {
    let (driver, handle) = Driver::new().expect("a driver");
    let (stream, peer) = UnixStream::pair().expect("a pair");
    stream.set_nonblocking(true).expect("an option");
    let registration = Registration::new(&handle, stream).expect("a registration");
    let selector = &registration.shared.selector;
    selector
        .delete(registration.get_ref())
        .expect("it was there");
    (driver, registration, peer)
}

#[test]
fn who_finds_a_stream_full_learns_that_the_system_will_not_report_its_room() {
    let (_driver, lost, _peer) = lost();
    let write = |mut stream: &UnixStream| stream.write(&[7; 1 << 16]);
    let error = loop {
        match lost.try_io(Interest::WRITABLE, write) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    // Nothing is forgotten: the next attempt is made.
    let mut is_tried = false;
    let result = lost.try_io(Interest::WRITABLE, |_| {
        is_tried = true;
        Ok(())
    });
    assert!(result.is_ok() && is_tried);
}

#[test]
fn a_short_write_counts_though_the_system_will_not_report_room() {
    let (_driver, lost, _peer) = lost();
    let block = vec![7; 64 << 20];
    let write = |mut stream: &UnixStream| stream.write(&block);
    let n = lost
        .try_stream_io(Direction::Write, block.len(), write)
        .expect("there is room");
    assert!((1..block.len()).contains(&n));
    let error = lost
        .try_stream_io(Direction::Write, block.len(), write)
        .expect_err("it is full");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
