//! Operators' acts that act at once and change no result (R-21): no fold sees them, and they are not copied.

use crate::hexed::Hex;
use serde::{Deserialize, Serialize};

/// Longest time for which the guard of the ticks may be lifted at once, in seconds.
pub const GUARD_LIFTED_MAX_S: i64 = 86_400;

/// Until when the coordinator ticks although its wall clock is far from what fans' messages say; an `until` that is not
/// above `at` sets the guard again.
///
/// `{"type":"guard","v":1,"until":1365494400,"at":1365487200,"actor":"ann","reason":"a recording is replayed"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardAct {
    /// Version of this schema.
    pub v: u16,
    /// By the coordinator's wall clock, in seconds since 1970; at most [`GUARD_LIFTED_MAX_S`] above `at`.
    pub until: i64,
    /// The coordinator's time, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Steps of the degradation ladder (C.23); in records its number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Ladder {
    /// Everything is answered as the campaign says.
    #[default]
    Normal = 0,
    /// The coalescing window is 30 s.
    Short = 1,
    /// `success` only.
    Silent = 2,
}

impl Ladder {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Short => "short",
            Self::Silent => "silent",
        }
    }
}

impl From<Ladder> for u8 {
    fn from(step: Ladder) -> Self {
        step as Self
    }
}

impl TryFrom<u8> for Ladder {
    type Error = String;

    fn try_from(step: u8) -> Result<Self, String> {
        match step {
            0 => Ok(Self::Normal),
            1 => Ok(Self::Short),
            2 => Ok(Self::Silent),
            other => Err(format!(
                "the ladder has the steps 0 (normal), 1 (short) and 2 (silent), not {other}"
            )),
        }
    }
}

/// The ladder stands at this step from here on, for every account.
///
/// `{"type":"ladder","v":1,"step":1,"at":1365487200,"actor":"ann","reason":"the uplink is full"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderAct {
    /// Version of this schema.
    pub v: u16,
    /// The step.
    pub step: Ladder,
    /// The coordinator's time, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What happens to a keyword rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleVerb {
    /// It answers nobody any more, in this version of its campaign and in every later one.
    Kill,
    /// It answers as its campaign says.
    Restore,
}

/// A keyword rule is killed, or restored (C.18): fans are answered as if its campaign did not have it.
///
/// `{"type":"rule","v":1,"verb":"kill","campaign":"fanfest-2013-04-09","rule":"shop","at":…,"actor":"ann","reason":"…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleAct {
    /// Version of this schema.
    pub v: u16,
    /// Which of the two.
    pub verb: RuleVerb,
    /// Id of the campaign.
    pub campaign: String,
    /// Id of the rule in the campaign's file.
    pub rule: String,
    /// The coordinator's time, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A consumer of a node may go on although so many more of its inputs fail judging. It changes nothing in control: the node
/// that was asked has let its consumer go on once this stood here.
///
/// `{"type":"continued","v":1,"stage":"quiz","allow":10,"node":"…","at":1365487200,"actor":"ann","reason":"…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContinuedAct {
    /// Version of this schema.
    pub v: u16,
    /// Name of the consumer.
    pub stage: String,
    /// How many more may fail.
    pub allow: u64,
    /// The node on which it runs.
    pub node: Hex<8>,
    /// That node's wall clock, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acts::Act;

    #[test]
    fn a_step_is_its_number_and_there_are_three() {
        let json = r#"{"type":"ladder","v":1,"step":2,"at":5,"actor":"ann","reason":"t"}"#;
        let act: Act = serde_json::from_str(json).unwrap();
        assert!(matches!(&act, Act::Ladder(act) if act.step == Ladder::Silent));
        assert_eq!(serde_json::to_string(&act).unwrap(), json);
        let fourth = json.replace(":2,", ":3,");
        assert!(serde_json::from_str::<Act>(&fourth).is_err());
    }
}
