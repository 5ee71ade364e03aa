//! [`Ready`]: what a source is ready for.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

use crate::Interest;

/// What a source is ready for: a set of states.
///
/// The set is a hint, remembered from the operating system's last report. An operation may still
/// find that it would block; the state is then cleared, and one waits again.
///
/// # Examples
///
/// ```
/// use mainspring_io::Ready;
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && !ready.is_writable());
/// assert_eq!(ready - Ready::READABLE, Ready::READ_CLOSED);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(usize);

impl Ready {
    /// No state at all.
    pub const EMPTY: Self = Self(0);

    /// There is something to read.
    pub const READABLE: Self = Self(1);

    /// There is room to write.
    pub const WRITABLE: Self = Self(1 << 1);

    /// The reading side has ended: what has arrived can be read, then comes the end.
    pub const READ_CLOSED: Self = Self(1 << 2);

    /// The writing side has ended: writing is an error.
    pub const WRITE_CLOSED: Self = Self(1 << 3);

    /// There is priority data to read.
    pub const PRIORITY: Self = Self(1 << 4);

    /// There is an error to report.
    pub const ERROR: Self = Self(1 << 5);

    /// Every state.
    pub const ALL: Self = Self(0b11_1111);

    /// How many low bits of a word a set of states takes.
    pub(crate) const BITS: u32 = 6;

    /// Whether it has no state.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether there is something to read. The end of the stream counts as such.
    #[must_use]
    pub fn is_readable(self) -> bool {
        self.intersects(Self::READABLE.union(Self::READ_CLOSED))
    }

    /// Whether writing would do something. That it would be an error counts as such.
    #[must_use]
    pub fn is_writable(self) -> bool {
        self.intersects(Self::WRITABLE.union(Self::WRITE_CLOSED))
    }

    /// Whether the reading side has ended.
    #[must_use]
    pub fn is_read_closed(self) -> bool {
        self.intersects(Self::READ_CLOSED)
    }

    /// Whether the writing side has ended.
    #[must_use]
    pub fn is_write_closed(self) -> bool {
        self.intersects(Self::WRITE_CLOSED)
    }

    /// Whether there is priority data to read.
    #[must_use]
    pub fn is_priority(self) -> bool {
        self.intersects(Self::PRIORITY)
    }

    /// Whether there is an error to report.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.intersects(Self::ERROR)
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn bits(self) -> usize {
        self.0
    }

    /// The set in the low bits of a word.
    pub(crate) const fn from_word(word: usize) -> Self {
        Self(word & Self::ALL.0)
    }

    /// The states of this set that satisfy `interest`.
    pub(crate) fn satisfying(self, interest: Interest) -> Self {
        self & interest.mask()
    }
}

impl BitOr for Ready {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

impl BitAnd for Ready {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Sub for Ready {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.intersects(Self::READABLE), "READABLE"),
            (self.intersects(Self::WRITABLE), "WRITABLE"),
            (self.is_read_closed(), "READ_CLOSED"),
            (self.is_write_closed(), "WRITE_CLOSED"),
            (self.is_priority(), "PRIORITY"),
            (self.is_error(), "ERROR"),
        ];
        fmt_flags(f, names)
    }
}

/// Prints the names whose flag is set, joined by `|`.
pub(crate) fn fmt_flags<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    names: [(bool, &str); N],
) -> fmt::Result {
    let mut separator = "";
    for (_, name) in names.into_iter().filter(|(is_set, _)| *is_set) {
        write!(f, "{separator}{name}")?;
        separator = " | ";
    }
    if separator.is_empty() {
        f.write_str("EMPTY")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_side_counts_as_ready() {
        assert!(Ready::READ_CLOSED.is_readable());
        assert!(Ready::WRITE_CLOSED.is_writable());
        assert!(!Ready::READ_CLOSED.is_writable());
    }

    #[test]
    fn a_set_survives_the_way_through_a_word() {
        assert_eq!(
            Ready::from_word(Ready::ALL.bits() | 1 << Ready::BITS),
            Ready::ALL
        );
    }

    #[test]
    fn a_set_is_printed_by_the_names_of_its_states() {
        assert_eq!(
            format!("{:?}", Ready::WRITABLE | Ready::ERROR),
            "WRITABLE | ERROR"
        );
        assert_eq!(format!("{:?}", Ready::EMPTY), "EMPTY");
    }
}
