//! `round …`, `award`: asks a running node to act on rounds and prizes. What an act comes to is the coordinator's affair.

use crate::acts::accepted;
use crate::args::{AwardArgs, BeaconArgs, NodeArgs, RoundArgs, RoundCommand, StateArg};
use crate::campaigns::shown;
use crate::client;
use crate::failure::Failure;
use campaign::Campaign;
use hyper::Method;
use record::rounds::UnitState;
use serde_json::json;

/// Beijing's distance from UTC, in hours.
const BEIJING_H: i8 = 8;

/// Does it, and prints what it came to.
///
/// # Errors
/// A time that cannot be read; the node cannot be asked, or refuses.
pub(crate) fn run(command: &RoundCommand) -> Result<(), Failure> {
    match command {
        RoundCommand::Shift { act, by } => send("shift", act, Some(seconds(by)?), None),
        RoundCommand::Open { act } => send("open", act, None, None),
        RoundCommand::Extend { act, by, until } => {
            let by = by.as_deref().map(seconds).transpose()?;
            let until = until
                .as_deref()
                .map(|until| instant(until, act))
                .transpose()?;
            send("extend", act, by, until)
        }
        RoundCommand::Void { act } => send("void", act, None, None),
        RoundCommand::Seal { act } => send("seal", act, None, None),
        RoundCommand::Skip { act } => send("skip", act, None, None),
        RoundCommand::Beacon(args) => beacon(args),
    }
}

fn send(
    verb: &str,
    act: &RoundArgs,
    seconds: Option<i64>,
    close: Option<i64>,
) -> Result<(), Failure> {
    let body = json!({
        "campaign": act.campaign, "round": act.round, "verb": verb, "seconds": seconds, "close": close,
        "reason": act.reason,
    });
    let receipt = accepted(&client::act(
        &act.node,
        Method::POST,
        "/v1/round",
        Some(&body),
    )?)?;
    println!(
        "{verb} round {}: control offset {}, replies know of it from CreateTime {} on",
        act.round, receipt["ctl"], receipt["effective"]
    );
    for window in receipt["windows"].as_array().into_iter().flatten() {
        let time = |name: &str| shown(window[name].as_i64().unwrap_or_default());
        println!(
            "  round {} opens {} and closes {}",
            window["round"],
            time("open"),
            time("close")
        );
    }
    Ok(())
}

fn beacon(args: &BeaconArgs) -> Result<(), Failure> {
    let (number, value) = match &args.file {
        Some(file) => {
            let (number, value) = crate::beacon::read(file)?;
            (Some(number), Some(value))
        }
        None => (args.number, args.value.clone()),
    };
    let body = json!({
        "campaign": args.campaign, "round": args.round, "number": number, "value": value,
        "without": args.without, "reason": args.reason,
    });
    let receipt = accepted(&client::act(
        &args.node,
        Method::POST,
        "/v1/beacon",
        Some(&body),
    )?)?;
    let draw = contest::draw_name(args.round);
    println!(
        "{draw}: control offset {}; the draw goes on",
        receipt["ctl"]
    );
    Ok(())
}

/// Says what became of an award.
///
/// # Errors
/// The node cannot be asked, or refuses.
pub(crate) fn award(args: &AwardArgs) -> Result<(), Failure> {
    let (Some(campaign), Some(round), Some(prize), Some(slot), Some(state)) = (
        &args.campaign,
        &args.round,
        &args.prize,
        args.slot,
        args.state,
    ) else {
        return Err(Failure::wrong("name an award; `award --help` shows how"));
    };
    let round = draw_of(round)?;
    let state = match state {
        StateArg::Notified => UnitState::Notified,
        StateArg::Claimed => UnitState::Claimed,
        StateArg::Fulfilled => UnitState::Fulfilled,
        StateArg::Declined => UnitState::Declined,
        StateArg::Expired => UnitState::Expired,
        StateArg::Revoked => UnitState::Revoked,
    };
    let body = json!({
        "campaign": campaign, "round": round, "prize": prize, "slot": slot,
        "code": args.code, "state": state, "reason": args.reason,
    });
    let receipt = accepted(&client::act(
        &args.node,
        Method::POST,
        "/v1/award",
        Some(&body),
    )?)?;
    let draw = contest::draw_name(round);
    println!(
        "{draw}: slot {slot} of {prize:?} is {}, control offset {}",
        json!(state).as_str().unwrap_or_default(),
        receipt["ctl"]
    );
    Ok(())
}

/// The round that is typed; none for `final`.
///
/// # Errors
/// It is neither.
pub(crate) fn draw_of(typed: &str) -> Result<Option<u16>, Failure> {
    match typed {
        "final" => Ok(None),
        number => number.parse().map(Some).map_err(|_| {
            Failure::wrong(format!("{number:?} is no number of a round, nor `final`"))
        }),
    }
}

/// A span like `5m`, `90s`, `1h30m`, `-2m`; a bare number is seconds.
///
/// # Errors
/// It is none.
pub(crate) fn seconds(text: &str) -> Result<i64, Failure> {
    let wrong = || {
        Failure::wrong(format!(
            "{text:?} is no span of time; write it like 5m, 90s, 1h30m or -2m"
        ))
    };
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mut total, mut number) = (0_i64, None::<i64>);
    for c in rest.chars() {
        let unit = match c {
            '0'..='9' => {
                let digit = i64::from(u32::from(c) - u32::from('0'));
                let grown = number
                    .unwrap_or(0)
                    .checked_mul(10)
                    .and_then(|n| n.checked_add(digit));
                number = Some(grown.ok_or_else(wrong)?);
                continue;
            }
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let part = number.take().and_then(|number| number.checked_mul(unit));
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(wrong)?;
    }
    // A number without a unit stands alone.
    total = match number {
        Some(bare) if rest.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        Some(_) => return Err(wrong()),
        None if rest.is_empty() => return Err(wrong()),
        None => total,
    };
    Ok(total.saturating_mul(sign))
}

/// A time of the day of the round in Beijing, or one in RFC 3339.
fn instant(text: &str, act: &RoundArgs) -> Result<i64, Failure> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(instant.as_second());
    }
    let time: jiff::civil::Time = text.parse().map_err(|_| {
        Failure::wrong(format!(
            "{text:?} is no time; write it like 14:27:00 or 2013-04-09T14:27:00+08:00"
        ))
    })?;
    on_day_of(close_of(&act.campaign, act.round, &act.node)?, time)
}

fn on_day_of(close: i64, time: jiff::civil::Time) -> Result<i64, Failure> {
    let far = |error: jiff::Error| Failure::wrong(format!("the time is out of reach: {error}"));
    let beijing = jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(BEIJING_H));
    let close = jiff::Timestamp::from_second(close).map_err(far)?;
    let day = close.to_zoned(beijing.clone()).date();
    let zoned = day.to_datetime(time).to_zoned(beijing).map_err(far)?;
    Ok(zoned.timestamp().as_second())
}

/// When the file lets the round close: that tells the day.
fn close_of(id: &str, number: u16, node: &NodeArgs) -> Result<i64, Failure> {
    let token = client::token(node)?;
    let path = format!("/v1/campaigns/{id}");
    let found = accepted(&client::ask(
        node.node,
        Method::GET,
        &path,
        Some(&token),
        None,
    )?)?;
    let file = Campaign::parse(found["toml"].as_str().unwrap_or_default()).ok();
    let round = file
        .as_ref()
        .and_then(|(campaign, _)| campaign.round(number));
    round
        .map(|round| round.close)
        .ok_or_else(|| Failure::no(format!("campaign {id:?} has no round {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_nonsense_is_not() {
        for (text, want) in [
            ("5m", 300),
            ("90s", 90),
            ("1h30m", 5_400),
            ("-2m", -120),
            ("45", 45),
            ("-45", -45),
        ] {
            assert_eq!(seconds(text).unwrap(), want, "{text}");
        }
        for text in [
            "",
            "-",
            "m",
            "5m3",
            "5 m",
            "5d",
            "--5",
            "99999999999999999999",
            "9999999999999999h",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_that_of_beijing() {
        // The round closes at 2013-04-09 14:25:00 in Beijing.
        let until = on_day_of(1_365_488_700, "14:27:00".parse().unwrap()).unwrap();
        assert_eq!(until, 1_365_488_820);
    }
}
