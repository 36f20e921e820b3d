//! `explain`: every delivery and message of a fan, what each was taken for, which answers count, and what the sealed
//! rounds came to for him (V-13). Never what he wrote to claim a prize: that is shown by `award show` alone.

use super::digest::Digest;
use super::fate::{self, Asked};
use super::rounds::Told;
use super::scan::{self, Chains};
use crate::args::ExplainArgs;
use crate::failure::{Failure, io};
use contest::{Class, EntrantCode, Message};
use control::ControlState;
use msglog::Log;
use quiz::Running;
use record::dead::DeadLetter;
use record::envelope::{DELIVERY, Envelope, MESSAGE};
use record::identity::{MessageKey, partition_of};
use record::inband::{NOTE, Note};
use record::topics::{ACCEPTED, INBOUND, INBOUND_DEAD};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Prints what the log says of a fan, in the order of the fan's own time, and what sealed rounds came to for him. Of
/// an entrant code it tells the latter only: whose it is stands nowhere.
pub(crate) fn explain(args: &ExplainArgs, out: &mut impl Write) -> Result<(), Failure> {
    let log = scan::open(&args.history)?;
    let (mut said, mut lines) = (Vec::new(), Vec::new());
    let asked = match (&args.fan, &args.code) {
        (Some(fan), _) => {
            (said, lines) = of_fan(&*log, fan)?;
            if said.is_empty() {
                return Err(Failure::no(format!("the log knows no fan {fan:?}")));
            }
            Asked::Fan(fan)
        }
        (None, code) => {
            let code = code.as_deref().unwrap_or_default();
            Asked::Code(EntrantCode::parse(code).ok_or_else(|| {
                Failure::wrong(format!(
                    "{code:?} is no entrant code: 32 lower-case hexadecimal digits"
                ))
            })?)
        }
    };
    let fate = fate::rows(&log, asked)?;
    if args.fan.is_none() && fate.iter().all(|row| row["listed"] != true) {
        return Err(Failure::no("no list of a sealed round has this code"));
    }
    let print = |out: &mut dyn Write| -> std::io::Result<()> {
        for row in &said {
            if args.json {
                writeln!(out, "{row}")?
            } else {
                writeln!(out, "{}", sentence(row))?
            }
        }
        for line in &lines {
            counting(line, args.json, out)?;
        }
        for row in &fate {
            if args.json {
                writeln!(out, "{row}")?;
            } else {
                writeln!(out, "{}", fate::sentence(row))?;
            }
        }
        out.flush()
    };
    print(out).map_err(io("write"))
}

/// Everything that a fan said, and the lines of his counting answers.
fn of_fan(log: &dyn Log, fan: &str) -> Result<(Vec<Value>, Vec<String>), Failure> {
    let partitions = scan::spans(log, INBOUND)?.len();
    let partition = partition_of(fan.as_bytes(), u32::try_from(partitions).unwrap_or(1));
    let Said {
        mut rows,
        lines,
        claims,
    } = messages(log, partition, fan)?;
    rows.extend(deliveries(log, partition, fan, &claims)?);
    rows.extend(dead(log, partition, fan)?);
    rows.sort_by_key(|row| {
        let number = |member: &str| row[member].as_i64().unwrap_or(0);
        (number("create_time"), number("recv_us"))
    });
    Ok((rows, lines))
}

/// One line of the digest: an answer that counts.
fn counting(line: &str, as_json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let parts: Vec<&str> = line.trim_end().split('\t').collect();
    let [round, _, answer, time, id] = parts.as_slice() else {
        return Ok(());
    };
    if as_json {
        let counts = json!({ "what": "counts", "round": round, "answer": answer,
                             "create_time": time, "msg_id": id });
        writeln!(out, "{counts}")
    } else {
        writeln!(
            out,
            "round {round}: the answer that counts is {answer} of {time}, message {id}"
        )
    }
}

fn one_partition(
    log: &dyn Log,
    topic: &str,
    partition: u32,
) -> Result<BTreeMap<u32, scan::Span>, Failure> {
    let mut spans = scan::spans_or_none(log, topic)?;
    spans.retain(|candidate, _| *candidate == partition);
    Ok(spans)
}

/// The rule by which ingress answers a claim.
const CLAIM_RULE: &str = "claim";

fn deliveries(
    log: &dyn Log,
    partition: u32,
    fan: &str,
    claims: &BTreeSet<MessageKey>,
) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    scan::each(
        log,
        INBOUND,
        &one_partition(log, INBOUND, partition)?,
        |stored| {
            if stored.key == fan.as_bytes()
                && record::type_of(&stored.value).as_deref() == Some(DELIVERY)
            {
                let envelope: Envelope<'_> = read(&stored.value, INBOUND)?;
                let claims = envelope.reply.rule == CLAIM_RULE
                    || envelope.key.is_some_and(|key| claims.contains(&key));
                let text = (!claims).then_some(&envelope.content.text);
                rows.push(json!({
                "what": "delivery", "partition": partition, "offset": stored.offset,
                "create_time": envelope.create_time, "recv_us": envelope.recv_us, "kind": envelope.kind,
                "msg_id": envelope.msg_id, "event": envelope.event, "text": text,
                "reply": envelope.reply, "key": envelope.key, "node": envelope.node, "seq": envelope.seq,
            }));
            }
            Ok(true)
        },
    )?;
    Ok(rows)
}

/// What a fan's messages tell.
struct Said {
    rows: Vec<Value>,
    /// The lines of the counting answers.
    lines: Vec<String>,
    /// Keys of the messages that claim.
    claims: BTreeSet<MessageKey>,
}

/// The fan's messages with their class by what stands before them.
fn messages(log: &dyn Log, partition: u32, fan: &str) -> Result<Said, Failure> {
    let (mut rows, mut claims) = (Vec::new(), BTreeSet::new());
    let mut digest = Digest::new();
    let mut chains = Chains::of(ACCEPTED);
    let state = Told::read(log)?.state;
    scan::each(
        log,
        ACCEPTED,
        &one_partition(log, ACCEPTED, partition)?,
        |stored| {
            if !chains.accept(ACCEPTED, stored)? {
                return Ok(true);
            }
            digest.take((partition, stored.offset), &stored.value)?;
            match record::type_of(&stored.value).as_deref() {
                Some(MESSAGE) if stored.key == fan.as_bytes() => {
                    let envelope: Envelope<'_> = read(&stored.value, ACCEPTED)?;
                    let judged = judged(&envelope, digest.standing(partition));
                    if is_claim(&judged) {
                        claims.extend(envelope.key);
                    }
                    rows.push(message(&envelope, stored.offset, &judged, &state));
                }
                Some(NOTE) if stored.key == fan.as_bytes() => {
                    let note: Note<'_> = read(&stored.value, ACCEPTED)?;
                    rows.push(json!({ "what": "redelivery", "partition": partition, "offset": stored.offset,
                                  "recv_us": note.recv_us, "key": note.key, "reply": note.reply }));
                }
                _ => {}
            }
            Ok(true)
        },
    )?;
    Ok(Said {
        rows,
        lines: digest.lines_of(fan)?,
        claims,
    })
}

/// A campaign of the account as it stands before a message, and what it takes the message for.
type Judged<'r> = (&'r Running, Class);

fn is_claim(judged: &[Judged<'_>]) -> bool {
    judged.iter().any(|(_, class)| *class == Class::Claim)
}

/// A message as quiz takes it where it stands: by each campaign of its account, with the version and the windows in force
/// there.
fn judged<'r>(envelope: &Envelope<'_>, standing: &'r [Running]) -> Vec<Judged<'r>> {
    let asked = Message {
        kind: &envelope.kind,
        text: &envelope.content.text,
        recognition: &envelope.content.recognition,
        menu_id: &envelope.menu_id,
        event: &envelope.event,
        event_key: &envelope.event_key,
        from: &envelope.from,
        create_time: envelope.create_time,
    };
    let of_account = |running: &&Running| running.compiled.campaign.account == envelope.account;
    let standing = standing.iter().filter(of_account);
    standing
        .map(|running| (running, running.compiled.classify(&asked)))
        .collect()
}

fn message(
    envelope: &Envelope<'_>,
    offset: u64,
    judged: &[Judged<'_>],
    state: &ControlState,
) -> Value {
    let claims = is_claim(judged);
    let judged = judged.iter().map(|(running, class)| {
        let detail = match claims {
            true => class.name().to_owned(),
            false => format!("{class:?}"),
        };
        let round = running.compiled.campaign.round_at(envelope.create_time);
        let round = round.map(|round| round.number);
        let life = round.and_then(|round| state.rounds().life(&running.id, Some(round)));
        json!({
            "campaign": running.id, "version": running.version, "class": class.name(),
            "detail": detail, "round": round,
            "void": life.is_some_and(|life| life.is_void),
            "late_after_seal": running.is_sealed_at(envelope.create_time),
        })
    });
    let judged: Vec<Value> = judged.collect();
    let text = (!claims).then_some(&envelope.content.text);
    json!({
        "what": "message", "offset": offset, "create_time": envelope.create_time,
        "recv_us": envelope.recv_us, "kind": envelope.kind, "msg_id": envelope.msg_id,
        "event": envelope.event, "text": text, "key": envelope.key, "judged": judged,
    })
}

fn dead(log: &dyn Log, partition: u32, fan: &str) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    let mut chains = Chains::of(INBOUND_DEAD);
    scan::each(
        log,
        INBOUND_DEAD,
        &one_partition(log, INBOUND_DEAD, partition)?,
        |stored| {
            if stored.key == fan.as_bytes() && chains.accept(INBOUND_DEAD, stored)? {
                let letter: DeadLetter<'_> = read(&stored.value, INBOUND_DEAD)?;
                rows.push(json!({ "what": "dead letter", "partition": partition, "offset": stored.offset,
                              "reason": letter.reason, "detail": letter.detail, "source": letter.offset }));
            }
            Ok(true)
        },
    )?;
    Ok(rows)
}

fn read<'a, T: serde::Deserialize<'a>>(value: &'a [u8], topic: &str) -> Result<T, Failure> {
    serde_json::from_slice(value)
        .map_err(|error| Failure::no(format!("a record of {topic} cannot be read: {error}")))
}

/// A row for people.
fn sentence(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let what = if text("event").is_empty() {
        text("kind")
    } else {
        format!("event {}", text("event"))
    };
    let said = row["text"]
        .as_str()
        .filter(|said| !said.is_empty())
        .map_or_else(String::new, |said| format!(" {said:?}"));
    match row["what"].as_str() {
        Some("delivery") => format!(
            "{} delivery {}/{}: {what}{said}, answered by rule {:?} ({})",
            row["create_time"],
            row["partition"],
            row["offset"],
            row["reply"]["rule"].as_str().unwrap_or_default(),
            row["reply"]["spoken"].as_str().unwrap_or_default(),
        ),
        Some("message") => {
            let judged: Vec<String> = row["judged"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|j| {
                    let mut said = format!(
                        "{} v{}: {}",
                        j["campaign"].as_str().unwrap_or_default(),
                        j["version"],
                        j["detail"].as_str().unwrap_or_default()
                    );
                    for (mark, words) in [
                        ("void", ", of a round that is void"),
                        ("late_after_seal", ", after the seal of its round"),
                    ] {
                        if j[mark] == true {
                            said.push_str(words);
                        }
                    }
                    said
                })
                .collect();
            format!(
                "{} message: {what}{said}, taken for {}",
                row["create_time"],
                judged.join("; ")
            )
        }
        Some("redelivery") => format!(
            "re-delivery of message {}: dropped, answered again",
            text("key")
        ),
        _ => format!("dead letter: {}: {}", text("reason"), text("detail")),
    }
}
