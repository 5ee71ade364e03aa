//! Wakers that are cloned, dropped, woken too often, and kept beyond the end of their tasks; tasks
//! that yield in a loop.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use mainspring::task::yield_now;

use crate::random::Random;
use crate::stage::{GRAVEYARD, Scene};
use crate::tracked::Joiner;

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    let joiners: Vec<_> = (0..random.between(1, 10))
        .map(|_| {
            let random = random.fork();
            if random.clone().one_in(3) {
                Joiner::spawn("yields", &scene.era, |_| yields_for_long(random))
            } else {
                Joiner::spawn("keeps its wakers", &scene.era, |_| async {
                    keeps_its_wakers(random).await;
                    None
                })
            }
        })
        .collect();
    for _ in 0..random.below(20) {
        GRAVEYARD.wake_one(&mut random);
        yield_now().await;
    }
    for joiner in joiners {
        if random.one_in(6) {
            joiner.abort();
        }
        joiner.await;
    }
}

async fn yields_for_long(mut random: Random) -> Option<crate::bombs::Bomb> {
    for _ in 0..random.between(10, 300) {
        yield_now().await;
    }
    None
}

/// Pending some times, woken in a way of its own each time.
fn keeps_its_wakers(mut random: Random) -> impl Future<Output = ()> {
    let mut left = random.between(1, 10);
    poll_fn(move |cx| {
        GRAVEYARD.keep(cx.waker().clone(), &mut random);
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match random.below(4) {
            0 => cx.waker().wake_by_ref(),
            1 => wake(cx.waker().clone()),
            2 => {
                for _ in 0..3 {
                    cx.waker().wake_by_ref();
                }
            }
            _ => {
                let waker = cx.waker().clone();
                drop(waker.clone());
                drop(mainspring::spawn(async move { waker.wake() }));
            }
        }
        Poll::Pending
    })
}

/// A wake by value, which takes the waker's reference along.
fn wake(waker: Waker) {
    waker.wake();
}
