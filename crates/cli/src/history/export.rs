//! `export`: every topic as JSON lines, the cuts, and the digest recomputed; enough for a replay (Q-24).
//!
//! ```text
//! OUT/log.json        identity of the log, with or without bodies, with the fans' ids or pseudonyms
//! OUT/cuts.json       {"TOPIC": {"PARTITION": {"start": N, "end": N}}}: what was exported
//! OUT/TOPIC.jsonl     {"topic","partition","offset","key","value"} a line, in the order of the log;
//!                     repetitions of chained topics are left out
//! OUT/digest.json     {"campaign","digest","lines","sum","refused"}
//! ```

use super::cat::{self, Line};
use super::digest::Digest;
use super::provisional;
use super::pseudonyms::Pseudonyms;
use super::scan::{self, Chains, Span};
use super::words;
use crate::args::ExportArgs;
use crate::failure::{Failure, io};
use bytes::Bytes;
use msglog::{Log, Stored};
use record::topics::{ACCEPTED, ALL, INBOUND, RESULTS};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Batches that may wait between writing and counting.
const COUNTING_QUEUE: usize = 16;
/// Records of one such batch.
const COUNTING_BATCH: usize = 1_024;

type Cuts = BTreeMap<&'static str, BTreeMap<u32, Span>>;

/// Where an export goes, and how its records are written.
struct To<'a> {
    args: &'a ExportArgs,
    pseudonyms: Option<Pseudonyms>,
}

/// Writes the export and holds the tallies against it.
pub(crate) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let key = args.pseudonymise.as_deref();
    let to = To {
        args,
        pseudonyms: key.map(Pseudonyms::with_key_of).transpose()?,
    };
    let log = scan::open(&args.history)?;
    std::fs::create_dir_all(&args.out).map_err(io(format!("make {}", args.out.display())))?;
    let cuts = cut(&*log)?;
    let about = json!({
        "log": log.id().to_string(), "without_bodies": args.without_bodies,
        "pseudonymised": to.pseudonyms.is_some(),
    });
    write_file(&args.out.join("log.json"), &about)?;
    write_file(&args.out.join("cuts.json"), &describe(&cuts))?;
    let total: u64 = cuts
        .values()
        .flat_map(BTreeMap::values)
        .map(|span| span.end - span.start)
        .sum();
    let bar = progress(total);
    let digest = std::thread::scope(|scope| {
        // The two large topics side by side, and counting beside writing; the other topics are small.
        let large = scope.spawn(|| topic(&*log, INBOUND, &cuts, &to, &bar, &mut |_| Ok(())));
        let (give, take) = sync_channel::<Vec<((u32, u64), Bytes)>>(COUNTING_QUEUE);
        let counting = scope.spawn(move || {
            let mut digest = Digest::new();
            for (place, value) in take.into_iter().flatten() {
                digest.take(place, &value)?;
            }
            Ok::<_, Failure>(digest)
        });
        let mut batch = Vec::with_capacity(COUNTING_BATCH);
        topic(&*log, ACCEPTED, &cuts, &to, &bar, &mut |stored| {
            let place = (stored.partition, stored.offset);
            batch.push((place, stored.value.clone()));
            if batch.len() == COUNTING_BATCH {
                // A counter that has stopped tells why when it is joined.
                drop(give.send(std::mem::replace(
                    &mut batch,
                    Vec::with_capacity(COUNTING_BATCH),
                )));
            }
            Ok(())
        })?;
        drop(give.send(batch));
        drop(give);
        for name in ALL
            .into_iter()
            .filter(|name| ![INBOUND, ACCEPTED].contains(name))
        {
            topic(&*log, name, &cuts, &to, &bar, &mut |_| Ok(()))?;
        }
        let panicked = |_| Failure::away("a thread of the export panicked");
        large.join().map_err(panicked)??;
        counting.join().map_err(panicked)?
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
    let none = BTreeMap::new();
    let logged = provisional::tallies(log, cuts.get(RESULTS).unwrap_or(&none))?;
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
            return digest.compare(&logged);
        }
        (None, many) => {
            digest.compare(&logged)?;
            return Err(Failure::wrong(format!(
                "exported, but there are several campaigns: name one for its digest with --campaign: {}",
                many.join(", ")
            )));
        }
    };
    let summary = digest.of(campaign)?;
    write_file(&args.out.join("digest.json"), &summary)?;
    let of = match args.pseudonymise {
        Some(_) => " (of the fans' own ids)",
        None => "",
    };
    println!(
        "exported to {}: {campaign} has {} counting answers, digest {}{of}",
        args.out.display(),
        summary["lines"],
        summary["digest"].as_str().unwrap_or_default()
    );
    digest.compare(&logged)
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
    to: &To<'_>,
    bar: &indicatif::ProgressBar,
    also: &mut dyn FnMut(&Stored) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = to.args.out.join(format!("{name}.jsonl"));
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
        let cut = if to.args.without_bodies {
            words::without_words(name, &stored.value, &mut stripped)
        } else {
            None
        };
        let written = match (&to.pseudonyms, cut) {
            (Some(pseudonyms), cut) => {
                let key = pseudonyms.key(name, &stored.key);
                let value = pseudonyms.value(cut.unwrap_or(&stored.value));
                cat::write_json(name, stored, (&key, &value), &mut out)
            }
            (None, Some(json)) => cat::write_json(name, stored, (&stored.key, json), &mut out),
            (None, None) => Line::new(name, stored, &stored.value).write(&mut out),
        };
        written.map_err(io(&what))?;
        Ok(true)
    })?;
    bar.inc(since);
    out.flush().map_err(io(&what))
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
