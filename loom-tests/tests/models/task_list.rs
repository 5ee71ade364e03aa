//! The list of live tasks: `executor/src/task/list.rs`; and whose turn it is to end them: `turn.rs`.

use loom::sync::{Arc, Notify};
use loom::thread;
use mainspring_executor::internals::task::{TaskList, new_listed_task};
use mainspring_loom::variant::with_variant;
use mainspring_loom::{let_limits_pass, model};
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
    Mutant {
        name: "turn: nobody hears of its end",
        model: "task_list::who_waits_for_the_turn_hears_of_its_end",
    },
    Mutant {
        name: "turn: who is stuck keeps it",
        model: "task_list::a_destructor_may_wait_for_another_task",
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

/// A list of tasks at rest, which own these.
fn closed_list<T: Send + 'static>(owned: impl IntoIterator<Item = T>) -> Arc<TaskList> {
    let list = Arc::new(TaskList::new());
    let queue = Queue::default();
    for owned in owned {
        let future = async move {
            let _owned = owned;
            std::future::pending::<()>().await;
        };
        let (task, entry, handle) = new_listed_task(future, &list, queue.clone());
        drop(handle);
        assert!(list.insert(task), "the list is open");
        entry.run();
    }
    list.close();
    list
}

/// Two threads end what is in a closed list, and return.
fn end_side_by_side(list: &Arc<TaskList>) {
    let other = {
        let list = Arc::clone(list);
        thread::spawn(move || list.end_all())
    };
    list.end_all();
    other.join().unwrap();
    assert_eq!(list.alive(), 0, "a task was left between them");
}

/// end ∥ end, where one waits for the other's turn to be over, with no limit to its wait.
#[test]
fn who_waits_for_the_turn_hears_of_its_end() {
    with_variant("turn: the others wait", || {
        model(|| end_side_by_side(&closed_list([(), ()])));
    });
}

/// end ∥ end, where the one that is at it blocks in a destructor until another task is dropped.
#[test]
fn a_destructor_may_wait_for_another_task() {
    enum Owned {
        Waits(Arc<Notify>),
        Ends(Arc<Notify>),
    }
    impl Drop for Owned {
        fn drop(&mut self) {
            match self {
                Self::Waits(ended) => ended.wait(),
                Self::Ends(ended) => ended.notify(),
            }
        }
    }
    with_variant("turn: the others wait", || {
        model(|| {
            let_limits_pass();
            let ended = Arc::new(Notify::new());
            // The last one comes first.
            let list = closed_list([Owned::Ends(Arc::clone(&ended)), Owned::Waits(ended)]);
            end_side_by_side(&list);
        });
    });
}
