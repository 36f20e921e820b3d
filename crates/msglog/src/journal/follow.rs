//! Follows a journal that another process owns, through its files: the published end, new segments,
//! retired ones. Takes no lock and changes nothing.

use super::files::{Published, io_error, log_name};
use super::home::Home;
use super::index::{SegmentIndex, Span};
use super::scan::{Walk, whole};
use super::view::View;
use crate::contract::LogError;

/// What may be read of a topic now. Where the published end is missing or old (a power failure; it is
/// never synced), the claims of the batches behind it prove how far the log is durable.
pub(super) fn open(home: &Home) -> Result<(View, Published), LogError> {
    let told = home.published()?;
    let bases = home.bases()?;
    let (Some(first_base), Some(active_base)) = (bases.first().copied(), bases.last().copied())
    else {
        let dir = home.dir.display();
        return Err(LogError::Mismatch(format!("{dir} holds no segment")));
    };
    let segments = list(home, Vec::new(), (first_base, active_base))?;
    let proven = prove(home, &segments)?;
    let published = match told {
        Some(told) if told.durable >= proven.0 => told,
        told => Published {
            sequence: told.map_or(0, |told| told.sequence),
            durable: proven.0,
            first_base,
            active_base,
            next: proven.1,
        },
    };
    let (durable, next) = (published.durable, published.next.clone());
    Ok((
        View {
            segments,
            durable,
            next,
        },
        published,
    ))
}

/// Durable end and next offsets, as far as the last segment proves them itself.
fn prove(home: &Home, segments: &[SegmentIndex]) -> Result<(u64, Vec<u64>), LogError> {
    let Some(last) = segments.last() else {
        return Ok((0, Vec::new()));
    };
    let path = home.path(&log_name(last.head.base));
    let failed = |error: std::io::Error| io_error("read", &path, &error);
    let file = home.disk.open_to_read(&path).map_err(failed)?;
    let len = file.len().map_err(failed)?;
    let end = last.head.base + len.saturating_sub(last.head.bytes());
    let begin = || Walk::from(last.last(), last.last_next().to_vec());
    let mut source = whole(file.as_ref(), last.head.base, last.head.bytes(), end);
    let mut all = begin();
    all.go(&source, u64::MAX).map_err(failed)?;
    source.end = all.claim.max(last.last());
    let mut proven = begin();
    proven.go(&source, u64::MAX).map_err(failed)?;
    Ok((proven.end, proven.next))
}

/// The segments between two bases. What is known stays, except the one that was written last, whose
/// index has grown.
pub(super) fn list(
    home: &Home,
    mut known: Vec<SegmentIndex>,
    (first, active): (u64, u64),
) -> Result<Vec<SegmentIndex>, LogError> {
    known.pop();
    let bases = home.bases()?;
    let mut known = known.into_iter().peekable();
    let mut segments = Vec::new();
    for (index, base) in bases.iter().enumerate() {
        if !(first..=active).contains(base) {
            continue;
        }
        while known.next_if(|segment| segment.head.base < *base).is_some() {}
        if let Some(segment) = known.next_if(|segment| segment.head.base == *base) {
            segments.push(segment);
            continue;
        }
        let limit = bases.get(index + 1).copied().unwrap_or(u64::MAX);
        let mut found = match home.load(*base, limit) {
            Ok(found) => found.index,
            // Retired while it was listed: what comes after it is what is kept.
            Err(LogError::Io {
                code: Some(ENOENT), ..
            }) => {
                segments.clear();
                continue;
            }
            Err(error) => return Err(error),
        };
        // What stands behind the last point has not been looked at.
        if found.last() != limit {
            found.tail = Span::UNKNOWN;
        }
        segments.push(found);
    }
    Ok(segments)
}

/// "No such file or directory".
const ENOENT: i32 = 2;
