//! `results --html`: a page for each result, made to be filmed, an index, and beside them the files that anybody
//! verifies the draw with. No network, no script, no OpenID.

mod markup;
mod steps;

use super::rounds::{Concluded, Season};
use crate::failure::{Failure, io};
use contest::draw_name;
use markup::{Html, both};
use std::path::Path;

/// Writes index, pages and files into a directory, which is made when missing.
///
/// # Errors
/// The disk refuses.
pub(super) fn write(
    dir: &Path,
    season: &Season,
    checked: &[(Concluded, Vec<String>)],
) -> Result<(), Failure> {
    std::fs::create_dir_all(dir).map_err(io(format!("make {}", dir.display())))?;
    let put = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(io(format!("write {}", path.display())))
    };
    for (one, troubles) in checked {
        let name = draw_name(one.round);
        put(&format!("{name}.record.json"), &one.result.record)?;
        for (offset, record) in earlier(season, one) {
            put(&earlier_name(&name, offset), record)?;
        }
        if let Ok(basis) = &one.basis {
            put(&format!("{name}.list.txt"), &basis.sealed.field.list())?;
            put(
                &format!("{name}.standings.jsonl"),
                &basis.standing.field.lines(),
            )?;
        }
        put(&format!("{name}.html"), &steps::page(season, one, troubles))?;
    }
    put("index.html", &index(season, checked))
}

/// The records that this result has corrected, oldest first, by their offsets in `control`.
fn earlier<'s>(season: &'s Season, one: &Concluded) -> Vec<(u64, &'s str)> {
    let (id, round, ctl) = (season.id().to_owned(), one.round, one.ctl);
    let results = season.told.results.iter();
    results
        .filter(|(offset, result)| {
            *offset != ctl && (&result.campaign, result.round) == (&id, round)
        })
        .map(|(offset, result)| (*offset, result.record.as_str()))
        .collect()
}

fn earlier_name(name: &str, offset: u64) -> String {
    format!("{name}.record-{offset}.json")
}

/// What people call a draw, in both languages.
fn title_of(round: Option<u16>) -> (String, String) {
    match round {
        Some(round) => (format!("第 {round} 轮"), format!("Round {round}")),
        None => ("总决赛抽奖".to_owned(), "Final draw".to_owned()),
    }
}

fn index(season: &Season, checked: &[(Concluded, Vec<String>)]) -> String {
    let campaign = &season.newest.compiled.campaign;
    let mut html = Html::new(&campaign.title);
    html.raw("<section><h1>")
        .text(&campaign.title)
        .raw("</h1><p class=sub>");
    html.raw(&both("结果", "Results")).raw("</p><table><tr>");
    for (zh, en) in [
        ("轮次", "Draw"),
        ("名单人数", "On the list"),
        ("答题", "Answered"),
        ("答对", "Right"),
        (
            "中奖（编码末六位）",
            "Winners (last six digits of the code)",
        ),
        ("验证", "Verified"),
    ] {
        html.raw("<th>").raw(&both(zh, en)).raw("</th>");
    }
    html.raw("</tr>");
    for (one, troubles) in checked {
        let (zh, en) = title_of(one.round);
        let result = &one.result;
        html.raw(&format!(
            "<tr><td><a href=\"{}.html\">",
            draw_name(one.round)
        ));
        html.raw(&both(&zh, &en)).raw("</a>");
        if result.corrects.is_some() {
            html.raw(" <b class=bad>")
                .raw(&both("更正", "corrected"))
                .raw("</b>");
        }
        for count in [result.entrants, result.answered, result.correct] {
            html.raw(&format!("</td><td class=n>{count}"));
        }
        let winners = one.draw.winners();
        let tails: Vec<String> = winners.iter().take(12).map(|won| won.code.tail()).collect();
        html.raw("</td><td><code>").text(&tails.join(" "));
        if winners.len() > tails.len() {
            html.text(&format!(" … ({})", winners.len()));
        }
        html.raw("</code></td><td>")
            .raw(verdict(troubles))
            .raw("</td></tr>");
    }
    html.raw("</table></section>");
    html.end()
}

fn verdict(troubles: &[String]) -> &'static str {
    if troubles.is_empty() {
        "<b class=good>✓</b>"
    } else {
        "<b class=bad>✗</b>"
    }
}
