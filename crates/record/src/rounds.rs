//! The records of a round's life: operator acts on its window, the seal (request, acknowledgement, decision),
//! each partition's share, the result, and what became of prizes. Never who wins, and never when.

use crate::claim::ClaimedBy;
use crate::hexed::Hex;
use serde::{Deserialize, Serialize};

/// `"type"` of a [`Share`].
pub const SHARE: &str = "share";
/// Most bytes that the lines of one [`Share`] may have.
pub const SHARE_MAX_BYTES: usize = 256 * 1024;
/// Most parts that the standings of one corrected result may have: a gibibyte, five million fans.
pub const STANDINGS_CHUNKS_MAX: u32 = 4_096;

/// The window of a round: `[open, close)` in CreateTime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Number of the round.
    pub round: u16,
    /// First second, since 1970.
    pub open: i64,
    /// First second after it.
    pub close: i64,
}

/// What an operator does to rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoundVerb {
    /// Every round that is not yet open moves.
    Shift,
    /// The round opens now, for as long as it was to last.
    Open,
    /// The round closes later.
    Extend,
    /// The round does not count.
    Void,
    /// The round is sealed without the nodes that are silent.
    Seal,
    /// The later rounds do not wait for its result any more; its own prizes are given when it comes.
    Skip,
}

/// An operator's act on rounds. What it comes to stands in it, so that nobody computes it again: the windows that
/// hold from here on.
///
/// `{"type":"round","v":1,"campaign":"fanfest-2013-04-09","round":3,"verb":"extend","windows":[{"round":3,"open":…,
/// "close":…}],"at":1365488640,"effective":1365488645,"actor":"ann","reason":"the host speaks"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// The round that was named; the first one of a shift.
    pub round: u16,
    /// What was done.
    pub verb: RoundVerb,
    /// Windows that change, by round; none for `void`, `seal` and `skip`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// The coordinator's time, in seconds since 1970: what the act was allowed at.
    pub at: i64,
    /// From which CreateTime on replies know of it.
    pub effective: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// The commitment to the secrets of a campaign's draws: published before anything is known.
///
/// `{"type":"commitment","v":1,"campaign":"…","root":"…64 hex…","links":13,"secret":"…","at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitmentAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// `s_0`, the public end of the chain.
    pub root: Hex<32>,
    /// How many secrets the chain has: one for each round in the order of their numbers, and the last for the
    /// final draw.
    pub links: u16,
    /// The last secret, encrypted with the installation's key; Base64.
    pub secret: String,
    /// The coordinator's time.
    pub at: i64,
}

/// Asks every listed node to confirm that what it had received stands in the log.
///
/// `{"type":"seal_req","v":1,"campaign":"…","round":3,"members":["…"],"at":1365488735}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealReq {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round.
    pub round: u16,
    /// Nodes with the ingress role that are waited for.
    pub members: Vec<Hex<8>>,
    /// The tick at which it was due, in seconds since 1970.
    pub at: i64,
}

/// A node's word that all it had received when it read the request is durable in the log; stands in `progress`.
///
/// `{"type":"seal_ack","v":1,"node":"…","boot":"…","ctl":12}`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealAck {
    /// Version of this schema.
    pub v: u16,
    /// The node.
    pub node: Hex<8>,
    /// Its boot, which may be later than that of the request: a new boot owns the old boot's spool.
    pub boot: Hex<8>,
    /// Offset of the request in `control`.
    pub ctl: u64,
}

/// The decision: what stands before its copy in a partition is in the round. The first valid one holds.
///
/// `{"type":"seal_decided","v":1,"campaign":"…","round":3,"req":12,"version":1,"sha256":"…","open":…,"close":…,
/// "members":["…"],"missing":[],"at":1365488736}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealDecided {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round.
    pub round: u16,
    /// Offset of the request in `control`.
    pub req: u64,
    /// Version of the campaign that judges the round.
    pub version: u32,
    /// SHA-256 of that version's file.
    pub sha256: Hex<32>,
    /// The window that judges: first second.
    pub open: i64,
    /// First second after it.
    pub close: i64,
    /// Nodes that have confirmed.
    pub members: Vec<Hex<8>>,
    /// Nodes that were not waited for any longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Hex<8>>,
    /// The newest tick, in seconds since 1970: the contest's time of the seal.
    pub at: i64,
}

/// One partition's standings of a sealed round, in chunks of at most [`SHARE_MAX_BYTES`]; stands in `results`. A
/// partition without entrants writes one chunk without standings.
///
/// `{"type":"share","v":1,"campaign":"…","round":3,"ctl":13,"cut":40213,"chunk":0,"of":2,"standings":"{…}\n{…}\n",
/// "barred":"{\"bar\":\"not_following\",\"code\":\"…\"}\n"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// `share`.
    pub r#type: String,
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round.
    pub round: u16,
    /// Offset of the decision in `control`.
    pub ctl: u64,
    /// The partition's cut: offset of the decision's copy in `inbound`.
    pub cut: u64,
    /// Number of this chunk, from 0.
    pub chunk: u32,
    /// How many chunks there are.
    pub of: u32,
    /// Lines of the standings file, sorted by entrant code, each ended by a newline.
    pub standings: String,
    /// Who cannot win at the cut, of the fans of the campaign who do not stand in this round; a line for each,
    /// sorted by entrant code. Told where the campaign has a final draw, which may be about them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub barred: String,
}

/// A part of the standings behind a corrected result, which no partition's share tells. They stand in `control`
/// before the result, named by what they are: whoever brings the same part again, after a crash or beside another,
/// brings the same bytes, and the first one counts.
///
/// `{"type":"standings","v":1,"campaign":"…","round":3,"digest":"…64 hex…","chunk":0,"of":52,"standings":"{…}\n{…}\n"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingsAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw over the board.
    pub round: Option<u16>,
    /// SHA-256 of the whole standings file: the digest of the corrected result.
    pub digest: Hex<32>,
    /// Number of this part, from 0.
    pub chunk: u32,
    /// How many parts there are, at most [`STANDINGS_CHUNKS_MAX`].
    pub of: u32,
    /// Lines of the file, at most [`SHARE_MAX_BYTES`], each ended by a newline.
    pub standings: String,
}

/// The list of a draw's entrants, fixed before its secret is revealed: the first one holds.
///
/// `{"type":"list","v":1,"campaign":"…","round":3,"ctl":13,"list":"…64 hex…","count":70213,"at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw over the board.
    pub round: Option<u16>,
    /// Offset of the decision in `control`; for the final draw that of the last one.
    pub ctl: u64,
    /// SHA-256 of the list file: `R`.
    pub list: Hex<32>,
    /// Fans on the list.
    pub count: u64,
    /// The coordinator's time right before it was appended, in seconds since 1970: it must lie before the beacon's.
    pub at: i64,
}

/// What an operator said of the beacon that a draw at L2 waits for: its value, or that the draw does without. The
/// first one of a draw holds, and only behind the draw's list.
///
/// `{"type":"beacon","v":1,"campaign":"…","round":3,"list":15,"number":27637159,"value":"…64 hex…","actor":"ann",
/// "at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw over the board.
    pub round: Option<u16>,
    /// Offset in `control` of the draw's list, which stood before anybody could know the value.
    pub list: u64,
    /// Number of the beacon's round; none with [`BeaconAct::value`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Its value as drand published it; `None`: the draw does without, and reaches L1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Hex<32>>,
    /// Who.
    pub actor: String,
    /// Why; of a draw that does without it stands in the record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The coordinator's time, in seconds since 1970.
    pub at: i64,
}

/// What a round, or the final draw, came to. The first valid one holds; a later one that names it corrects it, once
/// its standings are in the log ([`StandingsAct`]).
///
/// `{"type":"result","v":1,"campaign":"…","round":3,"ctl":13,"version":1,"record":"{…}\n","record_sha256":"…",
/// "standings":"…","list":"…","entrants":70213,"answered":70213,"correct":40414,"at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw over the board.
    pub round: Option<u16>,
    /// Offset of the decision in `control`; for the final draw that of the last round's.
    pub ctl: u64,
    /// Version of the campaign that judged.
    pub version: u32,
    /// The canonical record, whose bytes are hashed.
    pub record: String,
    /// SHA-256 of it.
    pub record_sha256: Hex<32>,
    /// SHA-256 of the standings file: the digest.
    pub standings: Hex<32>,
    /// SHA-256 of the list file: `R`.
    pub list: Hex<32>,
    /// Fans on the list.
    pub entrants: u64,
    /// Fans with an answer that counts.
    pub answered: u64,
    /// Fans whose answer is right.
    pub correct: u64,
    /// How many draws of the campaign had a result when this first one was made: who has won by them wins here no more
    /// . Told once an operator has skipped a round, because then it does not follow from the rounds' order; a
    /// result that has missed another is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_after: Option<u32>,
    /// Offset in `control` of the result that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<u64>,
    /// Who published the correction.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// Why it was corrected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The newest tick, in seconds since 1970.
    pub at: i64,
}

/// Where a unit of a prize stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitState {
    /// A winner has it; he was not told yet.
    Awarded,
    /// He was told.
    Notified,
    /// He has claimed it.
    Claimed,
    /// He has got it.
    Fulfilled,
    /// He does not want it: the unit is free again.
    Declined,
    /// He did not claim it in time: the unit is free again.
    Expired,
    /// It was taken back: the unit is free again.
    Revoked,
}

/// One step in the life of an award: a unit to a winner, or what became of it.
///
/// `{"type":"award","v":1,"campaign":"…","round":3,"result":14,"award":"…64 hex…","prize":"phone","unit":3,"slot":1,
/// "attempt":1,"place":2,"code":"…32 hex…","state":"awarded","at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardAct {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// Offset in `control` of the result that it follows from.
    pub result: u64,
    /// `H(campaign ‖ 0 ‖ round ‖ 0 ‖ place of the award in the file ‖ 0 ‖ slot)`: the same after any crash.
    pub award: Hex<32>,
    /// Id of the prize: the pool.
    pub prize: String,
    /// Number of the unit in its pool, from 1.
    pub unit: u32,
    /// Number of the slot in its award, from 1.
    pub slot: u32,
    /// 1 for the first winner of the slot; an alternate's is one more.
    pub attempt: u32,
    /// The fan's place in the order of the draw, from 1.
    pub place: u32,
    /// Entrant code of the fan.
    pub code: Hex<16>,
    /// What it comes to here.
    pub state: UnitState,
    /// The fan's own message, when it was he who claimed the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimedBy>,
    /// Who, when an operator did it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The newest tick, in seconds since 1970.
    pub at: i64,
}

/// The public text of a result: entrant codes by their last six digits, never an OpenID.
///
/// `{"type":"announcement","v":1,"campaign":"…","round":3,"result":14,"text":"…","at":…}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// Offset in `control` of the result that it tells of.
    pub result: u64,
    /// The text.
    pub text: String,
    /// The newest tick, in seconds since 1970.
    pub at: i64,
}
