//! `timeout`: the future, or the end of its time.

use std::future::{pending, ready};
use std::time::{Duration, Instant as StdInstant};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::UnixStream;
use mainspring::sync::mpsc;
use mainspring::task::yield_now;
use mainspring::time::{Instant, sleep, timeout, timeout_at};

use crate::each::in_each_runtime;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn what_is_ready_in_time_is_given() {
    in_each_runtime(|| async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        assert_eq!(timeout(HOUR, async { 2 }).await, Ok(2));
        let late = async {
            yield_now().await;
            sleep(Duration::from_millis(1)).await;
            3
        };
        assert_eq!(timeout(HOUR, late).await, Ok(3));
        assert_eq!(timeout_at(Instant::now() + HOUR, ready(4)).await, Ok(4));
        assert_eq!(timeout(Duration::MAX, yield_now()).await, Ok(()));
    });
}

#[test]
fn what_takes_too_long_is_an_error_and_not_before_its_time() {
    in_each_runtime(|| async {
        for millis in [0, 1, 5, 20] {
            let limit = Duration::from_millis(millis);
            let start = StdInstant::now();
            let error = timeout(limit, pending::<()>())
                .await
                .expect_err("it never ends");
            assert!(start.elapsed() >= limit);
            assert_eq!(error.to_string(), "deadline has elapsed");
            assert_eq!(
                std::io::Error::from(error).kind(),
                std::io::ErrorKind::TimedOut
            );
        }
    });
}

#[test]
fn the_inner_one_of_two_ends_first() {
    in_each_runtime(|| async {
        let inner = timeout(Duration::from_millis(2), pending::<()>());
        assert!(
            timeout(HOUR, inner)
                .await
                .expect("the outer one has time")
                .is_err()
        );
        let inner = timeout(HOUR, pending::<()>());
        assert!(timeout(Duration::from_millis(2), inner).await.is_err());
    });
}

#[test]
fn a_read_that_timed_out_has_lost_nothing() {
    in_each_runtime(|| async {
        let (mut near, mut far) = UnixStream::pair().expect("the system has descriptors");
        let mut block = [0; 8];
        for round in 0..10 {
            let limit = Duration::from_millis(1);
            assert!(timeout(limit, near.read(&mut block)).await.is_err());
            far.write_u8(round).await.expect("there is room");
            let count = timeout(HOUR, near.read(&mut block))
                .await
                .expect("it has come");
            assert_eq!((count.expect("the peer is well"), block[0]), (1, round));
        }
    });
}

#[test]
fn a_receive_that_timed_out_has_lost_nothing() {
    in_each_runtime(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let sending = mainspring::spawn(async move {
            for n in 0..200 {
                sleep(Duration::from_micros(n % 3 * 100)).await;
                sender.send(n).await.expect("the receiver is kept");
            }
        });
        let mut got = Vec::new();
        loop {
            match timeout(Duration::from_micros(150), receiver.recv()).await {
                Ok(Some(n)) => got.push(n),
                Ok(None) => break,
                Err(_) => {}
            }
        }
        assert_eq!(got, (0..200).collect::<Vec<_>>());
        sending.await.expect("the task ends");
    });
}

#[test]
fn the_future_comes_back_out_of_a_timeout() {
    in_each_runtime(|| async {
        let mut limited = timeout(Duration::from_millis(1), ready(5));
        assert!(format!("{:?}", limited.get_ref()).contains('5'));
        *limited.get_mut() = ready(6);
        assert_eq!(limited.into_inner().await, 6);
    });
}

#[test]
fn thousands_of_timeouts_that_never_strike_leave_nothing_behind() {
    in_each_runtime(|| async {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                mainspring::spawn(async {
                    for _ in 0..100 {
                        timeout(HOUR, yield_now()).await.expect("it is soon over");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no assertion fails");
        }
    });
}
