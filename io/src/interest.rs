//! [`Interest`]: what somebody waits for.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use crate::Ready;

/// What to wait for: one or more of *readable*, *writable*, *priority* and *error*.
///
/// Interests are joined with `|`. There is no empty interest, as it would wait for ever.
///
/// # Examples
///
/// ```
/// use mainspring_io::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest(u8);

impl Interest {
    /// The source can be read from, or its reading side has ended.
    pub const READABLE: Self = Self(0b0001);

    /// The source can be written to, or its writing side has ended.
    pub const WRITABLE: Self = Self(0b0010);

    /// There is priority data to read, such as a TCP stream's out-of-band byte. Only Linux and
    /// Android report it; elsewhere it does not come.
    pub const PRIORITY: Self = Self(0b0100);

    /// The source has an error to report. The operating system reports errors whether one asks for
    /// them or not; this interest is for waiting for nothing else.
    pub const ERROR: Self = Self(0b1000);

    /// Whether it includes [`READABLE`](Self::READABLE).
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READABLE.0 != 0
    }

    /// Whether it includes [`WRITABLE`](Self::WRITABLE).
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE.0 != 0
    }

    /// Whether it includes [`PRIORITY`](Self::PRIORITY).
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0 & Self::PRIORITY.0 != 0
    }

    /// Whether it includes [`ERROR`](Self::ERROR).
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 & Self::ERROR.0 != 0
    }

    /// Both interests. The operator `|` does the same, but not in a constant.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is left of it without `other`; `None` when nothing is.
    #[must_use]
    pub const fn remove(self, other: Self) -> Option<Self> {
        match self.0 & !other.0 {
            0 => None,
            rest => Some(Self(rest)),
        }
    }

    /// The states of a source that satisfy this interest.
    pub(crate) const fn mask(self) -> Ready {
        let mut mask = Ready::EMPTY;
        if self.is_readable() {
            mask = mask.union(Ready::READABLE).union(Ready::READ_CLOSED);
        }
        if self.is_writable() {
            mask = mask.union(Ready::WRITABLE).union(Ready::WRITE_CLOSED);
        }
        if self.is_priority() {
            mask = mask.union(Ready::PRIORITY).union(Ready::READ_CLOSED);
        }
        if self.is_error() {
            mask = mask.union(Ready::ERROR);
        }
        mask
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.is_readable(), "READABLE"),
            (self.is_writable(), "WRITABLE"),
            (self.is_priority(), "PRIORITY"),
            (self.is_error(), "ERROR"),
        ];
        crate::ready::fmt_flags(f, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_an_interest_without_itself() {
        assert_eq!(Interest::PRIORITY.remove(Interest::PRIORITY), None);
    }

    #[test]
    fn an_interest_is_printed_by_the_names_of_its_parts() {
        let interest = Interest::READABLE | Interest::ERROR;
        assert_eq!(format!("{interest:?}"), "READABLE | ERROR");
    }

    #[test]
    fn waiting_to_read_ends_when_the_reading_side_has_closed() {
        assert!(Interest::READABLE.mask().is_read_closed());
        assert!(!Interest::WRITABLE.mask().is_read_closed());
    }
}
