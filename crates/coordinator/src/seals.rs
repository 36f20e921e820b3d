//! The way of a seal: when a round is asked for, who has confirmed, when it is decided. One act at a
//! time, from what control and `progress` say, so that it does not matter between which two of them a
//! coordinator dies. Never what the round comes to.

use crate::secrets;
use campaign::{Campaign, OnSilentNode};
use control::ControlState;
use msglog::{Log, LogError, Reader};
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{SealDecided, SealReq};
use record::topics::PROGRESS;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The role whose nodes are waited for.
const INGRESS: &str = "ingress";

/// What nodes say in `progress`, and since when each open request is waited for.
pub(crate) struct Ear {
    reader: Box<dyn Reader>,
    confirmed: BTreeSet<(u64, Hex<8>)>,
    since: BTreeMap<u64, Instant>,
}

/// A request that is not decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round.
    pub round: u16,
    /// Nodes that have not confirmed.
    pub waits_for: Vec<Hex<8>>,
    /// Since when this process has waited for them.
    pub since: Instant,
}

impl Ear {
    /// Hears everything that `progress` still has: a predecessor may have asked.
    ///
    /// # Errors
    /// The log has no progress topic.
    pub(crate) fn new(log: &dyn Log) -> Result<Self, LogError> {
        let mut reader = log.reader(PROGRESS)?;
        reader.seek(0, log.start_offset(PROGRESS, 0)?)?;
        Ok(Self {
            reader,
            confirmed: BTreeSet::new(),
            since: BTreeMap::new(),
        })
    }

    /// Takes in what was said since the last call.
    ///
    /// # Errors
    /// Failures of reading.
    pub(crate) fn listen(&mut self) -> Result<(), LogError> {
        loop {
            let heard = self.reader.poll(1_024, 1 << 20, Duration::ZERO)?;
            if heard.is_empty() {
                return Ok(());
            }
            for stored in heard {
                if let Ok(Act::SealAck(ack)) = serde_json::from_slice(&stored.value) {
                    self.confirmed.insert((ack.ctl, ack.node));
                }
            }
        }
    }

    /// Forgets what is decided.
    fn keep(&mut self, open: &BTreeSet<u64>, at: Instant) {
        self.since.retain(|ctl, _| open.contains(ctl));
        for ctl in open {
            self.since.entry(*ctl).or_insert(at);
        }
        if let Some(first) = open.first() {
            self.confirmed.retain(|(ctl, _)| ctl >= first);
        }
    }

    /// What is waited for.
    pub(crate) fn sealing(&mut self, state: &ControlState, at: Instant) -> Vec<Sealing> {
        let open: BTreeSet<u64> = state.open_requests().iter().map(|(ctl, _)| *ctl).collect();
        self.keep(&open, at);
        let sealing = |(ctl, request): (u64, &SealReq)| Sealing {
            campaign: request.campaign.clone(),
            round: request.round,
            waits_for: self.stand(state, ctl, request).waited,
            since: self.since.get(&ctl).copied().unwrap_or(at),
        };
        state.open_requests().into_iter().map(sealing).collect()
    }

    fn stand(&self, state: &ControlState, ctl: u64, request: &SealReq) -> Stand {
        let mut stand = Stand::default();
        for member in &request.members {
            let node = state.nodes().get(member);
            let has_left = node.is_some_and(|node| !node.present && !node.retired);
            let is_retired = node.is_some_and(|node| node.retired);
            let list = if has_left || self.confirmed.contains(&(ctl, *member)) {
                &mut stand.confirmed
            } else if is_retired {
                &mut stand.missing
            } else {
                &mut stand.waited
            };
            list.push(*member);
        }
        stand
    }
}

/// How the nodes of a request stand.
#[derive(Default)]
struct Stand {
    confirmed: Vec<Hex<8>>,
    missing: Vec<Hex<8>>,
    waited: Vec<Hex<8>>,
}

/// The next act that is due at the newest tick: a request, the end of waiting for a node, a decision. `at` is
/// the monotonic wall, by which silence is measured.
pub(crate) fn due(state: &ControlState, tick: i64, ear: &mut Ear, at: Instant) -> Option<Act> {
    if let Some(request) = request_due(state, tick) {
        return Some(Act::SealReq(request));
    }
    let open = state.open_requests();
    ear.keep(&open.iter().map(|(ctl, _)| *ctl).collect(), at);
    open.into_iter()
        .find_map(|(ctl, request)| decision_due(state, tick, ear, (ctl, request), at))
}

/// The first campaign without a commitment that asks for one, before any of its rounds is sealed.
pub(crate) fn commitment_due(state: &ControlState) -> Option<&Campaign> {
    state
        .newest()
        .map(|published| &published.compiled.campaign)
        .filter(|campaign| secrets::commits(campaign) && state.commitment(&campaign.id).is_none())
        .find(|campaign| {
            let mut lives = state.rounds().of(&campaign.id);
            lives.all(|(_, life)| life.request.is_none())
        })
}

fn request_due(state: &ControlState, tick: i64) -> Option<SealReq> {
    for published in state.newest() {
        let campaign = &published.compiled.campaign;
        for round in &campaign.rounds {
            let due = round.close.saturating_add(campaign.seal.grace_s);
            let life = state.rounds().life(&campaign.id, Some(round.number));
            let is_done = life.is_some_and(|life| life.is_void || life.request.is_some());
            if tick >= due && !is_done {
                return Some(SealReq {
                    v: SCHEMA_VERSION,
                    campaign: campaign.id.clone(),
                    round: round.number,
                    members: members(state),
                    at: tick,
                });
            }
        }
    }
    None
}

/// Nodes with the ingress role that are there.
fn members(state: &ControlState) -> Vec<Hex<8>> {
    let has_role = |roles: &[String]| roles.iter().any(|role| role == INGRESS);
    let nodes = state.nodes().iter();
    nodes
        .filter(|(_, node)| node.present && has_role(&node.hello.roles))
        .map(|(id, _)| *id)
        .collect()
}

fn decision_due(
    state: &ControlState,
    tick: i64,
    ear: &Ear,
    (ctl, request): (u64, &SealReq),
    at: Instant,
) -> Option<Act> {
    let published = state.versions(&request.campaign).last()?;
    let campaign = &published.compiled.campaign;
    let round = campaign.round(request.round)?;
    let stand = ear.stand(state, ctl, request);
    if let Some(node) = stand.waited.first() {
        let life = state.rounds().life(&request.campaign, Some(request.round));
        let is_forced = life.is_some_and(|life| life.is_forced);
        let max_wait = u64::try_from(campaign.seal.max_wait_s).unwrap_or(0);
        let since = ear.since.get(&ctl).copied().unwrap_or(at);
        let is_over = campaign.seal.on_silent_node == OnSilentNode::SealWithout
            && at.saturating_duration_since(since) >= Duration::from_secs(max_wait);
        return (is_forced || is_over).then(|| Act::Retired {
            v: SCHEMA_VERSION,
            node: *node,
            reason: format!(
                "silent at the seal of round {} of {}",
                round.number, campaign.id
            ),
        });
    }
    Some(Act::SealDecided(SealDecided {
        v: SCHEMA_VERSION,
        campaign: campaign.id.clone(),
        round: round.number,
        req: ctl,
        version: published.version,
        sha256: published.sha256,
        open: round.open,
        close: round.close,
        members: stand.confirmed,
        missing: stand.missing,
        at: tick,
    }))
}
