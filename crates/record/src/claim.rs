//! Claims of prizes: that a fan sent one, as quiz tells it in `results`, and where his unit stands for it in an
//! award. Never what he wrote: that stands in his message, and sealed in the award.

use crate::hexed::Hex;
use crate::identity::MessageKey;
use serde::{Deserialize, Serialize};

/// `"type"` of a [`Claim`].
pub const CLAIM: &str = "claim";
/// `"type"` of a [`Passed`].
pub const PASSED: &str = "passed";
/// Most claims that are told of one fan in one campaign, whatever he sends.
pub const CLAIMS_MAX: u8 = 20;
/// A claim that was sent before its deadline may stand in the log so many seconds of ticks behind it: four attempts of
/// the platform, and room, as for a round's close.
pub const CLAIM_GRACE_S: i64 = 35;

/// A message by which a fan claims what he has won in a campaign; stands in `results`. The message itself stands in the
/// same partition of `accepted`, at the offset of this record's chain position.
///
/// `{"type":"claim","v":1,"campaign":"…","code":"…32 hex…","key":"…32 hex…","create_time":1365500000,"tick":1365500001}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// `claim`.
    pub r#type: String,
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Entrant code of the fan in that campaign.
    pub code: Hex<16>,
    /// Key of the message.
    pub key: MessageKey,
    /// CreateTime of the message, in seconds since 1970.
    pub create_time: i64,
    /// The newest tick before it in its partition; 0 before the first.
    pub tick: i64,
}

/// quiz has passed this tick in this partition: every claim that stands before it there is told above. Written at the
/// first tick of each hour, while a campaign with prizes stands.
///
/// `{"type":"passed","v":1,"tick":1365501600}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// `passed`.
    pub r#type: String,
    /// Version of this schema.
    pub v: u16,
    /// The tick, in seconds since 1970.
    pub tick: i64,
}

impl Passed {
    /// That this tick was passed.
    #[must_use]
    pub fn new(tick: i64) -> Self {
        Self {
            r#type: PASSED.to_owned(),
            v: crate::SCHEMA_VERSION,
            tick,
        }
    }
}

/// The message by which a unit was claimed, in the award's step.
///
/// `{"partition":3,"offset":40213,"key":"…32 hex…","create_time":1365500000,"tick":1365500001,"details":"…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedBy {
    /// Partition of `accepted` in which the message stands.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// Key of the message.
    pub key: MessageKey,
    /// Its CreateTime, in seconds since 1970.
    pub create_time: i64,
    /// The newest tick before it in its partition; 0 before the first.
    pub tick: i64,
    /// What he wrote, encrypted with the installation's key for this unit and no other; Base64. Empty when the message
    /// was not in the log any more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
}
