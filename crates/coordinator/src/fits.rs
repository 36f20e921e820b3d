//! What a correction may change: how answers are read and which are right, the exclusion list; windows, of which
//! `control` judges. Whatever else decides a result was promised to the fans, and stays. Pure.

use campaign::{Campaign, Question, Round};
use contest::draw_name;
use control::ledger::awards_after;

/// Whether a file may judge a draw again that `judged` has judged. What has no say in a result may differ: words,
/// templates, stock, and rounds that have no result.
///
/// # Errors
/// What it changes, by its name in the file, and the way out.
pub fn fits(judged: &Campaign, file: &Campaign, draw: Option<u16>) -> Result<(), String> {
    if (&file.id, &file.account) != (&judged.id, &judged.account) {
        return Err(format!(
            "the file is of campaign {:?} of account {:?}, not of {:?} of {:?}",
            file.id, file.account, judged.id, judged.account
        ));
    }
    let changed = of_campaign(judged, file)
        .or_else(|| of_round(judged, file, draw?))
        .or_else(|| of_awards(judged, file, draw));
    changed.map_or(Ok(()), |what| {
        Err(format!(
            "the file has another {what} than the version that judged {}: a correction changes how answers are read \
             and which are right, windows, and `exclude`, nothing else (Q-22); put it back as it was",
            draw_name(draw)
        ))
    })
}

/// The first of these that does not hold.
fn first(checks: &[(bool, &'static str)]) -> Option<String> {
    let mut fails = checks.iter().filter(|(same, _)| !same);
    fails.next().map(|(_, what)| (*what).to_owned())
}

fn of_campaign(judged: &Campaign, file: &Campaign) -> Option<String> {
    let (was, is) = (&judged.eligible, &file.eligible);
    let join = (
        judged.join.policy,
        judged.join.implicit,
        &judged.join.keywords,
    );
    let claims = |of: &Campaign, word: &String| of.claim.keywords.contains(word);
    let known = &judged.claim.keywords;
    first(&[
        (
            known.iter().all(|word| claims(file, word)),
            "`[claim]`, so that what winners wrote to claim would count as their answers,",
        ),
        (
            judged.draw.salt == file.draw.salt,
            "`draw.salt`, so that every entrant code would change,",
        ),
        (judged.draw.level == file.draw.level, "`draw.level`"),
        (judged.draw.ranking == file.draw.ranking, "`draw.ranking`"),
        (judged.score.speed == file.score.speed, "`score.speed`"),
        (judged.score.streak == file.score.streak, "`score.streak`"),
        (was.must_follow == is.must_follow, "`eligible.must_follow`"),
        (
            was.followed_before == is.followed_before,
            "`eligible.followed_before`",
        ),
        (
            was.one_prize_per == is.one_prize_per,
            "`eligible.one_prize_per`",
        ),
        (
            join == (file.join.policy, file.join.implicit, &file.join.keywords),
            "`[join]`",
        ),
    ])
}

fn of_round(judged: &Campaign, file: &Campaign, number: u16) -> Option<String> {
    let was = judged.round(number)?;
    let Some(is) = file.round(number) else {
        return Some(format!(
            "set of rounds (no round {number}, which has a result; a correction takes none away: exclude its winners \
             or change its key instead)"
        ));
    };
    of_question(was, is).map(|what| format!("`{what}` of round {number}"))
}

fn of_question(was: &Round, is: &Round) -> Option<&'static str> {
    let of = |round: &Round| {
        let Question {
            kind,
            policy,
            points,
            ..
        } = &round.question;
        (*kind, *policy, *points)
    };
    let ((kind, policy, points), is) = (of(was), of(is));
    let checks = [
        (kind == is.0, "kind"),
        (policy == is.1, "policy"),
        (points == is.2, "points"),
    ];
    let mut fails = checks.iter().filter(|(same, _)| !same);
    fails.next().map(|(_, what)| *what)
}

fn of_awards(judged: &Campaign, file: &Campaign, draw: Option<u16>) -> Option<String> {
    let name = draw_name(draw);
    let (was, is): (Vec<_>, Vec<_>) = (
        awards_after(judged, draw).collect(),
        awards_after(file, draw).collect(),
    );
    if was.len() != is.len() {
        return Some(format!("number of awards after {name}"));
    }
    for ((place, was), (moved, is)) in was.into_iter().zip(is) {
        let class = |of: &Campaign| {
            let prize = of.prizes.iter().find(|prize| prize.id == was.prize);
            prize.map(|prize| prize.class.clone())
        };
        let checks = [
            (place == moved, "place among the awards"),
            (was.prize == is.prize, "prize"),
            (was.mode.name() == is.mode.name(), "mode"),
            (was.mode == is.mode, "n, k or most"),
            (was.among == is.among, "among"),
            (class(judged) == class(file), "class of the prize"),
        ];
        if let Some((_, what)) = checks.iter().find(|(same, _)| !same) {
            return Some(format!(
                "{what} of award {place} ({}) after {name}",
                was.prize
            ));
        }
    }
    None
}
