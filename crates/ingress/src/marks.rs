//! Moments in the stream of deliveries, and how far the threads of ingress are past them. A seal needs to know
//! when everything taken before a moment stands in the log. Nothing here waits.

use msglog::{Hedge, hedge};
use std::sync::atomic::{AtomicU64, Ordering};

/// A moment: everything that any thread had taken before it. See [`crate::Ingress::barrier`].
#[derive(Debug)]
pub struct Barrier {
    mark: u64,
    /// The hedge's own, once every thread has handed over what it had taken.
    hedge: Option<hedge::Barrier>,
}

/// The marks set so far, and those that each thread has come past.
pub(crate) struct Marks {
    newest: AtomicU64,
    threads: Box<[Passed]>,
}

/// What a thread says of itself: the newest mark that holds of it.
#[derive(Default)]
struct Passed {
    /// Everything taken before it was handed to the log.
    handed: AtomicU64,
    /// And the log, or the hedge, has answered for all of it.
    answered: AtomicU64,
}

impl Marks {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            newest: AtomicU64::new(0),
            threads: (0..threads).map(|_| Passed::default()).collect(),
        }
    }

    /// The newest mark. A delivery belongs to the mark that its thread sees when it takes it.
    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// How far a thread is, by the marks that it has seen.
    pub(crate) fn pass(&self, thread: u64, handed: u64, answered: u64) {
        let thread = usize::try_from(thread).ok();
        if let Some(passed) = thread.and_then(|thread| self.threads.get(thread)) {
            passed.handed.store(handed, Ordering::Release);
            passed.answered.store(answered, Ordering::Release);
        }
    }

    /// Sets a mark.
    pub(crate) fn set(&self) -> Barrier {
        let before = self.newest.fetch_add(1, Ordering::AcqRel);
        Barrier {
            mark: before.saturating_add(1),
            hedge: None,
        }
    }

    /// Whether everything taken before the barrier stands in the log, or was answered with an error.
    pub(crate) fn is_past(&self, barrier: &mut Barrier, hedge: Option<&Hedge>) -> bool {
        let mark = barrier.mark;
        let all = |at: fn(&Passed) -> &AtomicU64| {
            let mut threads = self.threads.iter();
            threads.all(|passed| at(passed).load(Ordering::Acquire) >= mark)
        };
        let Some(hedge) = hedge else {
            return all(|passed| &passed.answered);
        };
        // An answer of the hedge may rest on the spool; only the hedge knows when the log has it too.
        if barrier.hedge.is_none() && all(|passed| &passed.handed) {
            barrier.hedge = Some(hedge.barrier());
        }
        let within = barrier.hedge.as_mut();
        within.is_some_and(|within| hedge.is_past(within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barrier_is_past_once_every_thread_is() {
        let marks = Marks::new(2);
        let mut first = marks.set();
        assert!(!marks.is_past(&mut first, None));
        marks.pass(0, marks.newest(), 1);
        marks.pass(1, marks.newest(), 0);
        assert!(!marks.is_past(&mut first, None), "one is not answered");
        let mut second = marks.set();
        marks.pass(1, 2, 1);
        assert!(marks.is_past(&mut first, None));
        assert!(!marks.is_past(&mut second, None));
        marks.pass(7, 2, 2);
        assert!(!marks.is_past(&mut second, None), "no such thread");
    }
}
