//! Which of one fan's answers counts, in the order of Q-9. Never arrival, never what is right by
//! itself.

use campaign::AnswerPolicy;

/// What stands second in the order of one fan's answers: MsgIds as numbers first, then what has
/// none, by dedup key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptId {
    /// A MsgId.
    Number(u64),
    /// The dedup key of a message without a numeric MsgId.
    Key([u8; 16]),
}

/// One message that reads as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt<'a> {
    /// CreateTime, epoch seconds.
    pub create_time: i64,
    /// Second key of the order.
    pub id: AttemptId,
    /// Its value, as the version in force reads it.
    pub value: &'a str,
}

/// The answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// Its CreateTime: the fan's effective time.
    pub at: i64,
    /// Its value.
    pub value: &'a str,
    /// Whether it is right.
    pub correct: bool,
}

/// The answer that counts among attempts in any order; the same attempt may stand there many times
/// (Q-8, Q-9, V-4). `right` tells which values are.
pub fn choose<'a>(
    policy: AnswerPolicy,
    attempts: impl Iterator<Item = Attempt<'a>> + Clone,
    right: impl Fn(&str) -> bool,
) -> Option<Counted<'a>> {
    let chosen = match policy {
        AnswerPolicy::First => attempts.min(),
        AnswerPolicy::Last => attempts.max(),
        AnswerPolicy::BestOf(tries) => best_of(tries, attempts, &right),
    }?;
    Some(Counted {
        at: chosen.create_time,
        value: chosen.value,
        correct: right(chosen.value),
    })
}

/// The first right one of the first so many, else the first of all.
fn best_of<'a>(
    tries: u8,
    attempts: impl Iterator<Item = Attempt<'a>> + Clone,
    right: &impl Fn(&str) -> bool,
) -> Option<Attempt<'a>> {
    let first = attempts.clone().min()?;
    let mut current = first;
    for _ in 0..tries {
        if right(current.value) {
            return Some(current);
        }
        let later = attempts.clone().filter(|attempt| *attempt > current);
        let Some(next) = later.min() else { break };
        current = next;
    }
    Some(first)
}
