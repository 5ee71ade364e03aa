//! What a task does with its life.

use std::future::pending;
use std::hint;
use std::time::{Duration, Instant};

use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::bombs::{self, Bomb};
use crate::ledger::Ticket;
use crate::random::Random;

/// What a task does, and what it is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    course: Course,
    /// Whether its future's destructor panics.
    bomb_in_future: bool,
    /// Whether its output's destructor does.
    bomb_in_output: bool,
}

#[derive(Debug, Clone, Copy)]
enum Course {
    AtOnce,
    Yields(usize),
    Sleeps(Duration),
    /// Computes within its poll.
    Computes(Duration),
    Panics,
    PanicsLater(usize),
    Forever,
}

impl Fate {
    pub(crate) fn random(random: &mut Random) -> Self {
        let course = match random.below(100) {
            0..25 => Course::AtOnce,
            25..50 => Course::Yields(random.between(1, 8)),
            50..65 => Course::Sleeps(random.micros(2_000)),
            65..75 => Course::Computes(random.micros(50)),
            75..80 => Course::Panics,
            80..85 => Course::PanicsLater(random.between(1, 4)),
            _ => Course::Forever,
        };
        Self {
            course,
            bomb_in_future: random.one_in(30),
            bomb_in_output: random.one_in(30),
        }
    }

    /// One that waits until it is aborted.
    pub(crate) fn forever() -> Self {
        Self {
            course: Course::Forever,
            bomb_in_future: false,
            bomb_in_output: false,
        }
    }

    /// The same, but at once instead of for ever.
    pub(crate) fn by_itself(mut self) -> Self {
        if self.is_forever() {
            self.course = Course::AtOnce;
        }
        self
    }

    /// Whether it must be aborted to end.
    pub(crate) fn is_forever(self) -> bool {
        matches!(self.course, Course::Forever)
    }

    /// The life itself.
    pub(crate) async fn live(self, ticket: Ticket) -> Option<Bomb> {
        let _bomb = self.bomb_in_future.then(|| Bomb::in_future(ticket));
        match self.course {
            Course::AtOnce => {}
            Course::Yields(times) => yields(times).await,
            Course::Sleeps(duration) => sleep(duration).await,
            Course::Computes(duration) => computes(duration),
            Course::Panics => bombs::go_off(),
            Course::PanicsLater(times) => {
                yields(times).await;
                bombs::go_off()
            }
            Course::Forever => pending().await,
        }
        self.bomb_in_output.then(|| Bomb::in_output(ticket))
    }
}

/// Lets the others go first, so many times.
pub(crate) async fn yields(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Keeps its thread busy.
pub(crate) fn computes(duration: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < duration {
        hint::spin_loop();
    }
}
