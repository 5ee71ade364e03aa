//! What is known of a task besides its future: for reports and hooks.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::id::Id;

/// Which task it is: its number, its name, and where it was spawned.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let task = mainspring::spawn(async {});
/// let meta = task.meta();
/// assert_eq!(meta.id(), task.id());
/// assert!(meta.spawned_at().file().ends_with(".rs"));
/// # task.await.unwrap();
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskMeta {
    id: Id,
    name: Option<Arc<str>>,
    spawned_at: &'static Location<'static>,
}

impl TaskMeta {
    pub(crate) fn new(
        id: Id,
        name: Option<Arc<str>>,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        Self {
            id,
            name,
            spawned_at,
        }
    }

    /// Adds what a handle's `Debug` shows of its task.
    pub(super) fn debug(&self, f: &mut fmt::DebugStruct<'_, '_>) -> fmt::Result {
        f.field("id", &self.id);
        if let Some(name) = &self.name {
            f.field("name", name);
        }
        f.field("spawned_at", &format_args!("{}", self.spawned_at));
        f.finish()
    }

    /// The number that names the task.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name that it was given at its spawn, if any.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }
}

/// `task 7 "name" (spawned at src/main.rs:3:5)`.
impl fmt::Display for TaskMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        write!(f, " (spawned at {})", self.spawned_at)
    }
}
