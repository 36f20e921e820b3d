//! The files that go with a recording: the campaign it was made for, moved in time with it, and a node's
//! configuration.

use super::body;
use super::timeline::Clock;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Moves every instant of a campaign file along with the recording's clock; the rest of the text stays byte
/// for byte. `origin` is the second since 1970 that the recording's start stands for.
#[must_use]
pub fn move_campaign(text: &str, origin: i64, clock: Clock) -> String {
    let mut moved = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match instant_in(line) {
            Some((range, instant, offset)) => {
                moved.push_str(&line[..range.start]);
                let event_us = instant.saturating_sub(origin).saturating_mul(1_000_000);
                moved.push_str(&spelled(clock.second(event_us), offset));
                moved.push_str(&line[range.end..]);
            }
            None => moved.push_str(line),
        }
    }
    moved
}

/// The date-time that is a line's value: where it stands, its second since 1970, its offset.
fn instant_in(line: &str) -> Option<(std::ops::Range<usize>, i64, Offset)> {
    let (key, value) = line.split_once('=')?;
    if key.trim_start().starts_with('#') {
        return None;
    }
    let start = key.len() + 1 + (value.len() - value.trim_start().len());
    let word = line[start..].split([' ', '\t', '\r', '\n', '#']).next()?;
    let instant: Timestamp = word.parse().ok()?;
    let offset = jiff::fmt::temporal::DateTimeParser::new()
        .parse_pieces(word)
        .ok()?;
    let offset = offset.to_numeric_offset().unwrap_or(Offset::UTC);
    Some((start..start + word.len(), instant.as_second(), offset))
}

/// A second since 1970 as TOML writes it.
fn spelled(second: i64, offset: Offset) -> String {
    let Ok(instant) = Timestamp::from_second(second) else {
        return second.to_string();
    };
    let zoned = instant.to_zoned(TimeZone::fixed(offset));
    format!("{}{}", zoned.datetime(), colon(offset))
}

/// An offset as TOML writes it, `+08:00`.
fn colon(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The configuration of a node that the recording can be sent to. What it does not name has its default.
#[must_use]
pub fn node_configuration(account: &str, seed: u64) -> String {
    format!(
        "# A node for a generated recording: its account, everything else as shipped.\n\
         \n\
         [[account]]\n\
         name = {account:?}\n\
         app_id = {:?}\n\
         original_id = {:?}\n\
         token = \"demo\"\n\
         mode = \"plain\"\n",
        body::app_id(seed),
        body::original_id(seed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# open = 2013-04-09T14:00:00+08:00\nopen = 2013-04-09T14:10:00+08:00   # at ten\n\
                        text = \"14:10\"\nend=2013-04-09T08:10:00Z\n";
    const ORIGIN: i64 = 1_365_487_200;

    #[test]
    fn an_unmoved_campaign_is_the_same_text() {
        let text = TEXT.replace("08:10:00Z", "08:10:00+00:00");
        assert_eq!(
            move_campaign(
                &text,
                ORIGIN,
                Clock {
                    start: ORIGIN,
                    compress: 1
                }
            ),
            text
        );
    }

    #[test]
    fn instants_move_and_compress_and_comments_stay() {
        let moved = move_campaign(
            TEXT,
            ORIGIN,
            Clock {
                start: ORIGIN + 3600,
                compress: 60,
            },
        );
        assert_eq!(
            moved,
            "# open = 2013-04-09T14:00:00+08:00\nopen = 2013-04-09T15:00:10+08:00   # at ten\n\
             text = \"14:10\"\nend=2013-04-09T07:02:10+00:00\n"
        );
    }

    #[test]
    fn the_configuration_is_toml_with_one_account() {
        let parsed: toml::Table = node_configuration("mi", 5).parse().unwrap();
        let account = &parsed["account"].as_array().unwrap()[0];
        assert_eq!(account["name"].as_str(), Some("mi"));
        assert_eq!(account["token"].as_str(), Some("demo"));
    }
}
