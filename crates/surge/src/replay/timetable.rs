//! When what is due: event time laid over the wall, and when an unanswered delivery comes again. Pure.

use std::time::Duration;

/// The platform cuts the connection when it has no whole answer by then.
pub const CUT: Duration = Duration::from_secs(5);
/// How often the platform delivers a message that is not answered.
pub const PLATFORM_ATTEMPTS: u32 = 3;
/// At full speed a repeat waits this long, so that a dying server is not hammered in a loop.
const REPEAT_PAUSE: Duration = Duration::from_millis(50);

/// Later than any replay lasts: what a tiny speed would put further out.
const NEVER: Duration = Duration::from_secs(366 * 86_400);

/// How fast event time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// This many seconds of event time in one of the wall; finite and above zero.
    Times(f64),
    /// No timetable: each connection sends its next request after its answer.
    Max,
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err(format!(
                "{text:?} is no speed; give a number above 0, or max"
            )),
        }
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// Event time laid over the wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timetable {
    first_us: i64,
    speed: Speed,
}

impl Timetable {
    /// The first delivery, scheduled at `first_us` of event time, is due when the replay begins.
    #[must_use]
    pub fn new(first_us: i64, speed: Speed) -> Self {
        Self { first_us, speed }
    }

    /// How long after the beginning what is scheduled at `at_us` is due; `None` at full speed, where
    /// everything is due at once.
    #[must_use]
    pub fn due(&self, at_us: i64) -> Option<Duration> {
        let Speed::Times(times) = self.speed else {
            return None;
        };
        let event_us = u64::try_from(at_us.saturating_sub(self.first_us)).unwrap_or(0);
        Some(
            Duration::try_from_secs_f64(event_us as f64 / 1e6 / times)
                .map_or(NEVER, |due| due.min(NEVER)),
        )
    }

    /// How long after the beginning of an unanswered attempt the next one comes: five seconds of event
    /// time, as the platform does, or a short pause at full speed.
    #[must_use]
    pub fn repeat_after(&self, lasted: Duration) -> Duration {
        match self.speed {
            Speed::Times(times) => {
                let pause = Duration::try_from_secs_f64(CUT.as_secs_f64() / times).unwrap_or(CUT);
                pause.saturating_sub(lasted).max(REPEAT_PAUSE.min(pause))
            }
            Speed::Max => REPEAT_PAUSE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("2.5".parse(), Ok(Speed::Times(2.5)));
        for text in ["0", "-1", "nan", "inf", "fast", ""] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_timetable_divides_event_time() {
        let table = Timetable::new(1_000_000, Speed::Times(10.0));
        assert_eq!(table.due(1_000_000), Some(Duration::ZERO));
        assert_eq!(table.due(6_000_000), Some(Duration::from_millis(500)));
        assert_eq!(table.due(0), Some(Duration::ZERO));
        assert_eq!(Timetable::new(0, Speed::Max).due(i64::MAX), None);
    }

    #[test]
    fn repeats_come_five_seconds_of_event_time_after_the_attempt_began() {
        let table = Timetable::new(0, Speed::Times(1.0));
        assert_eq!(
            table.repeat_after(Duration::from_secs(1)),
            Duration::from_secs(4)
        );
        assert_eq!(table.repeat_after(CUT), Duration::from_millis(50));
        let fast = Timetable::new(0, Speed::Times(1000.0));
        assert_eq!(fast.repeat_after(Duration::ZERO), Duration::from_millis(5));
        assert_eq!(
            Timetable::new(0, Speed::Max).repeat_after(CUT),
            REPEAT_PAUSE
        );
    }
}
