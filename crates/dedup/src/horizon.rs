//! The two bounds between which a CreateTime is believed, and the day buckets that markers live in (D-5).
//! Pure arithmetic; it never asks a clock, only the ticks of the partition.

/// How far behind the newest tick a message may lie: 8 days, in seconds.
pub const BEHIND_S: i64 = 8 * DAY_S;
/// How far ahead of its receipt (in a rehearsal: of the tick) a message may lie: 1 hour, in seconds.
pub const AHEAD_S: i64 = 3_600;
/// The largest CreateTime that there is: the last second of the year 9999.
pub const MAX_CREATE_TIME: i64 = 253_402_300_799;

const DAY_S: i64 = 86_400;

/// The newest tick that the partition has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970.
    pub t: i64,
    /// Whether it is the clock of a rehearsal.
    pub rehearsal: bool,
}

/// Which bound a CreateTime breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// More than 8 days below the tick: its marker may be gone already.
    Behind,
    /// More than an hour above its own receipt, in a rehearsal above the tick.
    Ahead,
}

/// The bound that a message breaks, if any; then it is quarantined, never taken for new (D-5).
///
/// Before the first tick of a partition nobody can know whether this is a rehearsal, where neither bound
/// holds by then; so neither is asked, and what is far ahead of its receipt in those first records passes.
#[must_use]
pub fn broken_bound(now: Option<Now>, create_time: i64, recv_us: i64) -> Option<Bound> {
    let now = now?;
    let (behind, ahead) = (Some(Bound::Behind), Some(Bound::Ahead));
    if create_time < now.t.saturating_sub(BEHIND_S) {
        return behind;
    }
    let is_ahead = if now.rehearsal {
        create_time > now.t.saturating_add(AHEAD_S)
    } else {
        i128::from(create_time) * 1_000_000 > i128::from(recv_us) + i128::from(AHEAD_S) * 1_000_000
    };
    if is_ahead { ahead } else { None }
}

/// The bucket of a CreateTime: its day since 1970; `None` outside 0..=[`MAX_CREATE_TIME`].
#[must_use]
pub fn bucket(create_time: i64) -> Option<u32> {
    if create_time > MAX_CREATE_TIME {
        None
    } else {
        u32::try_from(create_time.div_euclid(DAY_S)).ok()
    }
}

/// The oldest bucket that a message which is not quarantined can fall into once the tick stands at `t`.
#[must_use]
pub fn oldest_bucket(t: i64) -> u32 {
    bucket(t.saturating_sub(BEHIND_S).clamp(0, MAX_CREATE_TIME)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_365_487_200;

    #[test]
    fn d_5_the_lower_bound_is_eight_days_behind_the_tick_inclusive() {
        let now = Some(Now {
            t: T,
            rehearsal: false,
        });
        let received = T * 1_000_000;
        assert_eq!(broken_bound(now, T - BEHIND_S, received), None);
        assert_eq!(
            broken_bound(now, T - BEHIND_S - 1, received),
            Some(Bound::Behind)
        );
    }

    #[test]
    fn the_upper_bound_is_an_hour_ahead_of_the_own_receipt_to_the_microsecond() {
        let now = Some(Now {
            t: T,
            rehearsal: false,
        });
        assert_eq!(broken_bound(now, T + 3_600, T * 1_000_000), None);
        assert_eq!(
            broken_bound(now, T + 3_600, T * 1_000_000 - 1),
            Some(Bound::Ahead)
        );
        assert_eq!(broken_bound(now, i64::MAX, i64::MIN), Some(Bound::Ahead));
    }

    #[test]
    fn in_a_rehearsal_the_tick_bounds_both_sides_and_the_receipt_none() {
        let now = Some(Now {
            t: T,
            rehearsal: true,
        });
        let years_later = (T + 400_000_000) * 1_000_000;
        assert_eq!(broken_bound(now, T + 3_600, 0), None);
        assert_eq!(
            broken_bound(now, T + 3_601, years_later),
            Some(Bound::Ahead)
        );
        assert_eq!(broken_bound(now, T - BEHIND_S, years_later), None);
        assert_eq!(
            broken_bound(now, T - BEHIND_S - 1, years_later),
            Some(Bound::Behind)
        );
    }

    #[test]
    fn before_the_first_tick_nothing_is_quarantined() {
        assert_eq!(broken_bound(None, 0, T * 1_000_000), None);
        assert_eq!(broken_bound(None, MAX_CREATE_TIME, 0), None);
    }

    #[test]
    fn what_is_not_quarantined_never_falls_below_the_oldest_bucket() {
        for t in [
            0,
            5,
            BEHIND_S,
            T,
            T + 1,
            T + 43_200,
            MAX_CREATE_TIME,
            i64::MAX,
        ] {
            let oldest = t.saturating_sub(BEHIND_S).clamp(0, MAX_CREATE_TIME);
            assert!(bucket(oldest).unwrap() >= oldest_bucket(t));
        }
        assert_eq!(bucket(-1), None);
        assert_eq!(bucket(MAX_CREATE_TIME + 1), None);
        assert_eq!(bucket(86_399), Some(0));
        assert_eq!(bucket(86_400), Some(1));
    }
}
