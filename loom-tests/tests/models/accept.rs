//! Sockets that are taken out of the driver, and listeners that have run out of descriptors:
//! `io/src/registration.rs`, `closes.rs`, `net/accept.rs`. The system has one descriptor to give away.

use std::future::poll_fn;
use std::io;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use mainspring_io::internals::{Listener, Shared, Socket};
use mainspring_loom::variant::with_variant;
use mainspring_loom_tests::Mutant;

use crate::bare::mutant;

const OUT: &str = "accept::a_socket_is_taken_out_before_it_is_closed";
const ACCEPT: &str = "accept::a_close_ends_the_wait_of_who_accepts";
const POLL: &str = "accept::a_close_ends_the_wait_of_who_polls_for_a_connection";
const END: &str = "accept::the_end_ends_the_wait_of_who_accepts";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("io: what is taken out stays in the list", OUT),
    mutant("io: what is taken out stays with the system", OUT),
    mutant("io: a close is announced before it is done", ACCEPT),
    mutant("io: accept does not try again before it waits", ACCEPT),
    mutant(
        "io: a polled accept does not try again before it waits",
        POLL,
    ),
    mutant("io: a close before the first poll is not looked for", POLL),
    mutant("io: the end reaches nobody who waits for a close", END),
];

/// A model in which sources can be registered.
fn model(body: impl Fn() + Sync + Send + 'static) {
    with_variant("io: there are sources", || mainspring_loom::model(body));
}

/// A socket that has the system's only descriptor, and what `accept` says.
fn exhausted(
    shared: &Shared,
) -> (
    Socket<impl FnMut() + Send + use<>>,
    impl Fn() -> io::Result<()> + use<>,
) {
    const EMFILE: i32 = 24;
    let free = Arc::new(AtomicBool::new(false));
    let given_back = Arc::clone(&free);
    let give_back = move || given_back.store(true, Ordering::Relaxed);
    let socket = Socket::new(shared, give_back).expect("there is room");
    let attempt = move || {
        if free.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(EMFILE))
        }
    };
    (socket, attempt)
}

/// Nothing refers to a socket any more when it is closed, whether it was dropped or taken out.
#[test]
fn a_socket_is_taken_out_before_it_is_closed() {
    model(|| {
        let shared = Shared::new();
        let close = || {
            let shared = shared.clone();
            move || {
                assert!(
                    shared.registered() == 0 && !shared.has_sources(),
                    "it is in use"
                )
            }
        };
        drop(Socket::new(&shared, close()).expect("there is room"));
        let taken_out = Socket::new(&shared, close()).expect("there is room");
        taken_out.into_inner().expect("the system has it");
    });
}

/// close ∥ accept, without a descriptor: the attempt after the announcement finds the one that is given
/// back, or the close ends the wait. (A lost close is a deadlock.)
#[test]
fn a_close_ends_the_wait_of_who_accepts() {
    model(|| {
        let shared = Shared::new();
        let (socket, attempt) = exhausted(&shared);
        let listener = Listener::new(&shared).expect("there is room");
        let closer = thread::spawn(move || drop(socket));
        block_on(listener.accept(attempt)).expect("a descriptor is given back");
        closer.join().unwrap();
    });
}

/// close ∥ polls for a connection: as above.
#[test]
fn a_close_ends_the_wait_of_who_polls_for_a_connection() {
    model(|| {
        let shared = Shared::new();
        let (socket, attempt) = exhausted(&shared);
        let listener = Listener::new(&shared).expect("there is room");
        let closer = thread::spawn(move || drop(socket));
        block_on(poll_fn(|cx| listener.poll_accept(cx, &attempt))).expect("one is given back");
        closer.join().unwrap();
    });
}

/// The driver's end ∥ accept, without a descriptor: it learns of the end.
#[test]
fn the_end_ends_the_wait_of_who_accepts() {
    model(|| {
        let shared = Shared::new();
        let (socket, attempt) = exhausted(&shared);
        let listener = Listener::new(&shared).expect("there is room");
        let driver = {
            let shared = shared.clone();
            thread::spawn(move || shared.shutdown())
        };
        block_on(listener.accept(attempt)).expect_err("the driver has ended");
        driver.join().unwrap();
        drop(socket);
    });
}
