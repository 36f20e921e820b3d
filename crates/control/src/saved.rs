//! What is in force, as text: a node keeps it on its disk, so that it can answer fans before it reaches the log.
//! Nothing here touches a disk, and nothing of it decides anything: the log does, as soon as it can be read.

use crate::operated::Killed;
use crate::snapshot::{Published, Snapshot};
use crate::state::{ControlState, first_problem};
use record::hexed::Hex;
use record::operate::Ladder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Version of the text.
const VERSION: u16 = 1;

#[derive(Serialize, Deserialize)]
struct Text<'a> {
    v: u16,
    /// Identity of the log that says so.
    log: &'a str,
    number: u64,
    #[serde(default)]
    ladder: Ladder,
    #[serde(default)]
    killed: Killed,
    versions: Vec<Version>,
}

#[derive(Serialize, Deserialize)]
struct Version {
    id: String,
    version: u32,
    ctl: u64,
    effective: i64,
    sha256: Hex<32>,
    toml: String,
    /// Windows of its rounds, which operators may have moved: number, first second, first second after.
    #[serde(default)]
    windows: Vec<(u16, i64, i64)>,
}

/// What is in force according to the control topic of the log with this identity.
#[must_use]
pub fn to_text(state: &ControlState, log: &str) -> String {
    let version = |published: &Arc<Published>| Version {
        id: published.id.clone(),
        version: published.version,
        ctl: published.ctl,
        effective: published.effective,
        sha256: published.sha256,
        toml: published.toml.clone(),
        windows: windows(&published.compiled.campaign),
    };
    let text = Text {
        v: VERSION,
        log,
        number: state.snapshot_number(),
        ladder: state.ladder(),
        killed: state.killed().clone(),
        versions: state.all_versions().map(version).collect(),
    };
    // Strings and numbers: there is nothing in it that JSON cannot say.
    serde_json::to_string(&text).unwrap_or_default()
}

fn windows(campaign: &campaign::Campaign) -> Vec<(u16, i64, i64)> {
    let rounds = campaign.rounds.iter();
    rounds.map(|r| (r.number, r.open, r.close)).collect()
}

/// The snapshot that [`to_text`] has written of this log.
///
/// # Errors
/// The text is of another log or another version of this program, or a campaign in it is not valid; for people.
pub fn parse(text: &str, log: &str) -> Result<Snapshot, String> {
    let text: Text<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if text.v != VERSION {
        return Err(format!("it has version {}, not {VERSION}", text.v));
    }
    if text.log != log {
        return Err(format!("it is of the log {}, not {log}", text.log));
    }
    let mut campaigns: BTreeMap<String, Vec<Arc<Published>>> = BTreeMap::new();
    for version in text.versions {
        let problem = |problems: Vec<campaign::Problem>| {
            let (id, number) = (&version.id, version.version);
            format!("{id} version {number}: {}", first_problem(&problems))
        };
        let campaign = campaign::Campaign::parse(&version.toml).map_err(problem)?.0;
        let campaign = campaign
            .with_windows(&version.windows)
            .map_err(|error| format!("{} version {}: {error}", version.id, version.version))?;
        let compiled = contest::Compiled::new(campaign).map_err(problem)?.0;
        campaigns
            .entry(version.id.clone())
            .or_default()
            .push(Arc::new(Published {
                id: version.id,
                version: version.version,
                ctl: version.ctl,
                effective: version.effective,
                sha256: version.sha256,
                toml: version.toml,
                compiled: Arc::new(compiled),
            }));
    }
    let snapshot = Snapshot::new(text.number, campaigns.into_values());
    Ok(snapshot.with_acts(text.ladder, &text.killed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::acts::{Act, CampaignAct};
    use record::operate::{LadderAct, RuleAct, RuleVerb};

    /// A keyword rule of the campaign.
    const RULE: &str = "order";

    fn state() -> ControlState {
        let toml = include_str!("../../../deploy/campaigns/fanfest-2013-04-09.toml");
        let mut state = ControlState::default();
        for version in 1..3 {
            let act = Act::Campaign(CampaignAct {
                v: record::SCHEMA_VERSION,
                id: "fanfest-2013-04-09".to_owned(),
                account: "mi".to_owned(),
                version,
                expect_version: version - 1,
                toml: toml.to_owned(),
                sha256: record::identity::sha256(toml.as_bytes()),
                effective: 1_365_400_000 + i64::from(version) * 100_000,
                actor: "ann".to_owned(),
                reason: String::new(),
            });
            let applied = state.apply(u64::from(version) * 10, &act);
            assert_eq!(applied, crate::state::Applied::Valid);
        }
        state
    }

    #[test]
    fn what_was_written_answers_as_the_log_does() {
        let state = state();
        let (log, kept) = (state.snapshot(), to_text(&state, "ab"));
        let kept = parse(&kept, "ab").unwrap();
        assert_eq!(kept.number, log.number);
        // Before the second version took effect, after it, and long before the event.
        for create_time in [1_365_501_000, 1_365_601_000, 1_300_000_000] {
            let version = |snapshot: &Snapshot| {
                let found = snapshot.in_force("mi", create_time)?;
                Some((found.version, found.ctl, found.sha256))
            };
            assert_eq!(version(&kept), version(&log), "at {create_time}");
        }
    }

    #[test]
    fn what_operators_have_set_is_kept_too() {
        let mut state = state();
        let act = |verb| {
            Act::Rule(RuleAct {
                v: record::SCHEMA_VERSION,
                verb,
                campaign: "fanfest-2013-04-09".to_owned(),
                rule: RULE.to_owned(),
                at: 0,
                actor: "ann".to_owned(),
                reason: "t".to_owned(),
            })
        };
        let ladder = Act::Ladder(LadderAct {
            v: record::SCHEMA_VERSION,
            step: Ladder::Short,
            at: 0,
            actor: "ann".to_owned(),
            reason: "t".to_owned(),
        });
        let is_killed = |snapshot: &Snapshot| {
            let found = snapshot.in_force("mi", 1_365_501_000).unwrap();
            let mut rules = found.compiled.campaign.rules.iter();
            !rules.find(|rule| rule.id == RULE).unwrap().enabled
        };
        assert!(!is_killed(&state.snapshot()));
        for (offset, act) in [(30, act(RuleVerb::Kill)), (31, ladder)] {
            assert_eq!(state.apply(offset, &act), crate::state::Applied::Valid);
            assert_eq!(state.snapshot_number(), offset + 1);
        }
        for snapshot in [
            state.snapshot(),
            parse(&to_text(&state, "ab"), "ab").unwrap(),
        ] {
            assert_eq!((snapshot.number, snapshot.ladder), (32, Ladder::Short));
            assert!(is_killed(&snapshot));
        }
        // A step that stands, a rule that is killed or that nobody has, are void and change nothing.
        let mut unknown = act(RuleVerb::Kill);
        if let Act::Rule(act) = &mut unknown {
            act.rule = "nobody".to_owned();
        }
        for void in [act(RuleVerb::Kill), unknown] {
            assert!(matches!(
                state.apply(40, &void),
                crate::state::Applied::Void(_)
            ));
        }
        assert_eq!(state.snapshot_number(), 32);
        let restored = state.apply(41, &act(RuleVerb::Restore));
        assert_eq!(restored, crate::state::Applied::Valid);
        assert!(!is_killed(&state.snapshot()) && state.killed().is_empty());
        assert!(matches!(
            state.apply(42, &act(RuleVerb::Restore)),
            crate::state::Applied::Void(_)
        ));
    }

    #[test]
    fn nothing_is_taken_from_another_log_or_another_version() {
        let text = to_text(&state(), "ab");
        assert!(parse(&text, "cd").unwrap_err().contains("the log ab"));
        let newer = text.replacen("\"v\":1", "\"v\":2", 1);
        assert!(parse(&newer, "ab").unwrap_err().contains("version 2"));
        assert!(parse(&text[..text.len() - 1], "ab").is_err());
        assert!(parse("", "ab").is_err());
    }

    #[test]
    fn a_log_without_campaigns_is_kept_too() {
        let text = to_text(&ControlState::default(), "ab");
        assert_eq!(parse(&text, "ab").unwrap().number, 0);
    }
}
