//! `topics create|show`: makes what the log's backend needs, and says how it stands, for people or as JSON.

use super::layout;
use super::reading::Named;
use crate::args::{TopicsArgs, TopicsCommand};
use crate::config::{Backend, KafkaSettings, LogConfig};
use crate::failure::{Failure, NO, io};
use crate::node::log_dir;
use msglog::Log as _;
use msglog::journal::Journal;
use msglog::kafka::{Kafka, TopicState};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Runs the command; exit code 1 when a topic is not as configured.
///
/// # Errors
/// The configuration is wrong, or the log cannot be reached.
pub(crate) fn run(command: &TopicsCommand, out: &mut impl Write) -> Result<(), Failure> {
    let (create, args) = match command {
        TopicsCommand::Create(args) => (true, args),
        TopicsCommand::Show(args) => (false, args),
    };
    let named = Named::find(args.config.as_deref(), args.data.as_deref())?;
    let shown = match &named.log.backend {
        Backend::Kafka(settings) => at_brokers(&named.log, settings, create)?,
        Backend::Journal(_) => on_disk(&named.log, &named.data, create)?,
    };
    print(&shown, args, out).map_err(io("write"))?;
    let problems: Vec<String> = shown.topics.into_iter().flat_map(|t| t.problems).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure {
        code: NO,
        message: problems.join("\nspillway: "),
    })
}

/// What is shown of a log.
struct Shown {
    backend: &'static str,
    /// Identity of the log, as far as its topics tell it.
    log: Option<String>,
    topics: Vec<Topic>,
}

struct Topic {
    name: String,
    /// Its name at the brokers, or the directory's.
    there: String,
    created: bool,
    partitions: u32,
    /// Replicas, and how many must have a record; `None` on one disk.
    replicas: Option<(u16, u16)>,
    retention_s: Option<u64>,
    problems: Vec<String>,
}

fn at_brokers(log: &LogConfig, settings: &KafkaSettings, create: bool) -> Result<Shown, Failure> {
    let layout = layout::kafka(log, settings, "");
    let states = if create {
        Kafka::create_topics(&layout)?
    } else {
        Kafka::describe(&layout)?
    };
    let mark = states.iter().find_map(|state| state.log_mark);
    let topic = |state: TopicState| Topic {
        name: state.name,
        there: state.broker_topic,
        created: state.created,
        partitions: state.partitions,
        replicas: Some((state.replication, state.min_insync_replicas)),
        retention_s: state.retention.map(|kept| kept.as_secs()),
        problems: state.problems,
    };
    Ok(Shown {
        backend: log.backend.name(),
        log: mark.map(|mark| format!("{mark:016x}")),
        topics: states.into_iter().map(topic).collect(),
    })
}

/// A journal makes its topics whenever a node opens it; here they are made and looked at without one.
fn on_disk(log: &LogConfig, data: &Path, create: bool) -> Result<Shown, Failure> {
    let files = log_dir(data);
    let mut made = false;
    if let (Backend::Journal(settings), true) = (&log.backend, create) {
        made = !files.exists();
        std::fs::create_dir_all(&files).map_err(io(format!("make {}", files.display())))?;
        match Journal::open(&files, layout::journal(log, settings)) {
            Ok(journal) => journal.close(),
            // A node that runs has made them.
            Err(msglog::LogError::Owned { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let journal = match Journal::open_read_only(&files) {
        Ok(journal) => Some(journal),
        Err(_) if !files.exists() => None,
        Err(error) => return Err(error.into()),
    };
    let there = journal.as_ref().map(|j| j.topics()).unwrap_or_default();
    let topic = |wanted: msglog::TopicConfig| {
        let found = there.iter().find(|topic| topic.name == wanted.name);
        let partitions = found.map_or(0, |topic| topic.partitions);
        let (name, dir) = (&wanted.name, files.display());
        let problem = match partitions {
            0 => Some(format!(
                "topic {name:?} is not there in {dir}; make it with: spillway topics create"
            )),
            some if some != wanted.partitions => Some(format!(
                "topic {name:?} has {some} partitions, {} are configured; a number of partitions never changes",
                wanted.partitions
            )),
            _ => None,
        };
        Topic {
            there: files.join(name).display().to_string(),
            created: made,
            partitions,
            replicas: None,
            retention_s: wanted.retention.map(|kept| kept.as_secs()),
            problems: problem.into_iter().collect(),
            name: wanted.name,
        }
    };
    Ok(Shown {
        backend: log.backend.name(),
        log: journal.as_ref().map(|journal| journal.id().to_string()),
        topics: layout::topics(log).into_iter().map(topic).collect(),
    })
}

fn print(shown: &Shown, args: &TopicsArgs, out: &mut impl Write) -> std::io::Result<()> {
    if args.json {
        let topics: Vec<Value> = shown.topics.iter().map(document).collect();
        let all = json!({ "backend": shown.backend, "log": shown.log, "topics": topics });
        return writeln!(out, "{all}");
    }
    let log = shown.log.as_deref().unwrap_or("-");
    writeln!(out, "log {log} on {}", shown.backend)?;
    writeln!(
        out,
        "{:<28} {:>10} {:>8} {:>7} {:>12}  state",
        "topic", "partitions", "replicas", "in sync", "kept"
    )?;
    for topic in &shown.topics {
        let replica = |pick: fn((u16, u16)) -> u16| {
            topic
                .replicas
                .map_or_else(|| "-".to_owned(), |replicas| pick(replicas).to_string())
        };
        let kept = match (topic.partitions, topic.retention_s) {
            (0, _) => "-".to_owned(),
            (_, None) => "for ever".to_owned(),
            (_, Some(kept)) => format!("{kept} s"),
        };
        let state = match (topic.problems.is_empty(), topic.created) {
            (false, _) => "WRONG",
            (true, true) => "made",
            (true, false) => "as configured",
        };
        let name = topic.replicas.map_or(&topic.name, |_| &topic.there);
        writeln!(
            out,
            "{name:<28} {:>10} {:>8} {:>7} {kept:>12}  {state}",
            topic.partitions,
            replica(|r| r.0),
            replica(|r| r.1),
        )?;
    }
    out.flush()
}

fn document(topic: &Topic) -> Value {
    json!({
        "name": topic.name, "there": topic.there, "created": topic.created,
        "partitions": topic.partitions, "replication": topic.replicas.map(|r| r.0),
        "min_insync_replicas": topic.replicas.map(|r| r.1), "retention_s": topic.retention_s,
        "problems": topic.problems,
    })
}
