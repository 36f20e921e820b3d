//! The beacon of a draw at L2: which of its rounds the draw takes, that the list stood before that was out, and that
//! the record tells what an operator said of it. What the beacon said is its own word.

use super::record::Draw;
use campaign::DrawLevel;
use serde_json::{Value, json};

/// Genesis of drand's quicknet, and seconds from one of its rounds to the next.
const BEACON: (i64, i64) = (1_692_803_367, 3);
/// The beacon's round lies so many seconds behind what fixes it.
const BEACON_AFTER_S: i64 = 60;
/// A draw may do without its beacon so many seconds after what fixes it: ten minutes after its round.
const BEACON_LATE_S: i64 = BEACON_AFTER_S + 600;

/// When a draw is fixed: by the seal of its round, the final one by its list.
pub(super) fn fixed_at(is_final: bool, sealed_at: i64, listed_at: i64) -> i64 {
    if is_final { listed_at } else { sealed_at }
}

/// The beacon's round that a draw fixed at this time takes, and when it is out; `None` before the beacon began.
fn due(fixed_at: i64) -> Option<(u64, i64)> {
    let (genesis, period) = BEACON;
    let since = fixed_at
        .saturating_add(BEACON_AFTER_S)
        .saturating_sub(genesis);
    let periods = u64::try_from(since).ok()?.div_ceil(period.unsigned_abs());
    let out_at = i64::try_from(periods).ok()?.checked_mul(period)?;
    Some((periods.checked_add(1)?, out_at.checked_add(genesis)?))
}

/// Whether what is said of a beacon holds for a draw that was sealed and listed at these times.
///
/// # Errors
/// Why not.
pub(super) fn holds(
    act: &Value,
    is_final: bool,
    sealed_at: i64,
    listed_at: i64,
) -> Result<(), String> {
    let fixed_at = fixed_at(is_final, sealed_at, listed_at);
    let due = due(fixed_at).filter(|(_, out_at)| listed_at < *out_at);
    let number = act["number"].as_u64();
    let has_value = act["value"].as_str().is_some_and(|value| !value.is_empty());
    match (number, has_value, due) {
        (Some(number), true, Some((round, _))) if number == round => Ok(()),
        (None, false, None) => Ok(()),
        (None, false, Some(_)) => {
            let late = fixed_at.saturating_add(BEACON_LATE_S);
            let is_late = act["at"].as_i64().is_some_and(|at| at >= late);
            let why = || format!("the draw can do without its beacon from {late} on, not before");
            is_late.then_some(()).ok_or_else(why)
        }
        _ => Err("it is not the beacon's round that was fixed before".to_owned()),
    }
}

/// Whether a draw's list stood before the round of its beacon was out.
pub(super) fn is_before(draw: &Draw<'_>) -> bool {
    let is_final = draw.found.round().is_none();
    draw.list.is_some_and(|list| {
        let listed_at = list.time("at");
        let due = due(fixed_at(is_final, draw.decision.at, listed_at));
        due.is_some_and(|(_, out_at)| listed_at < out_at)
    })
}

/// At L2 the record has the beacon that an operator told, or says who went on without it, and why.
pub(super) fn judge(record: &Value, draw: &Draw<'_>, is_promised: bool) -> Vec<String> {
    let said = draw.beacon.map(|found| &found.act);
    let asks = draw.campaign.draw.level == DrawLevel::L2 && is_promised;
    if asks && said.is_none() {
        return vec!["nothing was said of the beacon of a draw at L2".to_owned()];
    }
    let said = said.filter(|_| asks);
    let told = said.filter(|act| act["number"].is_u64());
    let without = said.filter(|act| !act["number"].is_u64());
    let beacon = told.map(|act| json!({"round": act["number"], "value": act["value"]}));
    let fallback = without.map(|act| json!({"actor": act["actor"], "reason": act["reason"]}));
    let mut problems = Vec::new();
    for (field, expected) in [("beacon", beacon), ("fallback", fallback)] {
        let expected = expected.unwrap_or_default();
        if record[field] != expected {
            let found = &record[field];
            problems.push(format!(
                "{field} is {found} in the record, but must be {expected}"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: i64 = 1_692_803_367;

    fn said(number: Option<u64>, at: i64) -> Value {
        match number {
            Some(number) => json!({"number": number, "value": "ab", "at": at}),
            None => json!({"at": at}),
        }
    }

    #[test]
    fn the_seal_fixes_the_round_and_the_list_stands_before_it() {
        assert_eq!(due(SEAL), Some((21, SEAL + 60)));
        assert_eq!(due(SEAL + 1), Some((22, SEAL + 63)));
        assert_eq!(due(SEAL - 60), Some((1, SEAL)));
        assert_eq!(due(SEAL - 61), None);
        let at = SEAL + 100;
        for (number, is_final, listed_at, is_good) in [
            (21, false, SEAL + 59, true),
            (22, false, SEAL + 59, false),
            (21, false, SEAL + 60, false),
            (41, true, SEAL + 60, true),
            (21, true, SEAL + 60, false),
        ] {
            let found = holds(&said(Some(number), at), is_final, SEAL, listed_at);
            assert_eq!(found.is_ok(), is_good, "{number} {is_final} {listed_at}");
        }
    }

    #[test]
    fn a_draw_does_without_when_the_beacon_is_late_or_can_help_nothing() {
        for (at, sealed_at, listed_at, is_good) in [
            (SEAL + 659, SEAL, SEAL + 1, false),
            (SEAL + 660, SEAL, SEAL + 1, true),
            // A list that came too late, and a seal before there was a beacon.
            (SEAL + 70, SEAL, SEAL + 60, true),
            (SEAL - 100, SEAL - 200, SEAL - 199, true),
        ] {
            let found = holds(&said(None, at), false, sealed_at, listed_at);
            assert_eq!(found.is_ok(), is_good, "{at} {sealed_at} {listed_at}");
        }
        let half = json!({"number": 21, "at": SEAL + 100});
        assert!(holds(&half, false, SEAL, SEAL + 1).is_err());
    }
}
