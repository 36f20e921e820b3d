//! Times as operators write and fans read them: offset date-times in, Asia/Shanghai (+08:00) out.

use jiff::{Timestamp, civil, tz::Offset};

/// Display zone: Asia/Shanghai has had no daylight saving time since 1991.
const DISPLAY_OFFSET_S: i64 = 8 * 3600;
const DAY_S: i64 = 86_400;

/// A TOML date-time with its offset as epoch seconds, or why it cannot be one.
pub(crate) fn instant(value: &toml::value::Datetime) -> Result<i64, &'static str> {
    const SHAPE: &str = "must be a date-time with its offset, like 2013-04-09T14:00:00+08:00";
    let (Some(date), Some(time), Some(offset)) = (value.date, value.time, value.offset) else {
        return Err(SHAPE);
    };
    if time.nanosecond.is_some_and(|nanosecond| nanosecond != 0) {
        return Err("must be a whole second: messages carry whole seconds");
    }
    let minutes = match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => minutes,
    };
    let day = (
        i16::try_from(date.year),
        i8::try_from(date.month),
        i8::try_from(date.day),
    );
    let hour = (i8::try_from(time.hour), i8::try_from(time.minute));
    let second = i8::try_from(time.second.unwrap_or(0));
    let ((Ok(year), Ok(month), Ok(day)), (Ok(hour), Ok(minute)), Ok(second)) = (day, hour, second)
    else {
        return Err(SHAPE);
    };
    let civil = civil::DateTime::new(year, month, day, hour, minute, second, 0)
        .map_err(|_| "is no date of the calendar; write one that is")?;
    let offset = Offset::from_seconds(i32::from(minutes) * 60).map_err(|_| SHAPE)?;
    let stamp = offset
        .to_timestamp(civil)
        .map_err(|_| "is out of range; write a year from 1 to 9999")?;
    Ok(stamp.as_second())
}

/// Date and time of an instant in the display zone; none outside the years 1–9999.
fn civil_at(instant: i64) -> Option<civil::DateTime> {
    let stamp = Timestamp::from_second(instant).ok()?;
    let offset = Offset::from_seconds(i32::try_from(DISPLAY_OFFSET_S).ok()?).ok()?;
    Some(offset.to_datetime(stamp))
}

/// Seconds since midnight in the display zone, 0..86 400.
#[must_use]
pub fn day_second(instant: i64) -> i64 {
    instant
        .rem_euclid(DAY_S)
        .saturating_add(DISPLAY_OFFSET_S)
        .rem_euclid(DAY_S)
}

/// The civil day of an instant in the display zone: `2013-04-09`.
#[must_use]
pub fn civil_day(instant: i64) -> String {
    civil_at(instant).map_or_else(String::new, |at| at.date().to_string())
}

/// A time as a fan reads it: `14:10`, with seconds when there are some, with `4月9日 ` before it when it
/// lies on another day than `now`. At most 19 bytes.
#[must_use]
pub fn clock_text(instant: i64, now: i64) -> String {
    let Some(at) = civil_at(instant) else {
        return String::new();
    };
    let mut text = if civil_at(now).is_some_and(|now| now.date() == at.date()) {
        String::new()
    } else {
        format!("{}月{}日 ", at.month(), at.day())
    };
    text.push_str(&format!("{:02}:{:02}", at.hour(), at.minute()));
    if at.second() != 0 {
        text.push_str(&format!(":{:02}", at.second()));
    }
    text
}

/// Most bytes that [`clock_text`] can give: `12月31日 23:59:59`.
pub(crate) const CLOCK_TEXT_MAX_BYTES: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: i64 = 1_365_487_200;

    #[test]
    fn toml_date_times_are_epoch_seconds() {
        let at = |text: &str| instant(&text.parse().unwrap());
        assert_eq!(at("2013-04-09T14:00:00+08:00"), Ok(START));
        assert_eq!(at("2013-04-09T06:00:00Z"), Ok(START));
        assert!(
            at("2013-04-09T14:00:00").is_err(),
            "a time without offset means nothing"
        );
        assert!(at("2013-04-09T14:00:00.5+08:00").is_err());
        assert!(at("2013-04-09").is_err());
    }

    #[test]
    fn fans_read_times_of_the_display_zone() {
        assert_eq!(clock_text(START, START - 100), "14:00");
        assert_eq!(clock_text(START + 7, START), "14:00:07");
        assert_eq!(clock_text(START, START - 86_400), "4月9日 14:00");
        assert_eq!(civil_day(START), "2013-04-09");
        assert_eq!(civil_day(START + 10 * 3600), "2013-04-10");
        assert_eq!(day_second(START), 14 * 3600);
    }

    proptest! {
        #[test]
        fn texts_of_any_instant_are_bounded(at in any::<i64>(), now in any::<i64>()) {
            prop_assert!(clock_text(at, now).len() <= CLOCK_TEXT_MAX_BYTES);
            prop_assert!((0..DAY_S).contains(&day_second(at)));
            prop_assert!(civil_day(at).len() <= 16);
        }
    }
}
