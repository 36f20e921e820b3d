//! A publication: from the text of a campaign file to a record that every partition has.

use crate::lead::LeadError;
use campaign::{Campaign, Problem, Severity};
use record::acts::{CAMPAIGN_VERSION, CampaignAct};
use record::hexed::Hex;

/// What an operator asks for.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// The campaign file.
    pub toml: String,
    /// Version that must be in force; 0 for a first publication.
    pub expect_version: u32,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What a publication made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the campaign.
    pub id: String,
    /// Its new version.
    pub version: u32,
    /// Offset of the record in `control`.
    pub ctl: u64,
    /// Snapshot that ingress uses now.
    pub snapshot: u64,
    /// First CreateTime that the version speaks for, in seconds since 1970.
    pub effective: i64,
    /// SHA-256 of the file.
    pub sha256: Hex<32>,
    /// What a person should look at in the file, for people.
    pub warnings: Vec<String>,
}

/// Why a publication did not come about.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file has errors.
    #[error("the campaign file has {} error(s)", .0.len())]
    Invalid(Vec<Problem>),
    /// The campaign stands at another version.
    #[error("{0}")]
    Conflict(String),
    /// The log did not take it.
    #[error("the publication is not durable: {0}")]
    Log(#[from] msglog::LogError),
    /// It stands in `control`, but not yet everywhere.
    #[error(
        "the publication stands in control at {ctl}, but {what} took too long; it goes on by itself, see `status`"
    )]
    Slow {
        /// Its offset.
        ctl: u64,
        /// What was waited for.
        what: &'static str,
    },
    /// It stands in `control`; the process that leads now copies it.
    #[error(
        "the publication stands in control at {ctl}; another coordinator has taken over meanwhile and copies it, \
         see `status`"
    )]
    Moved {
        /// Its offset.
        ctl: u64,
    },
    /// Another process coordinates.
    #[error("this process does not coordinate; ask the one that does")]
    NotOwner,
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl From<LeadError> for PublishError {
    fn from(error: LeadError) -> Self {
        match error {
            LeadError::NotOwner => Self::NotOwner,
            LeadError::Stopping => Self::Stopping,
            LeadError::Log(error) => Self::Log(error),
        }
    }
}

/// Checks the file, by what it is at `at` if somebody knows the time, and makes the act of it, effective from `effective`
/// (both in seconds since 1970), beside what the file says; its warnings come last.
///
/// # Errors
/// [`PublishError::Invalid`] with every problem of the file.
pub fn act_of(
    request: &PublishRequest,
    effective: i64,
    at: Option<i64>,
) -> Result<(CampaignAct, Campaign, Vec<String>), PublishError> {
    let problems = contest::check(&request.toml, at);
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    if problems.iter().any(is_error) {
        return Err(PublishError::Invalid(problems));
    }
    let warnings = problems.iter().map(ToString::to_string).collect();
    let (campaign, _) = Campaign::parse(&request.toml).map_err(PublishError::Invalid)?;
    let act = CampaignAct {
        v: CAMPAIGN_VERSION,
        id: campaign.id.clone(),
        account: campaign.account.clone(),
        version: request.expect_version.saturating_add(1),
        expect_version: request.expect_version,
        toml: request.toml.clone(),
        sha256: record::identity::sha256(request.toml.as_bytes()),
        effective,
        actor: request.actor.clone(),
        reason: request.reason.clone(),
    };
    Ok((act, campaign, warnings))
}
