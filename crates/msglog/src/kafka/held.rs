//! What an appender has accepted and not answered yet: the bound on it, and who is to be told. Taking a
//! call is one step under one lock, so that a call is accepted whole or not at all. Pure.

use crate::contract::{Answer, Durable, LogError, Mailbox, NewRecord};
use std::sync::Arc;

/// Book-keeping of one record in the client, in bytes.
const RECORD_COST: usize = 200;

/// One record on its way.
struct Entry {
    /// Its place in the order of acceptance.
    sequence: u64,
    slot: u64,
    partition: u32,
    bytes: usize,
    mailbox: Arc<dyn Mailbox>,
}

/// Everything on its way.
pub(super) struct Held {
    bytes_max: usize,
    records_max: usize,
    bytes: usize,
    records: usize,
    accepted: u64,
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
}

impl Held {
    pub(super) fn new(bytes_max: usize, records_max: usize) -> Self {
        Self {
            bytes_max,
            records_max,
            bytes: 0,
            records: 0,
            accepted: 0,
            entries: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Records that are on their way.
    pub(super) fn records(&self) -> usize {
        self.records
    }

    /// Takes a call, and gives each record its number; `None` when it does not fit. A call is taken into
    /// an empty queue whatever its size, so that a large one can be written at all.
    pub(super) fn take(
        &mut self,
        records: &[(NewRecord, u64)],
        mailbox: &Arc<dyn Mailbox>,
    ) -> Option<Vec<usize>> {
        let size =
            |(record, _): &(NewRecord, u64)| record.key.len() + record.value.len() + RECORD_COST;
        let bytes: usize = records.iter().map(size).sum();
        let fits = self.bytes.saturating_add(bytes) <= self.bytes_max
            && self.records.saturating_add(records.len()) <= self.records_max;
        if self.records > 0 && !fits {
            return None;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.records = self.records.saturating_add(records.len());
        let mut numbers = Vec::with_capacity(records.len());
        for record in records {
            self.accepted = self.accepted.wrapping_add(1);
            let entry = Some(Entry {
                sequence: self.accepted,
                slot: record.1,
                partition: record.0.partition,
                bytes: size(record),
                mailbox: Arc::clone(mailbox),
            });
            match self.free.pop() {
                Some(number) => {
                    self.entries[number] = entry;
                    numbers.push(number);
                }
                None => {
                    self.entries.push(entry);
                    numbers.push(self.entries.len() - 1);
                }
            }
        }
        Some(numbers)
    }

    /// Lets go of a record: its partition, and where its answer goes. `None` when it has been answered.
    fn release(&mut self, number: usize) -> Option<Entry> {
        let entry = self.entries.get_mut(number)?.take()?;
        self.free.push(number);
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        self.records = self.records.saturating_sub(1);
        Some(entry)
    }

    /// Puts the answer of a record into the list of its mailbox; `judge` makes it, given the partition.
    pub(super) fn answer(
        &mut self,
        number: usize,
        lists: &mut Lists,
        judge: impl FnOnce(u32) -> Result<Durable, LogError>,
    ) {
        if let Some(entry) = self.release(number) {
            let (slot, result) = (entry.slot, judge(entry.partition));
            lists.add(entry.mailbox, Answer { slot, result });
        }
    }

    /// Answers everything that is left with an error, in the order of acceptance.
    pub(super) fn fail_all(&mut self, lists: &mut Lists, error: &LogError) {
        let place = |number: &usize| self.entries[*number].as_ref().map(|entry| entry.sequence);
        let mut numbers: Vec<usize> = (0..self.entries.len()).collect();
        numbers.sort_by_cached_key(place);
        for number in numbers {
            self.answer(number, lists, |_| Err(error.clone()));
        }
    }
}

/// Answers, one list for each mailbox.
#[derive(Default)]
pub(super) struct Lists(Vec<(Arc<dyn Mailbox>, Vec<Answer>)>);

impl Lists {
    fn add(&mut self, mailbox: Arc<dyn Mailbox>, answer: Answer) {
        // Answers of one mailbox come in runs: look from the newest list back.
        let same = |(other, _): &&mut (Arc<dyn Mailbox>, Vec<Answer>)| {
            std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(&mailbox))
        };
        match self.0.iter_mut().rev().find(same) {
            Some((_, answers)) => answers.push(answer),
            None => self.0.push((mailbox, vec![answer])),
        }
    }

    /// Hands each mailbox its list, in one call.
    pub(super) fn deliver(self) {
        for (mailbox, answers) in self.0 {
            mailbox.deliver(answers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Collected;
    use bytes::Bytes;
    use std::time::Duration;

    fn call(slots: &[u64], bytes: usize) -> Vec<(NewRecord, u64)> {
        let record = NewRecord {
            partition: 3,
            key: Bytes::new(),
            value: Bytes::from(vec![0; bytes]),
        };
        slots.iter().map(|slot| (record.clone(), *slot)).collect()
    }

    #[test]
    fn a_call_is_taken_whole_or_not_at_all() {
        let mut held = Held::new(10_000, 4);
        let mailbox = Collected::new().mailbox();
        assert_eq!(
            held.take(&call(&[1, 2, 3], 100), &mailbox),
            Some(vec![0, 1, 2])
        );
        assert_eq!(
            held.take(&call(&[4, 5], 100), &mailbox),
            None,
            "too many records"
        );
        assert_eq!(
            held.take(&call(&[4], 9_000), &mailbox),
            None,
            "too many bytes"
        );
        assert_eq!(held.records(), 3, "a refused call leaves nothing");
        assert_eq!(held.take(&call(&[4], 100), &mailbox), Some(vec![3]));
        assert_eq!(held.take(&call(&[5], 0), &mailbox), None);
    }

    #[test]
    fn an_empty_queue_takes_a_call_of_any_size() {
        let mut held = Held::new(100, 1);
        let mailbox = Collected::new().mailbox();
        assert!(held.take(&call(&[1, 2], 1_000), &mailbox).is_some());
        assert!(held.take(&call(&[3], 0), &mailbox).is_none());
    }

    #[test]
    fn each_record_is_answered_once_and_its_room_is_used_again() {
        let mut held = Held::new(10_000, 3);
        let (one, two) = (Collected::new(), Collected::new());
        let numbers = held.take(&call(&[7, 8], 100), &one.mailbox()).unwrap();
        held.take(&call(&[9], 100), &two.mailbox()).unwrap();
        let mut lists = Lists::default();
        for _ in 0..2 {
            held.answer(numbers[1], &mut lists, |partition| {
                Ok(Durable::in_log(partition, 5))
            });
        }
        held.fail_all(
            &mut lists,
            &LogError::Closed {
                topic: "t".to_owned(),
            },
        );
        lists.deliver();
        assert_eq!(held.records(), 0);
        let got = |collected: &Collected| -> Vec<(u64, bool)> {
            let answers = collected.wait(0, Duration::ZERO);
            answers.iter().map(|a| (a.slot, a.result.is_ok())).collect()
        };
        assert_eq!(got(&one), vec![(8, true), (7, false)]);
        assert_eq!(got(&two), vec![(9, false)]);
        assert_eq!(
            held.take(&call(&[1, 2, 3], 1), &one.mailbox())
                .unwrap()
                .len(),
            3
        );
        assert_eq!(held.entries.len(), 3, "numbers are used again");
    }
}
