//! The list of a draw at L1 and above: it was there before the secret of its result, and is its own.

use super::contest::{Findings, name_of};
use super::record::Draw;
use campaign::DrawLevel;

/// Holds a draw's first result against the list that stands before it.
pub(super) fn judge(draw: &Draw<'_>, findings: &mut Findings) {
    let name = name_of(draw.found.round());
    let mut problem = |what: String| findings.problems.push(format!("{name}: {what}"));
    let Some(list) = draw.list else {
        if draw.campaign.draw.level != DrawLevel::L0 {
            problem("no list was published before the result".to_owned());
        }
        return;
    };
    for (key, of_result) in [("list", "list"), ("count", "entrants"), ("ctl", "ctl")] {
        let (found, expected) = (&list.act[key], &draw.found.act[of_result]);
        if found != expected {
            problem(format!(
                "{key} is {found} in the list, but {expected} in the result"
            ));
        }
    }
}
