//! The records of `control` (one partition, the truth about campaigns and nodes) and of `progress`.
//!
//! A control record whose precondition fails at its place is void for everyone; that judgement is one pure
//! function in the crate that follows control, not here.

use crate::hexed::Hex;
use crate::operate::{ContinuedAct, GuardAct, LadderAct, RuleAct};
use crate::rounds::{
    Announcement, AwardAct, BeaconAct, CommitmentAct, ListAct, ResultAct, RoundAct, SealAck,
    SealDecided, SealReq, StandingsAct,
};
use crate::stock::{ShownAct, StockAct};
use serde::{Deserialize, Serialize};

/// What happened: an operator's act or a node's word. The `"type"` of the JSON is the variant in lower case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Act {
    /// A campaign version is published.
    Campaign(CampaignAct),
    /// Everything up to `through` is copied into every inbound partition.
    Copied {
        /// Version of this schema.
        v: u16,
        /// Control offset of the last record that was copied.
        through: u64,
    },
    /// A node starts.
    Hello(Hello),
    /// A node has stopped cleanly and its spool is empty.
    Bye {
        /// Version of this schema.
        v: u16,
        /// The node.
        node: Hex<8>,
    },
    /// A node is no longer waited for, until its next greeting.
    Retired {
        /// Version of this schema.
        v: u16,
        /// The node.
        node: Hex<8>,
        /// Why.
        reason: String,
    },
    /// This node has taken over the coordinator's work: acts go to it from here on. It changes nothing else.
    Leads(Leads),
    /// A node's word of the last second; stands in `progress`.
    Progress(Progress),
    /// An operator acts on rounds.
    Round(RoundAct),
    /// The commitment to a campaign's secrets.
    Commitment(CommitmentAct),
    /// A round is to be sealed.
    #[serde(rename = "seal_req")]
    SealReq(SealReq),
    /// A node's word for a seal; stands in `progress`.
    #[serde(rename = "seal_ack")]
    SealAck(SealAck),
    /// A round is sealed.
    #[serde(rename = "seal_decided")]
    SealDecided(SealDecided),
    /// Who takes part in a draw.
    List(ListAct),
    /// The beacon of a draw.
    Beacon(BeaconAct),
    /// A part of the standings behind a corrected result.
    Standings(StandingsAct),
    /// What a round came to.
    Result(ResultAct),
    /// A step of an award.
    Award(AwardAct),
    /// The public text of a result.
    Announcement(Announcement),
    /// Secrets for units of a prize.
    Stock(StockAct),
    /// Somebody was shown the secret of a unit, or its winner's claim.
    Shown(ShownAct),
    /// An operator lifts the guard of the ticks, or sets it again.
    Guard(GuardAct),
    /// An operator steps on the degradation ladder.
    Ladder(LadderAct),
    /// An operator kills a keyword rule, or restores it.
    Rule(RuleAct),
    /// An operator lets a consumer of a node go on.
    Continued(ContinuedAct),
}

/// Version of [`CampaignAct`]. Since 2 a publication that moves the window of a round that has begun is void (Q-4). Since 3
/// it may give a round that has a result another one, by which corrections judge it (Q-22). What was published before
/// holds as it held then.
pub const CAMPAIGN_VERSION: u16 = 3;

/// The version of [`CampaignAct`] from which a publication keeps the windows of rounds that have begun (Q-4).
pub const KEEPS_WINDOWS: u16 = 2;

/// The version of [`CampaignAct`] from which a publication may correct the window of a round that has a result (Q-22).
pub const CORRECTS_WINDOWS: u16 = 3;

/// `{"type":"campaign","v":3,"id":"fanfest-2013-04-09","account":"mi","version":1,"expect_version":0,"toml":"…",
/// "sha256":"…","effective":1365487205,"actor":"ann","reason":"first publication"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub id: String,
    /// Account that it belongs to.
    pub account: String,
    /// Version that this publication makes: `expect_version + 1`.
    pub version: u32,
    /// Version that must be in force at this record's place; 0 for a first publication.
    pub expect_version: u32,
    /// The campaign file as it was checked.
    pub toml: String,
    /// SHA-256 of `toml`.
    pub sha256: Hex<32>,
    /// From which CreateTime on it speaks, in seconds since 1970.
    pub effective: i64,
    /// Who published it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// `{"type":"hello","v":1,"node":"…","boot":"…","roles":["ingress","dedup"],"admin":"127.0.0.1:8081"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of this schema.
    pub v: u16,
    /// Random id of the node, made with its data directory.
    pub node: Hex<8>,
    /// Random at each start.
    pub boot: Hex<8>,
    /// Roles that it runs.
    pub roles: Vec<String>,
    /// HOST:PORT at which others reach its admin API.
    pub admin: String,
}

/// `{"type":"leads","v":1,"node":"…","boot":"…"}`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leads {
    /// Version of this schema.
    pub v: u16,
    /// The node; its HELLO of the same boot tells the address of its admin API.
    pub node: Hex<8>,
    /// Its boot.
    pub boot: Hex<8>,
}

/// `{"type":"progress","v":1,"node":"…","boot":"…","spool":0,"median_create_time":1365487203}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Version of this schema.
    pub v: u16,
    /// The node.
    pub node: Hex<8>,
    /// Its boot.
    pub boot: Hex<8>,
    /// Records that stand only in its spool.
    pub spool: u64,
    /// Median CreateTime of the messages of the last second; `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_create_time: Option<i64>,
}

impl Act {
    /// Whether a fold must see it, so that it is copied into every inbound partition.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        matches!(
            self,
            Self::Campaign(_) | Self::Round(_) | Self::SealDecided(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_names_its_type_in_lower_case() {
        let act = Act::Copied { v: 1, through: 7 };
        let json = serde_json::to_string(&act).unwrap();
        assert_eq!(json, r#"{"type":"copied","v":1,"through":7}"#);
        assert_eq!(serde_json::from_str::<Act>(&json).unwrap(), act);
    }
}
