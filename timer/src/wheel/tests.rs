//! The wheel against a `BTreeMap`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;

use proptest::prelude::*;

use super::*;
use crate::sync::UnsafeCell;

/// A node without anything around it.
struct Bare {
    links: UnsafeCell<Links<Self>>,
    deadline: Cell<u64>,
    key: usize,
}

// SAFETY: `links` returns a field of `self`, which only the wheel looks into.
unsafe impl Linked for Bare {
    fn links(&self) -> &UnsafeCell<Links<Self>> {
        &self.links
    }

    fn deadline(&self) -> u64 {
        self.deadline.get()
    }
}

/// A wheel, and a map that says what it should hold.
struct Checked {
    wheel: Wheel<Bare>,
    /// All nodes ever made, each in its own place; the map says which are linked.
    nodes: Vec<Pin<Box<Bare>>>,
    /// Where each linked node would come out: by deadline, then by order of insertion.
    expected: BTreeMap<(u64, usize), usize>,
    /// The place in `expected` of each node, while it is linked.
    places: Vec<Option<(u64, usize)>>,
    /// Counts insertions.
    sequence: usize,
    /// Whether nodes with equal deadlines must come out in order: not after a reset.
    is_ordered: bool,
    now: u64,
}

impl Checked {
    fn new(now: u64) -> Self {
        Self {
            wheel: Wheel::new(now),
            nodes: Vec::new(),
            expected: BTreeMap::new(),
            places: Vec::new(),
            sequence: 0,
            is_ordered: true,
            now,
        }
    }

    fn insert(&mut self, deadline: u64) {
        let key = self.nodes.len();
        let links = UnsafeCell::new(Links::new());
        self.nodes.push(Box::pin(Bare {
            links,
            deadline: Cell::new(deadline),
            key,
        }));
        self.places.push(None);
        self.link(key, deadline);
    }

    fn link(&mut self, key: usize, deadline: u64) {
        self.nodes[key].deadline.set(deadline);
        // SAFETY: the node is boxed, so it stays in place, and it lives until the wheel is dropped;
        // callers have found it unlinked, and nothing else touches its links.
        unsafe {
            self.wheel
                .insert(NonNull::from(&*self.nodes[key]), self.now)
        };
        self.expect(key, deadline);
    }

    fn expect(&mut self, key: usize, deadline: u64) {
        self.sequence += 1;
        self.places[key] = Some((deadline, self.sequence));
        self.expected.insert((deadline, self.sequence), key);
    }

    /// Some linked node, or any at all if `linked` is false.
    fn pick(&self, index: prop::sample::Index) -> Option<usize> {
        (!self.nodes.is_empty()).then(|| index.index(self.nodes.len()))
    }

    /// Unlinks a node, unless it has come out before, as its owner would.
    fn cancel(&mut self, key: usize) -> bool {
        let Some(place) = self.places[key].take() else {
            return false;
        };
        self.expected.remove(&place);
        // SAFETY: the map says that the node is linked in this wheel.
        unsafe { self.wheel.remove(NonNull::from(&*self.nodes[key])) };
        true
    }

    /// Resets as an entry does: a store if later, unlink and link again if earlier.
    fn reset(&mut self, key: usize, deadline: u64) {
        self.is_ordered = false;
        match self.places[key] {
            Some(place) if deadline >= place.0 => {
                self.expected.remove(&place);
                self.nodes[key].deadline.set(deadline);
                self.expect(key, deadline);
            }
            Some(_) => {
                self.cancel(key);
                self.link(key, deadline);
            }
            None => self.link(key, deadline),
        }
    }

    /// Turns the wheel and checks that exactly what is due comes out, in order of the slots.
    fn turn(&mut self, now: u64, room: usize) {
        self.now = self.now.max(now);
        let mut fired = Vec::new();
        let mut rounds = 0;
        loop {
            let before = fired.len();
            // SAFETY: the nodes live as long as `self`.
            let turned = self
                .wheel
                .turn(now, room, |node| fired.push(unsafe { node.as_ref() }.key));
            assert!(
                fired.len() - before <= room,
                "more nodes than there is room for"
            );
            if turned == Turned::Done {
                break;
            }
            rounds += 1;
            assert!(
                rounds <= 2 * self.nodes.len() + 10,
                "the turn does not get on"
            );
        }
        let later = self.expected.split_off(&(now.saturating_add(1), 0));
        let due = std::mem::replace(&mut self.expected, later);
        let keys = |due: &BTreeMap<_, usize>| due.values().copied().collect::<Vec<_>>();
        let mut sorted = fired.clone();
        // Nodes of one slot may come out in any order, those of equal deadlines as they came.
        if self.is_ordered {
            let slot = |&key: &usize| self.nodes[key].deadline.get() >> SLOT_BITS;
            assert!(
                fired.is_sorted_by_key(slot),
                "a later slot before an earlier one"
            );
            sorted.sort_by_key(|&key| self.nodes[key].deadline.get());
            assert_eq!(sorted, keys(&due));
        } else {
            sorted.sort_unstable();
            let mut due = keys(&due);
            due.sort_unstable();
            assert_eq!(sorted, due);
        }
        for key in fired {
            self.places[key] = None;
        }
        self.check_next_expiry();
    }

    fn least(&self) -> u64 {
        self.expected
            .first_key_value()
            .map_or(NEVER, |(&(deadline, _), _)| deadline)
    }

    fn check_next_expiry(&mut self) {
        let least = self.least();
        assert_eq!(
            self.wheel.next_expiry(usize::MAX),
            least,
            "exact when it may look at all"
        );
        let bound = self.wheel.next_expiry(1);
        assert!(bound <= least);
        assert!(
            bound > self.now || least <= self.now,
            "a bound that has passed gets nowhere"
        );
    }
}

/// Points in time around which slots, levels and the scale begin and end, seen from a start.
fn distances() -> impl Strategy<Value = u64> {
    let edges: Vec<u64> = [0, SLOT_BITS, FINE_SPAN_BITS]
        .into_iter()
        .chain((1..=COARSE_LEVELS as u32).map(|level| FINE_SPAN_BITS + level * COARSE_BITS))
        .filter(|&shift| shift < u64::BITS)
        .map(|shift| 1_u64 << shift)
        .collect();
    prop_oneof![
        3 => (prop::sample::select(edges), 0..4_u64, 0..5_u64).prop_map(|(edge, times, off)| {
            edge.saturating_mul(times).saturating_add(off).saturating_sub(2)
        }),
        3 => 0..200_000_u64,
        3 => 0..50_000_000_u64,
        2 => 0..20_000_000_000_u64,
        1 => any::<u64>(),
        1 => Just(u64::MAX),
    ]
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    InsertTwice(u64),
    Cancel(prop::sample::Index),
    Reset(prop::sample::Index, u64),
    Advance(u64, usize),
    AdvanceToNext(usize),
    NextExpiry,
}

fn ops(resets: u32) -> impl Strategy<Value = Vec<Op>> {
    let room = 1..40_usize;
    let op = prop_oneof![
        8 => distances().prop_map(Op::Insert),
        1 => distances().prop_map(Op::InsertTwice),
        3 => any::<prop::sample::Index>().prop_map(Op::Cancel),
        resets => (any::<prop::sample::Index>(), distances()).prop_map(|(i, d)| Op::Reset(i, d)),
        3 => (distances(), room.clone()).prop_map(|(d, room)| Op::Advance(d / 4, room)),
        3 => room.prop_map(Op::AdvanceToNext),
        1 => Just(Op::NextExpiry),
    ];
    prop::collection::vec(op, 1..120)
}

fn run(start: u64, ops: Vec<Op>) {
    let mut checked = Checked::new(start);
    // `NEVER` itself is not a deadline.
    let at = |now: u64, distance: u64| now.saturating_add(distance).min(NEVER - 1);
    for op in ops {
        let now = checked.now;
        match op {
            Op::Insert(distance) => checked.insert(at(now, distance)),
            Op::InsertTwice(distance) => {
                checked.insert(at(now, distance));
                checked.insert(at(now, distance));
            }
            Op::Cancel(index) => {
                if let Some(key) = checked.pick(index) {
                    checked.cancel(key);
                }
            }
            Op::Reset(index, distance) => {
                if let Some(key) = checked.pick(index) {
                    checked.reset(key, at(now, distance));
                }
            }
            Op::Advance(distance, room) => checked.turn(at(now, distance), room),
            Op::AdvanceToNext(room) => {
                let next = checked.least();
                if next != NEVER {
                    checked.turn(next.max(now), room);
                }
            }
            Op::NextExpiry => {
                // What is overdue is in no particular place before the next turn.
                if checked.least() > checked.now {
                    checked.check_next_expiry();
                }
            }
        }
    }
    checked.turn(NEVER - 1, 7);
    assert!(checked.wheel.is_empty() && checked.expected.is_empty());
}

/// Times at which a wheel may begin.
fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1 << 62),
        any::<u64>().prop_map(|start| start / 2),
        Just(NEVER - 4),
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig {
        // Some seconds without optimisation.
        cases: 500,
        failure_persistence: None,
        ..Default::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fires_exactly_what_is_due_and_in_order(
        start in starts(),
        ops in ops(0),
    ) {
        run(start, ops);
    }

    #[test]
    fn fires_exactly_what_is_due_with_resets(
        start in starts(),
        ops in ops(6),
    ) {
        run(start, ops);
    }
}

#[test]
fn a_lone_far_timer_is_visited_once() {
    for exponent in 0..64 {
        let deadline = 1 << exponent | 12_345;
        let mut checked = Checked::new(0);
        checked.insert(deadline);
        assert_eq!(checked.wheel.next_expiry(16), deadline);
        checked.turn(deadline - 1, 1);
        assert_eq!(checked.wheel.next_expiry(16), deadline);
        checked.turn(deadline, 1);
        assert!(checked.wheel.is_empty());
    }
}

#[test]
fn a_crowded_coarse_slot_is_rehashed_in_parts() {
    let mut checked = Checked::new(0);
    let start = 7_u64 << (FINE_SPAN_BITS + COARSE_BITS);
    let nodes = 3 * MOVES_PER_TURN as u64 + 5;
    for i in 0..nodes {
        checked.insert(start + i * 1_000_003);
    }
    assert_eq!(
        checked.wheel.next_expiry(16),
        start,
        "the slot's beginning, not a walk along it"
    );
    // Between the parts of the re-hash the wheel goes on working.
    assert_eq!(
        checked.wheel.turn(start, 32, |_| panic!("nothing is due")),
        Turned::More
    );
    assert!(checked.wheel.next_expiry(16) <= start);
    checked.insert(start + 5);
    assert!(checked.cancel(nodes as usize - 1));
    checked.is_ordered = false;
    checked.turn(start + 1_000_000_000_000, 32);
    assert!(checked.wheel.is_empty());
}

#[test]
fn what_is_due_at_the_end_of_a_crowded_slot_is_not_forgotten() {
    let mut checked = Checked::new(0);
    let start = 7_u64 << (FINE_SPAN_BITS + COARSE_BITS);
    for _ in 0..2 * MOVES_PER_TURN {
        checked.insert(start + 1_000_000);
    }
    checked.insert(start + 1);
    checked.turn(start + 2, 32);
    assert_eq!(checked.expected.len(), 2 * MOVES_PER_TURN);
    checked.turn(start + 1_000_000, 32);
    assert!(checked.wheel.is_empty());
}

#[test]
fn cancelling_what_is_left_of_a_partial_rehash_leaves_the_wheel_in_order() {
    let mut checked = Checked::new(0);
    let start = 7_u64 << (FINE_SPAN_BITS + COARSE_BITS);
    for _ in 0..=MOVES_PER_TURN {
        checked.insert(start + 1_000);
    }
    assert_eq!(
        checked.wheel.turn(start, 32, |_| panic!("nothing is due")),
        Turned::More
    );
    assert!(checked.cancel(MOVES_PER_TURN));
    checked.insert(start + (1 << (FINE_SPAN_BITS + 2 * COARSE_BITS)));
    checked.insert(start + 2_000);
    checked.turn(start + 1_500, 32);
    assert_eq!(checked.least(), start + 2_000);
    checked.turn(NEVER - 1, 32);
}

#[test]
fn pop_takes_out_everything() {
    let mut checked = Checked::new(0);
    for exponent in 0..64 {
        checked.insert((1 << exponent).min(NEVER - 1));
        checked.insert((1 << exponent).min(NEVER - 1));
    }
    let popped = std::iter::from_fn(|| checked.wheel.pop()).count();
    assert_eq!(popped, 128);
    assert!(checked.wheel.is_empty());
}
