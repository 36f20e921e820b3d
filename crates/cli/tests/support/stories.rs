//! Stories that wait more than they work, told beside each other: each has brokers and nodes of its own.

use std::cell::Cell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A name, and what happens.
pub(crate) type Story = (&'static str, fn());

/// Tells all of them. Fails when one of them does, once all have come to an end. `SOAK_STORY` names one that is told
/// alone.
pub(crate) fn side_by_side(stories: &[Story]) {
    let only = std::env::var("SOAK_STORY").ok();
    let told = stories
        .iter()
        .filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name));
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..)
            .zip(told)
            .map(|(number, (name, story))| {
                let thread = std::thread::Builder::new().name((*name).to_owned());
                let run = move || {
                    NUMBER.set(number);
                    // Should it fail before its turn has come, or in it, the next ones go on.
                    let _turn = Turn(number);
                    story();
                };
                (*name, thread.spawn_scoped(scope, run).unwrap())
            })
            .collect();
        assert!(!threads.is_empty(), "no story is called {only:?}");
        let ended = threads
            .into_iter()
            .map(|(name, thread)| (name, thread.join()));
        let failed = ended.filter(|(_, ended)| ended.is_err());
        failed.map(|(name, _)| name).collect()
    });
    assert!(
        failed.is_empty(),
        "these failed, each for the reason above: {failed:?}"
    );
}

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// Whose beginning it is: the number of the story, counted from 0.
static BEGINS: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

fn begins() -> MutexGuard<'static, usize> {
    BEGINS.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a story begins with, one after the other in their order: starting brokers and nodes fills the machine, and those
/// that have begun want their acks in time.
pub(crate) fn in_turn<T>(begin: impl FnOnce() -> T) -> T {
    let turn = Turn(NUMBER.get());
    let mut begins = begins();
    while *begins < turn.0 {
        begins = BEGINS
            .1
            .wait(begins)
            .unwrap_or_else(PoisonError::into_inner);
    }
    drop(begins);
    begin()
}

/// Ends the turn of a story, if it had not ended.
struct Turn(usize);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut begins = begins();
        // Not before it was its turn: those before it have theirs first.
        while *begins < self.0 {
            begins = BEGINS
                .1
                .wait(begins)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *begins = (*begins).max(self.0 + 1);
        drop(begins);
        BEGINS.1.notify_all();
    }
}
