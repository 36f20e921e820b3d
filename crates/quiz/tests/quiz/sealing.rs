//! What tests of seals share: copies of decisions and acts, and the standings of what was sealed.

use crate::common::{Spec, counted, feed, open};
use contest::{Barred, Entrants, Field, Standing};
use quiz::Recount;
use record::acts::Act;
use record::chain::{Link, Position, splice};
use record::hexed::Hex;
use record::inband::Copy;
use record::rounds::{RoundAct, RoundVerb, SealDecided, Share, Window};

/// The copy of a record of control.
fn copied(ctl: u64, act: Act) -> Vec<u8> {
    serde_json::to_vec(&Copy::new(ctl, ctl.checked_sub(1), act)).unwrap()
}

/// A copy where it stands at offset 77 of `inbound`.
fn placed(copy: &[u8]) -> Vec<u8> {
    let link = Link {
        pos: Position(77, 0),
        prev: None,
        step: 1,
    };
    let mut value = Vec::new();
    splice(&link, copy, &mut value);
    value
}

/// A decision at offset 77.
pub(crate) fn sealed(spec: &Spec, ctl: u64, version: u32, window: (u16, i64, i64)) -> Vec<u8> {
    placed(&decided(spec, ctl, version, window))
}

/// The copy of a decision, without a place.
pub(crate) fn decided(
    spec: &Spec,
    ctl: u64,
    version: u32,
    (round, from, to): (u16, i64, i64),
) -> Vec<u8> {
    copied(
        ctl,
        Act::SealDecided(SealDecided {
            v: 1,
            campaign: "fest".into(),
            round,
            req: ctl,
            version,
            sha256: spec.act(version).sha256,
            open: from,
            close: to,
            members: vec![Hex([1; 8])],
            missing: vec![],
            at: to + 36,
        }),
    )
}

/// The standings of every share that was made.
pub(crate) fn field(recount: &Recount) -> Field<'static> {
    merged(recount.shares().iter().map(|(_, share)| share))
}

/// The standings of one round.
pub(crate) fn field_of(recount: &Recount, round: u16) -> Field<'static> {
    let shares = recount.shares().iter().map(|(_, share)| share);
    merged(shares.filter(|share| share.round == round))
}

/// Who is barred without standing in a round.
pub(crate) fn barred_of(recount: &Recount, round: u16) -> Barred {
    let shares = recount.shares().iter().map(|(_, share)| share);
    let shares = shares.filter(|share| share.round == round);
    let lines: String = shares.map(|share| share.barred.as_str()).collect();
    Barred::parse(&lines).unwrap()
}

pub(crate) fn merged<'a>(shares: impl Iterator<Item = &'a Share>) -> Field<'static> {
    let mut field = Field::default();
    for share in shares {
        field = field
            .merge(Field::parse(&share.standings).unwrap())
            .unwrap();
    }
    field
}

pub(crate) fn of(spec: &Spec, field: &Field<'static>, fan: &str) -> Option<Standing<'static>> {
    let campaign = campaign::Campaign::parse(&spec.toml()).unwrap().0;
    let code = Entrants::new(campaign.draw.salt.as_bytes()).code(fan);
    field.get(code).cloned()
}

pub(crate) fn window(round: u16) -> (u16, i64, i64) {
    let from = open(i64::from(round));
    (round, from, from + 300)
}

pub(crate) fn third(policy: &'static str, records: Vec<Vec<u8>>) -> (Spec, Field<'static>) {
    let spec = Spec {
        policy,
        ..Spec::default()
    };
    let mut recount = counted(&spec, records);
    feed(&mut recount, [sealed(&spec, 1, 1, window(3))]);
    let field = field(&recount);
    (spec, field)
}

/// The copy of an act that gives a round another window, at offset 77.
pub(crate) fn moved(ctl: u64, window: (u16, i64, i64)) -> Vec<u8> {
    placed(&moved_act(ctl, window))
}

/// The copy of an act that gives a round another window, without a place.
pub(crate) fn moved_act(ctl: u64, (round, from, to): (u16, i64, i64)) -> Vec<u8> {
    let window = Window {
        round,
        open: from,
        close: to,
    };
    let act = RoundAct {
        v: 1,
        campaign: "fest".into(),
        round,
        verb: RoundVerb::Extend,
        windows: vec![window],
        at: to - 80,
        effective: to - 75,
        actor: "ann".into(),
        reason: "the host speaks".into(),
    };
    copied(ctl, Act::Round(act))
}
