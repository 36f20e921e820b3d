//! Silent fans: who wrote a message and heard nothing, neither to it nor to one of the same time.

use super::messages::{Message, Messages};

/// What R-1 counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silence {
    /// Messages that were unheard.
    pub unheard: u64,
    /// Fans with an unheard message.
    pub fans: u64,
}

/// Counts over the messages that were sent. `window_s` is the campaign's W: a message is heard when another
/// of the same fan less than W seconds away was answered in words.
#[must_use]
pub fn count(messages: &Messages, window_s: i64) -> Silence {
    let relevant = |message: &Message| message.is_message && message.attempts > 0;
    let mut unheard: Vec<(u64, i64)> = Vec::new();
    for (_, message) in messages.known() {
        if relevant(message) && !message.words {
            unheard.push((message.fan, message.create_time));
        }
    }
    unheard.sort_unstable();
    // Only the times of fans who have something to explain are kept.
    let mut heard: Vec<(u64, i64)> = messages
        .known()
        .map(|(_, message)| message)
        .filter(|message| relevant(message) && message.words)
        .filter(|message| {
            let at = unheard.partition_point(|&(fan, _)| fan < message.fan);
            unheard.get(at).is_some_and(|&(fan, _)| fan == message.fan)
        })
        .map(|message| (message.fan, message.create_time))
        .collect();
    heard.sort_unstable();
    let mut silence = Silence::default();
    let mut last_fan = None;
    for (fan, time) in unheard {
        let after = heard.partition_point(|&other| other < (fan, time));
        let near = |at: Option<&(u64, i64)>| {
            at.is_some_and(|&(f, t)| f == fan && t.abs_diff(time) < window_s.unsigned_abs())
        };
        let before = after.checked_sub(1).and_then(|index| heard.get(index));
        if near(before) || near(heard.get(after)) {
            continue;
        }
        silence.unheard += 1;
        if last_fan != Some(fan) {
            silence.fans += 1;
            last_fan = Some(fan);
        }
    }
    silence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(of: &[(u64, i64, bool)]) -> Messages {
        let all: Vec<Message> = of
            .iter()
            .map(|&(fan, create_time, words)| Message {
                fan,
                create_time,
                words,
                attempts: 1,
                known: true,
                is_message: true,
                ..Message::default()
            })
            .collect();
        let mut messages = Messages::default();
        messages.all = all;
        messages
    }

    #[test]
    fn a_neighbour_within_w_was_heard_and_one_at_w_was_not() {
        assert_eq!(
            count(&messages(&[(1, 100, true), (1, 109, false)]), 10),
            Silence::default()
        );
        let silence = count(&messages(&[(1, 100, true), (1, 110, false)]), 10);
        assert_eq!(
            silence,
            Silence {
                unheard: 1,
                fans: 1
            }
        );
        assert_eq!(
            count(&messages(&[(1, 100, false), (1, 109, true)]), 10),
            Silence::default()
        );
    }

    #[test]
    fn another_fans_words_do_not_count() {
        let silence = count(
            &messages(&[(1, 100, true), (2, 100, false), (2, 101, false)]),
            10,
        );
        assert_eq!(
            silence,
            Silence {
                unheard: 2,
                fans: 1
            }
        );
    }

    #[test]
    fn events_and_what_was_never_sent_are_no_silence() {
        let mut list = messages(&[(1, 100, false), (2, 100, false)]);
        list.all[0].is_message = false;
        list.all[1].attempts = 0;
        assert_eq!(count(&list, 10), Silence::default());
    }
}
