//! Answers on their way to callers, gathered per mailbox and handed over outside of every lock.

use crate::contract::{Answer, Durable, LogError, Mailbox};
use std::sync::Arc;

/// Whom a record's answer goes to.
pub(super) struct Caller {
    pub(super) slot: u64,
    pub(super) mailbox: Arc<dyn Mailbox>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Deliveries(Vec<(Arc<dyn Mailbox>, Vec<Answer>)>);

impl Deliveries {
    pub(super) fn add(&mut self, caller: Caller, result: Result<Durable, LogError>) {
        let answer = Answer {
            slot: caller.slot,
            result,
        };
        // As many mailboxes as ingress has threads.
        let known = self
            .0
            .iter_mut()
            .find(|(mailbox, _)| Arc::ptr_eq(mailbox, &caller.mailbox));
        match known {
            Some((_, answers)) => answers.push(answer),
            None => self.0.push((caller.mailbox, vec![answer])),
        }
    }

    /// Hands everything over.
    pub(super) fn send(self) {
        for (mailbox, answers) in self.0 {
            mailbox.deliver(answers);
        }
    }
}
