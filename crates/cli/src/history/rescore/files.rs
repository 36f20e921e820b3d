//! What `rescore` leaves on the disk: of each draw its record, its list and its standings, sorted by entrant code,
//! as `verify-draw` takes them; of the campaign its board, sorted by rank. The same bytes from any log with the same
//! messages and the same cuts.

use super::super::rounds::{Concluded, Fields};
use super::{Changed, is_on_board};
use crate::failure::{Failure, io};
use contest::{Board, Seed, canonical, draw_name};
use coordinator::corrections::board_of;
use coordinator::{Judge, Stood};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// The three files of a draw.
pub(super) struct Files<'d> {
    pub(super) round: Option<u16>,
    pub(super) record: &'d str,
    pub(super) list: String,
    pub(super) standings: String,
}

/// Writes the files of draws.
///
/// # Errors
/// The disk refuses.
pub(super) fn draws<'d>(
    dir: &Path,
    draws: impl IntoIterator<Item = Files<'d>>,
) -> Result<(), Failure> {
    std::fs::create_dir_all(dir).map_err(io(format!("make {}", dir.display())))?;
    for draw in draws {
        let name = draw_name(draw.round);
        put(dir, &format!("{name}.record.json"), draw.record)?;
        put(dir, &format!("{name}.list.txt"), &draw.list)?;
        put(dir, &format!("{name}.standings.jsonl"), &draw.standings)?;
    }
    Ok(())
}

/// Writes the board, sorted by rank: one canonical line for each fan. Its lots are those of a seed: that of the final
/// draw, or, where there is none, of the last round.
///
/// # Errors
/// The disk refuses.
pub(super) fn board(dir: &Path, board: &Board, seed: &Seed) -> Result<(), Failure> {
    let mut lines = String::new();
    for fan in board.ranked(seed) {
        let total = &fan.total;
        let line = canonical(&json!({
            "rank": fan.rank, "code": fan.code.to_string(), "score": total.score, "bonus": total.bonus,
            "elapsed": total.elapsed, "correct": total.correct, "answered": total.answered,
        }));
        // Writing to a String cannot fail.
        writeln!(lines, "{line}").unwrap_or_default();
    }
    put(dir, "board.jsonl", &lines)
}

/// What another file makes of everything: what changes as it would be, the rest as it stands, and the board of both: of the
/// rounds that the final draw is about, if it was made.
///
/// # Errors
/// The disk refuses.
pub(super) fn by_file(
    dir: &Path,
    judge: &Judge,
    (stood, before): (&[Stood], &[Concluded]),
    again: &Fields,
    changed: &[Changed<'_>],
) -> Result<(), Failure> {
    let of = |one: &Concluded| {
        changed
            .iter()
            .find(|changed| changed.before.round == one.round)
    };
    let files = before.iter().filter_map(|one| {
        let basis = one.basis.as_ref().ok()?;
        let (record, standings) = match of(one) {
            Some(changed) => (
                &changed.now.after.record,
                changed.now.after.standings_file.clone(),
            ),
            None => (&one.result.record, basis.standing.field.lines()),
        };
        Some(Files {
            round: one.round,
            record,
            list: basis.sealed.field.list(),
            standings,
        })
    });
    draws(dir, files)?;
    let mut fields = Fields::new();
    for one in before {
        let (Some(round), Ok(basis)) = (one.round, &one.basis) else {
            continue;
        };
        if !is_on_board(stood, round) {
            continue;
        }
        let field = again.get(&round).unwrap_or(&basis.standing);
        fields.insert(round, Arc::clone(field));
    }
    // A correction keeps every seed.
    let seed = before
        .last()
        .and_then(|one| Seed::parse(one.draw.text("seed")));
    match seed {
        Some(seed) => board(dir, &board_of(&judge.compiled, &fields), &seed),
        None => Ok(()),
    }
}

fn put(dir: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = dir.join(name);
    std::fs::write(&path, text).map_err(io(format!("write {}", path.display())))
}
