//! The waiting room of one runtime: a request that has handed its record over waits here for the log's
//! word. Slots live until the log has answered, also when the request is long gone, so that a late
//! answer never meets somebody else's slot.

use msglog::{Answer, Durable, Mailbox};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use tokio::sync::Notify;

/// Why there is no proof of durability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unproved {
    /// Not within the budget; the record may still land.
    Late,
    /// The log refused it, or failed.
    Failed,
}

/// Where the log's writer puts its answers: one lock and one wake for each list.
#[derive(Default)]
pub(crate) struct Inbox {
    answers: Mutex<Vec<Answer>>,
    came: Notify,
}

impl Inbox {
    /// Waits for answers and takes all there are, into a vector whose memory is reused.
    pub(crate) async fn take(&self, into: &mut Vec<Answer>) {
        self.came.notified().await;
        std::mem::swap(
            into,
            &mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner),
        );
    }
}

impl Mailbox for Inbox {
    fn deliver(&self, mut answers: Vec<Answer>) {
        let mut waiting = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            *waiting = answers;
        } else {
            waiting.append(&mut answers);
        }
        drop(waiting);
        self.came.notify_one();
    }
}

enum State {
    Free,
    Waiting {
        waker: Option<Waker>,
        deadline: Instant,
    },
    Done(Result<Durable, Unproved>),
    /// Nobody waits any more; the answer frees the slot.
    Left,
}

/// All slots of a runtime.
#[derive(Default)]
pub(crate) struct Tickets {
    slots: RefCell<Slots>,
}

#[derive(Default)]
struct Slots {
    states: Vec<State>,
    free: Vec<usize>,
    /// The mark that each slot was opened at.
    marks: Vec<u64>,
    /// How many slots of each mark the log has not answered; ascending, and few.
    awaited: VecDeque<(u64, usize)>,
}

impl Slots {
    fn await_answer(&mut self, index: usize, mark: u64) {
        self.marks[index] = mark;
        match self.awaited.back_mut() {
            Some((newest, count)) if *newest == mark => *count += 1,
            _ => self.awaited.push_back((mark, 1)),
        }
    }

    fn answered(&mut self, index: usize) {
        let mark = self.marks[index];
        if let Some((_, count)) = self.awaited.iter_mut().find(|(known, _)| *known == mark) {
            *count = count.saturating_sub(1);
        }
        while self.awaited.front().is_some_and(|(_, count)| *count == 0) {
            self.awaited.pop_front();
        }
    }
}

impl Tickets {
    /// A slot for a request that must be answered before `deadline` and belongs to the newest mark, and the
    /// number that goes with the record.
    pub(crate) fn open(self: &Rc<Self>, deadline: Instant, mark: u64) -> (Ticket, u64) {
        let mut slots = self.slots.borrow_mut();
        let state = State::Waiting {
            waker: None,
            deadline,
        };
        let index = match slots.free.pop() {
            Some(index) => index,
            None => {
                slots.states.push(State::Free);
                slots.marks.push(mark);
                slots.states.len() - 1
            }
        };
        slots.states[index] = state;
        slots.await_answer(index, mark);
        (
            Ticket {
                tickets: Rc::clone(self),
                index,
            },
            index as u64,
        )
    }

    /// How many records are with the log and unanswered.
    pub(crate) fn outstanding(&self) -> usize {
        let slots = self.slots.borrow();
        slots.states.len() - slots.free.len()
    }

    /// The oldest mark of a record that the log has not answered.
    pub(crate) fn oldest_mark(&self) -> Option<u64> {
        self.slots.borrow().awaited.front().map(|(mark, _)| *mark)
    }

    /// Hands the log's word to whoever waits in this slot.
    pub(crate) fn answer(&self, slot: u64, result: Result<Durable, Unproved>) {
        let mut slots = self.slots.borrow_mut();
        let Ok(index) = usize::try_from(slot) else {
            return;
        };
        let Some(state) = slots.states.get_mut(index) else {
            return;
        };
        match std::mem::replace(state, State::Done(result)) {
            State::Waiting { waker, .. } => {
                slots.answered(index);
                drop(slots);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            State::Left => {
                *state = State::Free;
                slots.free.push(index);
                slots.answered(index);
            }
            // An answer to nobody, or a second one: the contract knows neither.
            other @ (State::Free | State::Done(_)) => *state = other,
        }
    }

    /// Wakes everyone whose deadline has passed; they then leave without an answer.
    pub(crate) fn expire(&self, now: Instant) {
        let mut late = Vec::new();
        for state in &mut self.slots.borrow_mut().states {
            if let State::Waiting { waker, deadline } = state
                && *deadline <= now
            {
                late.extend(waker.take());
            }
        }
        late.into_iter().for_each(Waker::wake);
    }
}

/// A request's place in the waiting room. Leaving early leaves the record to the log.
pub(crate) struct Ticket {
    tickets: Rc<Tickets>,
    index: usize,
}

impl Future for Ticket {
    type Output = Result<Durable, Unproved>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slots = self.tickets.slots.borrow_mut();
        match &mut slots.states[self.index] {
            State::Done(result) => Poll::Ready(*result),
            State::Waiting { waker, deadline } => {
                if *deadline <= Instant::now() {
                    return Poll::Ready(Err(Unproved::Late));
                }
                match waker {
                    Some(known) if known.will_wake(cx.waker()) => {}
                    other => *other = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            State::Free | State::Left => Poll::Ready(Err(Unproved::Failed)),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut slots = self.tickets.slots.borrow_mut();
        match slots.states[self.index] {
            State::Waiting { .. } => slots.states[self.index] = State::Left,
            State::Done(_) => {
                slots.states[self.index] = State::Free;
                slots.free.push(self.index);
            }
            State::Free | State::Left => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn poll(ticket: &mut Ticket) -> Poll<Result<Durable, Unproved>> {
        Pin::new(ticket).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_slot_lives_until_the_log_has_answered() {
        let tickets = Rc::new(Tickets::default());
        let soon = Instant::now() + Duration::from_secs(60);
        let (gone, first) = tickets.open(soon, 0);
        drop(gone);
        let (mut stays, second) = tickets.open(soon, 0);
        assert_ne!(first, second, "the first slot still waits for its answer");
        assert_eq!(tickets.outstanding(), 2);
        tickets.answer(first, Err(Unproved::Failed));
        assert_eq!(tickets.outstanding(), 1);
        assert!(poll(&mut stays).is_pending());
        tickets.answer(second, Err(Unproved::Failed));
        assert_eq!(poll(&mut stays), Poll::Ready(Err(Unproved::Failed)));
        drop(stays);
        assert_eq!(tickets.outstanding(), 0);
        tickets.answer(second, Err(Unproved::Failed));
        tickets.answer(u64::MAX, Err(Unproved::Failed));
        assert_eq!(tickets.outstanding(), 0, "answers to nobody change nothing");
    }

    #[test]
    fn past_its_deadline_a_ticket_is_late_and_the_answer_still_frees_the_slot() {
        let tickets = Rc::new(Tickets::default());
        let (mut late, slot) = tickets.open(Instant::now(), 0);
        assert_eq!(poll(&mut late), Poll::Ready(Err(Unproved::Late)));
        drop(late);
        assert_eq!(tickets.outstanding(), 1);
        tickets.answer(slot, Err(Unproved::Failed));
        assert_eq!(tickets.outstanding(), 0);
    }

    #[test]
    fn a_mark_is_past_when_all_taken_before_it_are_answered() {
        let tickets = Rc::new(Tickets::default());
        let soon = Instant::now() + Duration::from_secs(60);
        assert_eq!(tickets.oldest_mark(), None);
        let (_waits, first) = tickets.open(soon, 0);
        let (gone, second) = tickets.open(soon, 0);
        let (_later, third) = tickets.open(soon, 1);
        let (_last, fourth) = tickets.open(soon, 2);
        drop(gone);
        tickets.answer(third, Err(Unproved::Failed));
        tickets.answer(first, Err(Unproved::Failed));
        tickets.answer(first, Err(Unproved::Failed));
        assert_eq!(
            tickets.oldest_mark(),
            Some(0),
            "the log still has one of a caller that left"
        );
        tickets.answer(second, Err(Unproved::Failed));
        assert_eq!(tickets.oldest_mark(), Some(2));
        tickets.answer(fourth, Err(Unproved::Failed));
        assert_eq!(tickets.oldest_mark(), None);
    }

    #[test]
    fn answers_are_taken_in_one_list() {
        let inbox = Arc::new(Inbox::default());
        let failed = |slot| Answer {
            slot,
            result: Err(msglog::LogError::Closed {
                topic: "inbound".into(),
            }),
        };
        inbox.deliver(vec![failed(1)]);
        inbox.deliver(vec![failed(2), failed(3)]);
        let mut taken = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(inbox.take(&mut taken));
        assert_eq!(taken.iter().map(|a| a.slot).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
