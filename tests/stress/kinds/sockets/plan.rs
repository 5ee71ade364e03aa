//! What is to happen on one connection, made of its seed by both sides.

use std::io;

use crate::random::Random;
use crate::report;
use crate::stage::Scene;

/// A connection's course.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Bytes that the client sends, and gets back.
    pub(super) total: usize,
    pub(super) client: Cut,
    pub(super) server: Cut,
}

/// How and where one side leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// When all is done: the client closes its direction, the server sends the rest and does the
    /// same.
    None,
    /// After so many bytes it drops its socket.
    Drop(usize),
    /// After so many bytes it resets the connection.
    Reset(usize),
    /// Its task is aborted at some moment.
    Abort,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let magnitude = random.between(1, 18);
        let total = random.below(1 << magnitude);
        let client = Cut::new(&mut random, total, true);
        let server = Cut::new(&mut random, total, false);
        Self {
            seed,
            total,
            client,
            server,
        }
    }

    pub(super) fn client_is_aborted(&self) -> bool {
        self.client == Cut::Abort
    }

    /// Whether somebody is to cut the stream.
    fn is_cut(&self) -> bool {
        self.client != Cut::None || self.server != Cut::None
    }

    /// The byte at a place of the stream.
    fn byte(&self, place: usize) -> u8 {
        let word = self.seed.rotate_left((place / 256 % 64) as u32);
        (word as u8).wrapping_add((place as u8).wrapping_mul(37))
    }

    /// The bytes of the stream from `place` on.
    pub(super) fn fill(&self, place: usize, buffer: &mut [u8]) {
        for (offset, byte) in buffer.iter_mut().enumerate() {
            *byte = self.byte(place + offset);
        }
    }

    /// Whether these are the bytes of the stream from `place` on.
    pub(super) fn check(&self, who: &str, place: usize, bytes: &[u8]) -> bool {
        let wrong = bytes.iter().enumerate().find(|(offset, byte)| {
            place + offset >= self.total || **byte != self.byte(place + offset)
        });
        if let Some((offset, _)) = wrong {
            let place = place + offset;
            report::failure(&format!("{who}: byte {place} is wrong: {self:?}"));
        }
        wrong.is_none()
    }

    /// What one side's work came to: an error, or an end too early, is a failure if nobody was to
    /// cut the stream.
    pub(super) fn judge(&self, who: &str, result: io::Result<usize>, scene: &Scene) {
        if self.is_cut() || scene.era.is_ending() {
            return;
        }
        if !matches!(result, Ok(count) if count == self.total) {
            report::failure(&format!("{who}: {result:?} on {self:?}"));
        }
    }
}

impl Cut {
    fn new(random: &mut Random, total: usize, may_abort: bool) -> Self {
        let place = random.below(total + 1);
        match random.below(20) {
            0 => Self::Drop(place),
            1 => Self::Reset(place),
            2 if may_abort => Self::Abort,
            _ => Self::None,
        }
    }

    /// How many bytes go before the cut.
    pub(super) fn place(self) -> Option<usize> {
        match self {
            Self::Drop(place) | Self::Reset(place) => Some(place),
            Self::None | Self::Abort => None,
        }
    }
}

#[test]
fn a_plan_notices_a_wrong_byte_a_displaced_one_and_one_too_many() {
    let _alone = crate::process::alone();
    let plan = (1..)
        .map(Plan::new)
        .find(|plan| !plan.is_cut() && plan.total > 1_000)
        .expect("most plans are such");
    let notices = |place, bytes: &[u8]| {
        let failures = report::on_purpose(|| {
            plan.check("on purpose", place, bytes);
        });
        !failures.is_empty()
    };
    let mut bytes = vec![0; plan.total];
    plan.fill(0, &mut bytes);
    assert!(!notices(0, &bytes) && !notices(900, &bytes[900..]));
    bytes[500] ^= 1;
    assert!(notices(0, &bytes));
    bytes[500] ^= 1;
    assert!(notices(1, &bytes));
    bytes.push(0);
    assert!(notices(0, &bytes));
}
