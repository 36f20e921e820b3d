//! A control topic of the Fan Festival, written record by record; its third round. No judgement.

use control::ControlState;
use control::state::Applied;
use record::acts::{Act, CAMPAIGN_VERSION, CampaignAct};
use record::hexed::Hex;
use record::rounds::{ResultAct, RoundAct, RoundVerb, SealDecided, SealReq, Window};

pub(crate) const FESTIVAL: &str =
    include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml");
pub(crate) const ID: &str = "fanfest-2013-04-09";
/// 14:20:00 on the day: round 3 opens, and is open for 300 s.
pub(crate) const OPEN: i64 = 1_365_488_400;
pub(crate) const CLOSE: i64 = OPEN + 300;

/// A log of control, record by record.
pub(crate) struct Control {
    pub(crate) state: ControlState,
    next: u64,
    /// Version of the schema of publications.
    pub(crate) schema: u16,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            state: ControlState::default(),
            next: 0,
            schema: CAMPAIGN_VERSION,
        }
    }
}

impl Control {
    pub(crate) fn published() -> Self {
        let mut control = Self::default();
        assert!(control.publishes(FESTIVAL, OPEN - 3_600));
        control
    }

    /// Whether the record holds.
    pub(crate) fn says(&mut self, act: &Act) -> bool {
        let applied = self.state.apply(self.next, act);
        self.next += 1;
        applied == Applied::Valid
    }

    /// Whether a file may be published by a coordinator at this time.
    pub(crate) fn publishes(&mut self, toml: &str, at: i64) -> bool {
        let expect_version = self.state.version_of(ID);
        let act = CampaignAct {
            v: self.schema,
            id: ID.to_owned(),
            account: "mi".to_owned(),
            version: expect_version + 1,
            expect_version,
            toml: toml.to_owned(),
            sha256: record::identity::sha256(toml.as_bytes()),
            effective: at + control::windows::EFFECTIVE_AHEAD_S,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        };
        let expected = self.state.would_hold(&act).is_ok();
        let before = (self.state.version_of(ID), self.state.snapshot_number());
        let held = self.says(&Act::Campaign(act));
        assert_eq!(held, expected, "what would hold holds");
        if !held {
            let after = (self.state.version_of(ID), self.state.snapshot_number());
            assert_eq!(after, before, "a void record changes nothing");
        }
        held
    }

    pub(crate) fn acts(
        &mut self,
        verb: RoundVerb,
        round: u16,
        at: i64,
        windows: &[(i64, i64)],
    ) -> bool {
        let window = |&(open, close): &(i64, i64)| Window { round, open, close };
        self.says(&Act::Round(RoundAct {
            v: 1,
            campaign: ID.to_owned(),
            round,
            verb,
            windows: windows.iter().map(window).collect(),
            at,
            effective: at + 5,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        }))
    }

    pub(crate) fn requests(&mut self, round: u16, at: i64) -> u64 {
        let request = SealReq {
            v: 1,
            campaign: ID.to_owned(),
            round,
            members: Vec::new(),
            at,
        };
        assert!(self.says(&Act::SealReq(request)));
        self.next - 1
    }

    /// The decision by the version in force here.
    pub(crate) fn decision(&self, round: u16, req: u64) -> SealDecided {
        let newest = self.state.versions(ID).last().unwrap();
        let window = newest.compiled.campaign.round(round).unwrap();
        SealDecided {
            v: 1,
            campaign: ID.to_owned(),
            round,
            req,
            version: newest.version,
            sha256: newest.sha256,
            open: window.open,
            close: window.close,
            members: Vec::new(),
            missing: Vec::new(),
            at: window.close + 36,
        }
    }

    /// A round is sealed; offset of the decision.
    pub(crate) fn seals(&mut self, round: u16) -> u64 {
        let newest = self.state.versions(ID).last().unwrap();
        let close = newest.compiled.campaign.round(round).unwrap().close;
        let req = self.requests(round, close + 35);
        let decided = self.decision(round, req);
        assert!(self.says(&Act::SealDecided(decided)));
        self.next - 1
    }

    pub(crate) fn concludes(&mut self, round: u16, ctl: u64, made_after: Option<u32>) -> bool {
        self.says(&Act::Result(ResultAct {
            v: 1,
            campaign: ID.to_owned(),
            round: Some(round),
            ctl,
            version: 1,
            record: "{}\n".to_owned(),
            record_sha256: Hex([0; 32]),
            standings: Hex([1; 32]),
            list: Hex([2; 32]),
            entrants: 0,
            answered: 0,
            correct: 0,
            made_after,
            corrects: None,
            actor: String::new(),
            reason: String::new(),
            at: 0,
        }))
    }

    pub(crate) fn window(&self, round: u16) -> (i64, i64) {
        let newest = self.state.newest().next().unwrap();
        let round = newest.compiled.campaign.round(round).unwrap();
        (round.open, round.close)
    }
}
