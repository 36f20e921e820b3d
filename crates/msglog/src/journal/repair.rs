//! Goes on after corruption, when an operator has asked for it: each damaged segment is copied to
//! `quarantine/` and replaced by itself with gaps where damaged batches stood. Nothing that is still
//! whole is given up, and no offset that may have been given out is given out again.

use super::batch::{HEADER, Header, Kind};
use super::disk::DiskFile;
use super::files::{Published, SegmentHead, idx_name, io_error, log_name};
use super::home::{Home, copy, unlink_if_there};
use super::scan::{Walk, claim_after, headers_after, whole};
use crate::contract::LogError;
use std::io;

/// A stretch that will be skipped.
struct Gap {
    from: u64,
    to: u64,
}

/// What a full walk through one segment found.
struct Findings {
    gaps: Vec<Gap>,
    walk: Walk,
}

/// Checks every segment whole and replaces damaged ones. `durable` is the furthest position that a
/// published end or a failed flush's mark proves.
///
/// # Errors
/// Failures of reading or writing; a damaged segment header, which nothing can replace.
pub(super) fn repair(
    home: &Home,
    now_ms: i64,
    published: Option<&Published>,
    durable: u64,
) -> Result<(), LogError> {
    let bases = home.bases()?;
    let Some(last) = bases.last() else {
        return published.map_or(Ok(()), |published| restart_at(home, now_ms, published));
    };
    for (index, base) in bases.iter().enumerate() {
        let end = bases.get(index + 1).copied();
        let (head, mut findings) = examine(home, *base, end)?;
        if base == last && durable > findings.walk.end {
            extend(&mut findings, durable);
        }
        if findings.gaps.is_empty() {
            continue;
        }
        replace(home, &head, &findings)?;
        if base == last {
            // The next offsets are unknown as far as gaps hide them: begin beyond all possible ones.
            let lost = findings.walk.gap_records_max();
            let known = published.filter(|published| published.durable >= findings.walk.end);
            let first = findings
                .walk
                .next
                .iter()
                .enumerate()
                .map(|(partition, next)| {
                    let beyond = next.saturating_add(if known.is_some() { 0 } else { lost });
                    let told = published
                        .and_then(|p| p.next.get(partition))
                        .copied()
                        .unwrap_or(0);
                    beyond.max(told)
                });
            let first = first.collect();
            let base = findings.walk.end;
            home.create_segment(&SegmentHead {
                base,
                first,
                created_ms: now_ms,
            })?;
        }
    }
    Ok(())
}

/// All segments are gone, but the published end knows where to go on.
fn restart_at(home: &Home, now_ms: i64, published: &Published) -> Result<(), LogError> {
    let (base, first) = (published.durable, published.next.clone());
    tracing::error!(
        topic = home.topic.name,
        end = base,
        "all segments are gone, going on behind"
    );
    home.create_segment(&SegmentHead {
        base,
        first,
        created_ms: now_ms,
    })
    .map(drop)
}

/// Walks through a whole segment, over every damage to the next whole batch.
fn examine(home: &Home, base: u64, end: Option<u64>) -> Result<(SegmentHead, Findings), LogError> {
    let path = home.path(&log_name(base));
    let failed = |error: io::Error| io_error("examine", &path, &error);
    let found = home.load(base, base)?;
    let head = found.index.head;
    let file = home.disk.open_to_read(&path).map_err(failed)?;
    let file_end = end.map_or(found.end, |end| end.min(found.end));
    let source = whole(file.as_ref(), base, head.bytes(), file_end);
    let walk = Walk::from(base, head.first.clone());
    let mut findings = Findings {
        gaps: Vec::new(),
        walk,
    };
    loop {
        findings.walk.go(&source, u64::MAX).map_err(failed)?;
        if findings.walk.bad.is_none() {
            break;
        }
        let at = findings.walk.end;
        let Some(next) = next_whole(&findings.walk, &source, at).map_err(failed)? else {
            // Nothing whole follows: in the last segment what no header claims is a torn tail.
            let claim = claim_after(&source, at + 1).map_err(failed)?;
            if end.is_none() && claim > at {
                extend(&mut findings, claim);
            }
            break;
        };
        // A header right behind the last whole batch proves nothing durable in between, but only a
        // batch of the same flush can be followed without a claim; it was never acked and may stay.
        extend(&mut findings, next);
    }
    if let Some(end) = end
        && findings.walk.end < end
    {
        extend(&mut findings, end);
    }
    Ok((head, findings))
}

/// Position of the next batch behind `at` that is whole and goes on with the offsets.
fn next_whole(walk: &Walk, source: &super::chunk::Source<'_>, at: u64) -> io::Result<Option<u64>> {
    let mut found = None;
    let mut failed = Ok(());
    headers_after(source, at + 1, |header| {
        if header.position < at + HEADER as u64 {
            return true;
        }
        let mut probe = Walk::from(header.position, walk.next.clone());
        probe.gap_bytes = 1;
        let one = whole(
            source.file,
            source.base,
            source.head_bytes,
            header.end().min(source.end),
        );
        failed = probe.go(&one, u64::MAX);
        if failed.is_ok() && probe.bad.is_none() && probe.end > header.position {
            found = Some(header.position);
        }
        found.is_none() && failed.is_ok()
    })?;
    failed.map(|()| found)
}

/// Lets the walk pass to `to`, over a gap.
fn extend(findings: &mut Findings, to: u64) {
    let from = findings.walk.end;
    // A gap needs room for its header; two batches are never closer.
    let to = to.max(from.saturating_add(HEADER as u64));
    findings.walk.gap_bytes = findings.walk.gap_bytes.saturating_add(to - from);
    findings.walk.end = to;
    findings.gaps.push(Gap { from, to });
}

/// Copies the segment to the quarantine, then puts a copy with gaps in its place.
fn replace(home: &Home, head: &SegmentHead, findings: &Findings) -> Result<(), LogError> {
    let name = log_name(head.base);
    let path = home.path(&name);
    let work = || -> io::Result<()> {
        let disk = home.disk.as_ref();
        let root = home.dir.parent().unwrap_or(&home.dir).join("quarantine");
        let aside = root.join(&home.topic.name);
        for dir in [&root, &aside] {
            disk.create_dir(dir)?;
            disk.sync_dir(dir.parent().unwrap_or(dir))?;
        }
        let damaged = disk.open_to_read(&path)?;
        let len = damaged.len()?;
        let kept = disk.create(&aside.join(&name))?;
        copy(damaged.as_ref(), 0, kept.as_ref(), 0, len)?;
        kept.sync_data()?;
        disk.sync_dir(&aside)?;

        let new = home.path(&format!("{name}.new"));
        let target = disk.create(&new)?;
        let wanted = head.bytes() + (findings.walk.end - head.base);
        copy(damaged.as_ref(), 0, target.as_ref(), 0, len.min(wanted))?;
        target.set_len(wanted)?;
        for gap in &findings.gaps {
            write_gap(target.as_ref(), head, gap)?;
        }
        target.sync_data()?;
        disk.rename(&new, &path)?;
        disk.sync_dir(&home.dir)
    };
    work().map_err(|error| io_error("repair", &path, &error))?;
    unlink_if_there(home.disk.as_ref(), &home.path(&idx_name(head.base)))?;
    for gap in &findings.gaps {
        tracing::error!(
            topic = home.topic.name,
            segment = name,
            from = gap.from,
            to = gap.to,
            "went on without a damaged stretch of the journal; the segment is kept in quarantine"
        );
    }
    Ok(())
}

fn write_gap(file: &dyn DiskFile, head: &SegmentHead, gap: &Gap) -> io::Result<()> {
    let header = Header {
        position: gap.from,
        durable: gap.from,
        time_ms: 0,
        body: gap.to - gap.from - HEADER as u64,
        records: 0,
        kind: Kind::Gap,
    };
    file.write_all_at(&header.to_bytes(), head.bytes() + (gap.from - head.base))
}
