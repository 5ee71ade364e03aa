//! Aborts at every moment of a task's life: before its first poll, while it waits in a queue, while
//! it waits for something, during a poll, in the moment it is woken, after its end, and twice.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring::sync::oneshot;
use mainspring::task::{AbortHandle, yield_now};
use mainspring::time::sleep;

use crate::fate::{Fate, computes, yields};
use crate::ledger::{Event, Ticket};
use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::{Joiner, Outcome};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    match random.below(7) {
        0 => before_the_first_poll(&scene).await,
        1 => while_queued(&scene, &mut random).await,
        2 => while_waiting(&scene, &mut random).await,
        3 => during_a_poll(&scene, &mut random).await,
        4 => when_woken(&scene, &mut random).await,
        5 => after_the_end(&scene).await,
        _ => by_another_task(&scene, &mut random).await,
    }
}

async fn before_the_first_poll(scene: &Scene) {
    let joiner = Joiner::spawn("aborted at once", &scene.era, |ticket| {
        Fate::forever().live(ticket)
    });
    joiner.abort();
    expect(Outcome::Cancelled, joiner, scene).await;
}

async fn while_queued(scene: &Scene, random: &mut Random) {
    let joiner = Joiner::spawn("aborted in the queue", &scene.era, |_| async {
        loop {
            yield_now().await;
        }
    });
    yields(random.below(5)).await;
    joiner.abort();
    expect(Outcome::Cancelled, joiner, scene).await;
}

async fn while_waiting(scene: &Scene, random: &mut Random) {
    let joiner = Joiner::spawn("aborted asleep", &scene.era, |_| async {
        sleep(Duration::from_secs(3_600)).await;
        None
    });
    sleep(random.micros(200)).await;
    joiner.abort();
    joiner.abort();
    expect(Outcome::Cancelled, joiner, scene).await;
}

/// The poll that runs decides: it returns ready, and the abort comes too late, or pending.
async fn during_a_poll(scene: &Scene, random: &mut Random) {
    let is_inside = Arc::new(AtomicBool::new(false));
    let inside = Arc::clone(&is_inside);
    let (returns, computing) = (random.one_in(2), random.micros(200));
    let joiner = Joiner::spawn("aborted in its poll", &scene.era, |_| async move {
        inside.store(true, Ordering::SeqCst);
        computes(computing);
        if !returns {
            pending::<()>().await;
        }
        None
    });
    for _ in 0..random.between(1, 2_000) {
        if is_inside.load(Ordering::SeqCst) {
            break;
        }
        yield_now().await;
    }
    joiner.abort();
    let outcome = joiner.await;
    if outcome == Outcome::Panicked || outcome == Outcome::Finished && !returns {
        report::failure(&format!(
            "aborted in its poll, returns: {returns}, and {outcome:?}"
        ));
    }
}

async fn when_woken(scene: &Scene, random: &mut Random) {
    let (sender, receiver) = oneshot::channel::<()>();
    let joiner = Joiner::spawn("woken and aborted", &scene.era, |_| async {
        let _ = receiver.await;
        None
    });
    yields(random.below(3)).await;
    if random.one_in(2) {
        drop(sender);
        joiner.abort();
    } else {
        joiner.abort();
        drop(sender);
    }
    if joiner.await == Outcome::Panicked {
        report::failure("woken and aborted, and it panicked");
    }
}

async fn after_the_end(scene: &Scene) {
    let joiner = Joiner::spawn("aborted after its end", &scene.era, |_| async { None });
    while !joiner.is_finished() {
        yield_now().await;
    }
    let (ticket, late) = (joiner.ticket(), joiner.abort_handle());
    joiner.abort();
    expect(Outcome::Finished, joiner, scene).await;
    abort(ticket, &late);
}

/// Several abort one task, from tasks and from a thread, while it wakes itself.
async fn by_another_task(scene: &Scene, random: &mut Random) {
    let joiner = Joiner::spawn("aborted by several", &scene.era, |_| {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    });
    let ticket = joiner.ticket();
    for _ in 0..random.between(1, 3) {
        let handle = joiner.abort_handle();
        let pause = random.micros(100);
        drop(Joiner::spawn(
            "aborts another",
            &scene.era,
            |_| async move {
                sleep(pause).await;
                abort(ticket, &handle);
                None
            },
        ));
    }
    if random.one_in(10) {
        let handle = joiner.abort_handle();
        let thread = thread::spawn(move || abort(ticket, &handle));
        expect(Outcome::Cancelled, joiner, scene).await;
        // It does nothing that could wait.
        let _ = thread.join();
        return;
    }
    expect(Outcome::Cancelled, joiner, scene).await;
}

fn abort(ticket: Ticket, handle: &AbortHandle) {
    ticket.note(Event::AbortAsked);
    handle.abort();
}

async fn expect(expected: Outcome, joiner: Joiner, scene: &Scene) {
    let ticket = joiner.ticket();
    let outcome = joiner.await;
    if outcome != expected && !scene.era.is_ending() {
        ticket.blame(&format!("{outcome:?}, and not {expected:?}"));
    }
}
