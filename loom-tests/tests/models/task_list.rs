//! The list of live tasks: `executor/src/task/list.rs`.

use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::task::{TaskList, new_listed_task};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::support::Queue;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "task list: what is closed takes new tasks",
        model: "task_list::no_task_comes_in_behind_whoever_ends_them_all",
    },
    Mutant {
        name: "task list: a task that ends by itself ends the search",
        model: "task_list::two_who_end_them_all_leave_none",
    },
];

/// insert ∥ close ∥ remove: a task is in the list when it is closed, or is refused; none comes in
/// behind whoever ends them all, and none that has ended stays in.
#[test]
fn no_task_comes_in_behind_whoever_ends_them_all() {
    model(|| {
        let list = Arc::new(TaskList::new());
        let queue = Queue::default();
        let spawner = {
            let (list, queue) = (Arc::clone(&list), queue.clone());
            thread::spawn(move || {
                let (task, entry, handle) =
                    new_listed_task(std::future::pending::<()>(), &list, queue.clone());
                drop(handle);
                if list.insert(task) {
                    queue.push(entry);
                } else {
                    entry.cancel();
                }
            })
        };
        list.close();
        list.end_all();
        queue.run();
        spawner.join().unwrap();
        queue.run();
        assert_eq!(list.alive(), 0, "a task came in behind the end");
    });
}

/// end ∥ end ∥ remove: two threads that end what is in a closed list leave nothing between them, even
/// if a task of it ends by itself meanwhile.
#[test]
fn two_who_end_them_all_leave_none() {
    model(|| {
        let list = Arc::new(TaskList::new());
        let queue = Queue::default();
        let mut entries = (0..2).map(|_| {
            let (task, entry, handle) =
                new_listed_task(std::future::pending::<()>(), &list, queue.clone());
            drop(handle);
            assert!(list.insert(task), "the list is open");
            entry
        });
        let waits = entries.next().unwrap();
        let ends = entries.next().unwrap();
        drop(entries);
        waits.run();
        list.close();
        let other = {
            let list = Arc::clone(&list);
            thread::spawn(move || list.end_all())
        };
        let itself = thread::spawn(move || ends.cancel());
        list.end_all();
        other.join().unwrap();
        itself.join().unwrap();
        assert_eq!(list.alive(), 0, "a task was left between them");
    });
}
