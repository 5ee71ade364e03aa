//! Tasks that talk to each other, some of which are aborted in the middle. What was sent arrives
//! once and in its order, unless an end of the channel is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainspring::sync::{Barrier, Mutex, Notify, Semaphore, mpsc};
use mainspring::task::yield_now;

use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::{Joiner, Outcome};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    match random.below(4) {
        0 => fan_in(&scene, &mut random).await,
        1 => ring(&scene, &mut random).await,
        2 => locks(&scene, &mut random).await,
        _ => barrier(&scene, &mut random).await,
    }
}

/// Producers, of which some are aborted, and one consumer.
async fn fan_in(scene: &Scene, random: &mut Random) {
    let (sender, mut receiver) = mpsc::channel(random.between(1, 16));
    let (producers, messages) = (random.between(1, 8), random.between(1, 100));
    let joiners: Vec<_> = (0..producers)
        .map(|producer| {
            let sender = sender.clone();
            Joiner::spawn("produces", &scene.era, move |_| async move {
                for message in 0..messages {
                    if sender.send((producer, message)).await.is_err() {
                        break;
                    }
                }
                None
            })
        })
        .collect();
    drop(sender);
    let victim = random.one_in(2).then(|| random.below(producers));
    let mut next = vec![0; producers];
    while let Some((producer, message)) = receiver.recv().await {
        if message != next[producer] {
            report::failure(&format!("message {message} instead of {}", next[producer]));
        }
        next[producer] += 1;
        if victim == Some(producer) {
            joiners[producer].abort();
        }
    }
    for (producer, joiner) in joiners.into_iter().enumerate() {
        let outcome = joiner.await;
        let is_complete = next[producer] == messages;
        if outcome == Outcome::Finished && !is_complete && !scene.era.is_ending() {
            let count = next[producer];
            report::failure(&format!("{count} messages of {messages} arrived"));
        }
    }
}

/// A token goes round a ring of tasks.
async fn ring(scene: &Scene, random: &mut Random) {
    let (size, rounds) = (random.between(2, 16), random.between(1, 10));
    let channels: Vec<_> = (0..size).map(|_| mpsc::channel::<usize>(1)).collect();
    let (mut senders, receivers): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
    let first = senders[0].clone();
    senders.rotate_left(1);
    let seen = Arc::new(AtomicUsize::new(0));
    let members = receivers.into_iter().zip(senders);
    let joiners: Vec<_> = members
        .map(|(mut receiver, next)| {
            let seen = Arc::clone(&seen);
            Joiner::spawn("in a ring", &scene.era, move |_| async move {
                while let Some(hops) = receiver.recv().await {
                    seen.fetch_add(1, Ordering::SeqCst);
                    if hops == 0 || next.send(hops - 1).await.is_err() {
                        break;
                    }
                }
                None
            })
        })
        .collect();
    let hops = size * rounds;
    if first.send(hops).await.is_err() && !scene.era.is_ending() {
        report::failure("a ring has no member");
    }
    drop(first);
    for joiner in joiners {
        joiner.await;
    }
    let seen = seen.load(Ordering::SeqCst);
    if seen != hops + 1 && !scene.era.is_ending() {
        report::failure(&format!("a token was seen {seen} times on {hops} hops"));
    }
}

/// A mutex and a semaphore exclude, though holders are aborted.
async fn locks(scene: &Scene, random: &mut Random) {
    let mutex = Arc::new(Mutex::new(0_usize));
    let semaphore = Arc::new(Semaphore::new(2));
    let inside = Arc::new(AtomicUsize::new(0));
    let joiners: Vec<_> = (0..random.between(2, 20))
        .map(|_| {
            let (mutex, semaphore) = (Arc::clone(&mutex), Arc::clone(&semaphore));
            let inside = Arc::clone(&inside);
            Joiner::spawn("locks", &scene.era, move |_| async move {
                let _permit = semaphore.acquire().await.ok()?;
                let mut count = mutex.lock().await;
                if inside.fetch_add(1, Ordering::SeqCst) != 0 {
                    report::failure("two tasks hold one lock");
                }
                *count += 1;
                // No await between: an abort must not leave the mark behind.
                inside.fetch_sub(1, Ordering::SeqCst);
                yield_now().await;
                None
            })
        })
        .collect();
    for joiner in &joiners {
        if random.one_in(5) {
            joiner.abort();
        }
    }
    for joiner in joiners {
        joiner.await;
    }
}

async fn barrier(scene: &Scene, random: &mut Random) {
    let members = random.between(2, 10);
    let barrier = Arc::new(Barrier::new(members));
    let go = Arc::new(Notify::new());
    let joiners: Vec<_> = (0..members)
        .map(|_| {
            let (barrier, go) = (Arc::clone(&barrier), Arc::clone(&go));
            Joiner::spawn("meets others", &scene.era, move |_| async move {
                barrier.wait().await;
                go.notify_one();
                go.notified().await;
                go.notify_one();
                None
            })
        })
        .collect();
    for joiner in joiners {
        joiner.await;
    }
}
