//! What a dead letter says to people, in words. No judgement.

use crate::horizon::{Bound, Now};
use crate::marker::Marker;
use record::identity::{ContentDigest, MessageKey};

pub(crate) fn conflict_detail(key: &MessageKey, stands: &Marker, digest: &ContentDigest) -> String {
    format!(
        "message {key}: content {} of offset {} stands, this delivery has content {digest}",
        stands.digest, stands.first
    )
}

pub(crate) fn quarantine_detail(
    bound: Bound,
    now: Option<Now>,
    create_time: i64,
    received_us: i64,
) -> String {
    let tick = now.map_or(0, |now| now.t);
    match bound {
        Bound::Behind => {
            format!("create time {create_time} is more than 8 days below the tick {tick}")
        }
        Bound::Ahead if now.is_some_and(|now| now.rehearsal) => {
            format!(
                "create time {create_time} is more than 1 hour above the rehearsal's tick {tick}"
            )
        }
        Bound::Ahead => format!(
            "create time {create_time} is more than 1 hour above its receipt at {received_us} µs"
        ),
    }
}
