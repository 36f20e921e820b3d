//! `POST /v1/dead-letters/retry`: reads dead letters from the log and hands them to the coordinator. Whether one
//! counts is judged where it stands, by dedup and quiz.

use super::acts::{Answer, misdirected};
use super::server::{Context, json, problem};
use coordinator::{Handle, RetryError, RetryRequest};
use hyper::StatusCode;
use msglog::{Log, LogError};
use record::chain::{ChainReader, Verdict, link_of};
use record::dead::{DEAD, DeadLetter};
use serde::Deserialize;
use serde_json::{Value, json as object};
use std::time::Duration;

/// Dead letters of one call of `all`; the answer says where the next call begins.
const AT_ONCE: usize = 500;
/// Empty polls after which a log that has records counts as away.
const EMPTY_MAX: u32 = 50;
/// Reasons that nothing but another record could change.
const SETTLED: [&str; 2] = ["conflict", "unparsed"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryBody {
    topic: String,
    partition: Option<u32>,
    offset: Option<u64>,
    #[serde(default)]
    all: bool,
    /// Where `all` begins: partition and offset.
    from: Option<(u32, u64)>,
    reason: String,
}

/// A dead letter where it stands.
struct Found {
    partition: u32,
    offset: u64,
    reason: String,
    raw: String,
}

pub(super) fn route(context: &Context, actor: &str, body: &RetryBody) -> Answer {
    let bad = |why: &str| problem(StatusCode::BAD_REQUEST, why);
    if body.reason.trim().is_empty() {
        return bad("an act needs a reason");
    }
    let topic = format!("{}.dead", body.topic.trim_end_matches(".dead"));
    let Some(partitions) = partitions(&*context.log, &topic) else {
        return bad("there are dead letters of inbound and accepted");
    };
    let Some(coordinator) = context.coordinator.as_ref().filter(|handle| handle.leads()) else {
        return misdirected(context);
    };
    let asked = Asked {
        context,
        coordinator,
        actor,
        topic: &topic,
        reason: &body.reason,
    };
    match (body.partition, body.offset, body.all) {
        (Some(partition), Some(offset), false) => asked.one(partition, offset),
        (None, None, true) => asked.all(partitions, body.from.unwrap_or_default()),
        _ => bad("name one dead letter by partition and offset, or say all"),
    }
}

fn partitions(log: &dyn Log, topic: &str) -> Option<u32> {
    let topics = log.topics();
    topics
        .iter()
        .find(|config| config.name == topic)
        .map(|config| config.partitions)
}

struct Asked<'a> {
    context: &'a Context,
    coordinator: &'a Handle,
    actor: &'a str,
    topic: &'a str,
    reason: &'a str,
}

impl Asked<'_> {
    fn one(&self, partition: u32, offset: u64) -> Answer {
        match read(&*self.context.log, self.topic, partition, offset, 1) {
            Err(LogError::OutOfRange { .. } | LogError::NoSuchPartition { .. }) => {
                self.nothing(partition, offset)
            }
            Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
            Ok(found) => match found.first().filter(|found| found.offset == offset) {
                None => self.nothing(partition, offset),
                Some(found) => match self.put_back(found) {
                    Ok(record) => json(
                        StatusCode::OK,
                        &object!({ "retried": 1, "records": [record] }),
                    ),
                    Err(error) => self.refusal(&error),
                },
            },
        }
    }

    fn nothing(&self, partition: u32, offset: u64) -> Answer {
        let topic = self.topic;
        problem(
            StatusCode::NOT_FOUND,
            &format!(
                "there is no dead letter at {partition}/{offset} of {topic}; `dead-letters list` shows the places"
            ),
        )
    }

    /// Everything from a place on, a bounded number of letters at a time.
    fn all(&self, partitions: u32, from: (u32, u64)) -> Answer {
        let (mut records, mut skipped) = (Vec::new(), Vec::new());
        for partition in from.0..partitions {
            let begin = if partition == from.0 { from.1 } else { 0 };
            let limit = AT_ONCE - records.len() - skipped.len();
            let found = match read(&*self.context.log, self.topic, partition, begin, limit) {
                Ok(found) => found,
                Err(error) => return problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
            };
            for letter in &found {
                let (at, why) = (letter.offset, &letter.reason);
                if SETTLED.contains(&why.as_str()) {
                    skipped.push(object!({ "partition": partition, "offset": at, "why": why }));
                    continue;
                }
                match self.put_back(letter) {
                    Ok(record) => records.push(record),
                    Err(RetryError::Useless(why)) => {
                        skipped.push(object!({ "partition": partition, "offset": at, "why": why }));
                    }
                    Err(error) => return self.refusal(&error),
                }
            }
            if records.len() + skipped.len() >= AT_ONCE {
                let next = found.last().map(|last| (partition, last.offset + 1));
                return self.done(&records, &skipped, next);
            }
        }
        self.done(&records, &skipped, None)
    }

    fn done(&self, records: &[Value], skipped: &[Value], next: Option<(u32, u64)>) -> Answer {
        json(
            StatusCode::OK,
            &object!({
                "retried": records.len(), "records": records, "skipped": skipped, "next": next,
            }),
        )
    }

    fn put_back(&self, found: &Found) -> Result<Value, RetryError> {
        let retried = self.coordinator.retry(RetryRequest {
            topic: self.topic.to_owned(),
            partition: found.partition,
            offset: found.offset,
            raw: found.raw.clone(),
            actor: self.actor.to_owned(),
            reason: self.reason.to_owned(),
        })?;
        Ok(object!({
            "partition": found.partition, "offset": found.offset, "inbound": retried.offset,
        }))
    }

    fn refusal(&self, error: &RetryError) -> Answer {
        match error {
            RetryError::NotOwner => misdirected(self.context),
            RetryError::Useless(why) => problem(StatusCode::UNPROCESSABLE_ENTITY, why),
            other => problem(StatusCode::SERVICE_UNAVAILABLE, &other.to_string()),
        }
    }
}

/// Dead letters of a partition from an offset on, at most `limit`, as the reader of the chain accepts them. The
/// chain is followed from the retained start, so that a repetition is none.
fn read(
    log: &dyn Log,
    topic: &str,
    partition: u32,
    from: u64,
    limit: usize,
) -> Result<Vec<Found>, LogError> {
    let start = log.start_offset(topic, partition)?;
    let end = log.end_offset(topic, partition)?;
    let mut chain = if start == 0 {
        ChainReader::after(None)
    } else {
        ChainReader::unanchored()
    };
    let mut reader = log.reader(topic)?;
    reader.seek(partition, start)?;
    let (mut found, mut empty) = (Vec::new(), 0_u32);
    while reader.position(partition).is_some_and(|at| at < end) && found.len() < limit {
        let records = reader.poll(1_024, 4 << 20, Duration::from_millis(100))?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        if empty > EMPTY_MAX {
            return Err(LogError::Away {
                detail: format!("durable records of {topic} do not come"),
            });
        }
        for stored in records {
            let accepted =
                link_of(&stored.value).is_some_and(|link| chain.judge(&link) == Verdict::Accept);
            let is_letter = record::type_of(&stored.value).as_deref() == Some(DEAD);
            if !accepted || !is_letter || stored.offset < from || found.len() >= limit {
                continue;
            }
            if let Ok(letter) = serde_json::from_slice::<DeadLetter<'_>>(&stored.value) {
                found.push(Found {
                    partition,
                    offset: stored.offset,
                    reason: letter.reason.into_owned(),
                    raw: letter.raw.into_owned(),
                });
            }
        }
    }
    Ok(found)
}
