//! A mailbox that keeps what it gets.

use crate::contract::{Answer, Mailbox};
use crate::sync::{deadline, lock, wait_until};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Answers in the order in which they came.
#[derive(Default)]
pub struct Collected {
    answers: Mutex<Vec<Answer>>,
    came: Condvar,
}

impl Collected {
    /// An empty one.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The same as a mailbox.
    #[must_use]
    pub fn mailbox(self: &Arc<Self>) -> Arc<dyn Mailbox> {
        Arc::clone(self) as Arc<dyn Mailbox>
    }

    /// What has come, as soon as `count` answers are there, and at the latest after `wait`.
    #[must_use]
    pub fn wait(&self, count: usize, wait: Duration) -> Vec<Answer> {
        let until = deadline(wait);
        let mut answers = lock(&self.answers);
        while answers.len() < count {
            let (guard, late) = wait_until(&self.came, answers, until);
            answers = guard;
            if late {
                break;
            }
        }
        answers.clone()
    }
}

impl Mailbox for Collected {
    fn deliver(&self, answers: Vec<Answer>) {
        lock(&self.answers).extend(answers);
        self.came.notify_all();
    }
}
