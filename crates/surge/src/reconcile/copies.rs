//! Where copies of records of `control` stand in `inbound` of an export.

use super::accepted::Copies;
use super::lines::{self, LinesError, Tail, excerpt};
use serde::Deserialize;
use std::path::Path;

/// Offsets of `inbound` at which copies stand, by offset of the copied record and partition; `None` when
/// `inbound` was not exported.
///
/// # Errors
/// [`LinesError`].
pub fn read(path: &Path) -> Result<Option<Copies>, LinesError> {
    #[derive(Deserialize)]
    struct Copied {
        partition: u32,
        offset: u64,
        value: Copy,
    }
    #[derive(Deserialize)]
    struct Copy {
        r#type: String,
        #[serde(default)]
        ctl: u64,
    }
    if !path.exists() {
        return Ok(None);
    }
    let mut copies = Copies::new();
    // Deliveries are many and large, and only the word of a copy is worth a look.
    let is_copy = |line: &[u8]| line.windows(6).any(|word| word == b"\"copy\"");
    lines::fold(
        path,
        Tail::Whole,
        |lines| {
            let copies = lines.filter(|line| is_copy(line)).map(|line| {
                serde_json::from_slice::<Copied>(line)
                    .map_err(|e| format!("{} is no exported record: {e}", excerpt(line)))
            });
            copies.collect::<Result<Vec<_>, String>>()
        },
        |found| {
            for Copied {
                partition,
                offset,
                value,
            } in found
            {
                if value.r#type == "copy" {
                    copies
                        .entry(value.ctl)
                        .or_default()
                        .entry(partition)
                        .or_insert(offset);
                }
            }
        },
    )?;
    Ok(Some(copies))
}
