//! `export`: every topic as JSON lines, the cuts, and the digest recomputed.
//!
//! ```text
//! OUT/log.json        identity of the log, when it was exported, with or without bodies
//! OUT/cuts.json       {"TOPIC": {"PARTITION": {"start": N, "end": N}}}: what was exported
//! OUT/TOPIC.jsonl     {"topic","partition","offset","key","value"} a line, in the order of the log;
//!                     repetitions of chained topics are left out
//! OUT/digest.json     {"campaign","digest","lines","sum","refused"}
//! ```

use super::cat::Line;
use super::digest::Digest;
use super::results;
use super::scan::{self, Chains, Span};
use crate::args::ExportArgs;
use crate::failure::{Failure, io};
use msglog::{Log, Stored};
use record::chain::{link_of, splice};
use record::envelope::{Content, DELIVERY, Envelope, MESSAGE};
use record::topics::{ACCEPTED, ALL, INBOUND, RESULTS};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::sync::Arc;

type Cuts = BTreeMap<&'static str, BTreeMap<u32, Span>>;

/// Writes the export and holds the tallies against it.
pub(crate) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let log = scan::open(&args.history)?;
    let log: Arc<dyn Log> = log;
    std::fs::create_dir_all(&args.out).map_err(io(format!("make {}", args.out.display())))?;
    let cuts = cut(&*log)?;
    let about = json!({ "log": log.id().to_string(), "without_bodies": args.without_bodies });
    write_file(&args.out.join("log.json"), &about)?;
    write_file(&args.out.join("cuts.json"), &describe(&cuts))?;
    let total: u64 = cuts
        .values()
        .flat_map(BTreeMap::values)
        .map(|span| span.end - span.start)
        .sum();
    let bar = progress(total);
    let digest = std::thread::scope(|scope| {
        // The two large topics side by side; the others are small.
        let large = scope.spawn(|| topic(&*log, INBOUND, &cuts, args, &bar, &mut |_| Ok(())));
        let mut digest = Digest::new();
        topic(&*log, ACCEPTED, &cuts, args, &bar, &mut |stored| {
            digest.take(stored.partition, &stored.value)
        })?;
        for name in ALL
            .into_iter()
            .filter(|name| ![INBOUND, ACCEPTED].contains(name))
        {
            topic(&*log, name, &cuts, args, &bar, &mut |_| Ok(()))?;
        }
        large
            .join()
            .map_err(|_| Failure::away("the export's thread panicked"))??;
        Ok::<_, Failure>(digest)
    });
    bar.finish_and_clear();
    finish(digest?, &*log, &cuts, args)
}

fn finish(
    mut digest: Digest,
    log: &dyn Log,
    cuts: &Cuts,
    args: &ExportArgs,
) -> Result<(), Failure> {
    let campaigns = digest.campaigns();
    let campaign = match (&args.campaign, campaigns.as_slice()) {
        (Some(asked), all) if all.contains(asked) => asked,
        (Some(asked), _) => {
            return Err(Failure::no(format!(
                "no message of campaign {asked:?} was accepted"
            )));
        }
        (None, [only]) => only,
        (None, []) => {
            println!(
                "exported to {}; no campaign has a message yet",
                args.out.display()
            );
            return Ok(());
        }
        (None, many) => {
            return Err(Failure::wrong(format!(
                "exported, but there are several campaigns: name one for its digest with --campaign: {}",
                many.join(", ")
            )));
        }
    };
    let summary = digest.of(campaign)?;
    write_file(&args.out.join("digest.json"), &summary)?;
    let none = BTreeMap::new();
    let logged = results::tallies(log, cuts.get(RESULTS).unwrap_or(&none))?;
    println!(
        "exported to {}: {campaign} has {} counting answers, digest {}",
        args.out.display(),
        summary["lines"],
        summary["digest"].as_str().unwrap_or_default()
    );
    digest.compare(logged)
}

/// Results first, inbound last: what is exported of a running node hangs together, because nothing stands in a later
/// topic that is not in an earlier one.
fn cut(log: &dyn Log) -> Result<Cuts, Failure> {
    let mut names = ALL;
    names.sort_by_key(|name| match *name {
        RESULTS => 0,
        ACCEPTED => 2,
        INBOUND => 3,
        _ => 1,
    });
    names
        .into_iter()
        .map(|name| Ok((name, scan::spans_or_none(log, name)?)))
        .collect()
}

fn describe(cuts: &Cuts) -> serde_json::Value {
    let mut all = serde_json::Map::new();
    for (name, spans) in cuts {
        let mut partitions = serde_json::Map::new();
        for (partition, span) in spans {
            partitions.insert(
                partition.to_string(),
                json!({ "start": span.start, "end": span.end }),
            );
        }
        all.insert((*name).to_owned(), partitions.into());
    }
    all.into()
}

fn topic(
    log: &dyn Log,
    name: &'static str,
    cuts: &Cuts,
    args: &ExportArgs,
    bar: &indicatif::ProgressBar,
    also: &mut dyn FnMut(&Stored) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = args.out.join(format!("{name}.jsonl"));
    let what = format!("write {}", path.display());
    let file = std::fs::File::create(&path).map_err(io(&what))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let none = BTreeMap::new();
    let mut chains = Chains::of(name);
    let mut stripped = Vec::new();
    let mut since = 0;
    scan::each(log, name, cuts.get(name).unwrap_or(&none), |stored| {
        since += 1;
        if since == 4_096 {
            bar.inc(since);
            since = 0;
        }
        if !chains.accept(name, stored)? {
            return Ok(true);
        }
        also(stored)?;
        let value = match args.without_bodies {
            true => strip(&stored.value, &mut stripped),
            false => &stored.value,
        };
        Line::new(name, stored, value)
            .write(&mut out)
            .map_err(io(&what))?;
        Ok(true)
    })?;
    bar.inc(since);
    out.flush().map_err(io(&what))
}

/// The value without the fan's words: body, text and other content.
fn strip<'a>(value: &'a [u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    let kind = record::type_of(value);
    if !matches!(kind.as_deref(), Some(DELIVERY | MESSAGE)) {
        return value;
    }
    let Ok(mut envelope) = serde_json::from_slice::<Envelope<'_>>(value) else {
        return value;
    };
    envelope.content = Content::default();
    (envelope.body, envelope.body_b64) = (Cow::Borrowed(""), Cow::Borrowed(""));
    buffer.clear();
    let Ok(object) = serde_json::to_vec(&envelope) else {
        return value;
    };
    match link_of(value) {
        Some(link) => splice(&link, &object, buffer),
        None => buffer.extend_from_slice(&object),
    }
    buffer
}

fn write_file(path: &Path, value: &serde_json::Value) -> Result<(), Failure> {
    std::fs::write(path, format!("{value}\n")).map_err(io(format!("write {}", path.display())))
}

fn progress(total: u64) -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template(
        "export {bar:30} {human_pos}/{human_len} records {per_sec} {eta}",
    );
    let bar = indicatif::ProgressBar::new(total);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
