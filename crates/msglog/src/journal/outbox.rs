//! Answers of one flush, gathered per mailbox, so that each mailbox is called once. A proof of
//! durability is made here and nowhere else in the journal, and only after the flush.

use crate::contract::{Answer, Durable, LogError, Mailbox};
use std::collections::HashMap;
use std::sync::Arc;

/// A record that waits for the flush.
struct Pending {
    slot: u64,
    partition: u32,
    offset: u64,
}

/// The answers to come.
#[derive(Default)]
pub(super) struct Outbox {
    boxes: Vec<(Arc<dyn Mailbox>, Vec<Pending>)>,
    /// Place in `boxes` by the mailbox's address.
    places: HashMap<usize, usize>,
}

impl Outbox {
    /// The list of a mailbox, for [`Outbox::add`].
    pub(super) fn list(&mut self, mailbox: &Arc<dyn Mailbox>) -> usize {
        let address = Arc::as_ptr(mailbox).cast::<()>() as usize;
        *self.places.entry(address).or_insert_with(|| {
            self.boxes.push((Arc::clone(mailbox), Vec::new()));
            self.boxes.len() - 1
        })
    }

    /// Notes that this record waits for an answer.
    pub(super) fn add(&mut self, list: usize, slot: u64, partition: u32, offset: u64) {
        if let Some((_, pending)) = self.boxes.get_mut(list) {
            pending.push(Pending {
                slot,
                partition,
                offset,
            });
        }
    }

    /// The flush is over: hands out proofs, or the reason why there are none.
    pub(super) fn deliver(&mut self, result: Result<(), &LogError>) {
        self.places.clear();
        for (mailbox, pending) in self.boxes.drain(..) {
            let answer = |Pending {
                              slot,
                              partition,
                              offset,
                          }| {
                let proof = |()| Durable::in_log(partition, offset);
                Answer {
                    slot,
                    result: result.map(proof).map_err(Clone::clone),
                }
            };
            mailbox.deliver(pending.into_iter().map(answer).collect());
        }
    }
}
