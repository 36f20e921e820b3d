//! The shares of all partitions put together to the field of a round (Q-5). Never who wins.

use super::super::scan::{self, Chains};
use crate::failure::Failure;
use contest::{Barred, Field, Standing};
pub(crate) use coordinator::Sealed;
use msglog::Log;
use record::rounds::{SHARE, Share};
use record::topics::RESULTS;
use std::collections::BTreeMap;

/// Shares with their partitions, by the offset in `control` of the decision that they follow.
pub(crate) type ByDecision = BTreeMap<u64, Vec<(u32, Share)>>;

/// Every share of a campaign that stands in `results`.
///
/// # Errors
/// Failures of reading, a fork, a share that cannot be read.
pub(crate) fn of_log(log: &dyn Log, campaign: &str) -> Result<ByDecision, Failure> {
    let mut shares = ByDecision::new();
    let mut chains = Chains::of(RESULTS);
    let spans = scan::spans_or_none(log, RESULTS)?;
    scan::each(log, RESULTS, &spans, |stored| {
        if chains.accept(RESULTS, stored)?
            && record::type_of(&stored.value).as_deref() == Some(SHARE)
        {
            let share: Share = serde_json::from_slice(&stored.value).map_err(|error| {
                Failure::no(format!("a share of {RESULTS} cannot be read: {error}"))
            })?;
            if share.campaign == campaign {
                let of_decision = shares.entry(share.ctl).or_default();
                of_decision.push((stored.partition, share));
            }
        }
        Ok(true)
    })?;
    Ok(shares)
}

/// The field of a round from the shares that follow one decision.
///
/// # Errors
/// A partition or a chunk is missing, a line cannot be read, or two shares differ.
pub(crate) fn merge(shares: &[(u32, Share)], partitions: u32) -> Result<Sealed, String> {
    let mut standings: Vec<Standing<'static>> = Vec::new();
    let (mut cut, mut barred) = (Vec::new(), String::new());
    for partition in 0..partitions {
        let own = || shares.iter().filter(|(p, _)| *p == partition);
        let Some((_, first)) = own().next() else {
            return Err(format!("partition {partition} has no share"));
        };
        for chunk in 0..first.of {
            let Some((_, share)) = own().find(|(_, share)| share.chunk == chunk) else {
                return Err(format!(
                    "partition {partition} lacks chunk {chunk} of {}",
                    first.of
                ));
            };
            barred.push_str(&share.barred);
            for line in share.standings.lines() {
                standings.push(Standing::parse(line).ok_or_else(|| {
                    format!("partition {partition}, chunk {chunk}: a line is no canonical standing")
                })?);
            }
        }
        cut.push((partition, first.cut));
    }
    let field = Field::new(standings).map_err(|torn| torn.to_string())?;
    let barred = Barred::parse(&barred).map_err(|torn| format!("who is barred: {torn}"))?;
    Ok(Sealed { cut, field, barred })
}

/// [`merge`] for rounds with their decisions' offsets, several side by side.
pub(crate) fn merge_all(
    shares: &ByDecision,
    mut rounds: Vec<(u16, u64)>,
    partitions: u32,
) -> Vec<(u16, Result<Sealed, String>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let each = rounds.len().div_ceil(threads).max(1);
    rounds.sort_unstable();
    let merged = |part: &[(u16, u64)]| {
        let none = Vec::new();
        let one = |(round, ctl): &(u16, u64)| {
            (*round, merge(shares.get(ctl).unwrap_or(&none), partitions))
        };
        part.iter().map(one).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = rounds
            .chunks(each)
            .map(|part| (part, scope.spawn(|| merged(part))))
            .collect();
        let joined = threads.into_iter().flat_map(|(part, thread)| {
            thread.join().unwrap_or_else(|_| {
                let panicked =
                    |(round, _): &(u16, u64)| (*round, Err("a thread panicked".to_owned()));
                part.iter().map(panicked).collect()
            })
        });
        joined.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use contest::{Bar, Entrants};

    fn share(partition: u32, chunk: u32, of: u32, fans: &[&str]) -> (u32, Share) {
        let entrants = Entrants::new(b"salt");
        let mut standings = String::new();
        for fan in fans {
            let line = format!(
                r#"{{"answer":"A","answered":1,"at":5,"code":"{}","correct":1,"elapsed":5,"first":5,"points":1}}"#,
                entrants.code(fan)
            );
            standings.push_str(&line);
            standings.push('\n');
        }
        let share = Share {
            r#type: SHARE.to_owned(),
            v: 1,
            campaign: "c".to_owned(),
            round: 1,
            ctl: 9,
            cut: 100 + u64::from(partition),
            chunk,
            of,
            standings,
            barred: String::new(),
        };
        (partition, share)
    }

    #[test]
    fn v_3_shares_make_one_field_in_any_order_and_only_when_all_are_there() {
        let mut all = vec![
            share(0, 0, 2, &["a"]),
            share(0, 1, 2, &["b"]),
            share(1, 0, 1, &[]),
            share(2, 0, 1, &["c"]),
        ];
        let sealed = merge(&all, 3).unwrap();
        assert_eq!(sealed.field.standings().len(), 3);
        assert_eq!(sealed.cut, [(0, 100), (1, 101), (2, 102)]);
        all.reverse();
        assert_eq!(merge(&all, 3).unwrap(), sealed);
        assert_eq!(merge(&all, 4).unwrap_err(), "partition 3 has no share");
        all.retain(|(partition, share)| (*partition, share.chunk) != (0, 1));
        assert_eq!(
            merge(&all, 3).unwrap_err(),
            "partition 0 lacks chunk 1 of 2"
        );
    }

    #[test]
    fn q_29_who_is_barred_is_told_by_every_chunk_of_every_partition() {
        let mut all = vec![
            share(0, 0, 2, &["a"]),
            share(0, 1, 2, &[]),
            share(1, 0, 1, &[]),
        ];
        let entrants = Entrants::new(b"salt");
        for (place, fan) in (1..).zip(["b", "c"]) {
            let mut barred = Barred::default();
            barred.add(entrants.code(fan), Bar::NotFollowing);
            all[place].1.barred = barred.lines().collect();
        }
        let sealed = merge(&all, 2).unwrap();
        let bars = ["a", "b", "c"].map(|fan| sealed.barred.get(entrants.code(fan)));
        let gone = Some(Bar::NotFollowing);
        assert_eq!(bars, [None, gone, gone]);
    }

    #[test]
    fn what_is_no_standing_is_refused() {
        let mut one = share(0, 0, 1, &["a"]);
        one.1.standings.push_str("{}\n");
        assert!(
            merge(&[one], 1)
                .unwrap_err()
                .contains("no canonical standing")
        );
        let mut one = share(0, 0, 1, &["a"]);
        one.1.barred.push_str("{}\n");
        assert!(merge(&[one], 1).unwrap_err().contains("who is barred"));
    }
}
