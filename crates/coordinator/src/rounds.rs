//! What operators do to rounds and to results: from a request to the act that says what it comes to.
//! Whether it holds is judged by the fold of control, here beforehand and again at its place.

use crate::lead::LeadError;
use campaign::Campaign;
use contest::Beacon;
use record::SCHEMA_VERSION;
use record::rounds::{ResultAct, RoundAct, RoundVerb, Window};

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundRequest {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; a shift takes the later ones along.
    pub round: u16,
    /// What is to be done.
    pub verb: RoundVerb,
    /// By how many seconds: for a shift (negative: earlier), or an extension.
    pub seconds: Option<i64>,
    /// When the round is to close, in seconds since 1970: for an extension.
    pub close: Option<i64>,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What it came to; it stands in every inbound partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundReceipt {
    /// Offset of the act in `control`.
    pub ctl: u64,
    /// The windows that hold from here on.
    pub windows: Vec<Window>,
    /// From which CreateTime on replies know of it.
    pub effective: i64,
}

/// Corrected results, in the order of rounds, the final draw last. Their standings stand in the log already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectRequest {
    /// The results; each names the one that it corrects.
    pub results: Vec<ResultAct>,
    /// Offset in `control` of the final draw's result when the correction was computed, `None` if there was none: a
    /// draw made since then was made of what is corrected here.
    pub final_draw: Option<u64>,
    /// Whether messages are counted again although other versions of the steps have written the log.
    pub as_new: bool,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Why an operator's act did not come about.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It does not hold as things stand.
    #[error("{0}")]
    Conflict(String),
    /// The log did not take it.
    #[error("the act is not durable: {0}")]
    Log(#[from] msglog::LogError),
    /// Another process coordinates.
    #[error("this process does not coordinate; ask the one that does")]
    NotOwner,
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl From<LeadError> for RoundError {
    fn from(error: LeadError) -> Self {
        match error {
            LeadError::NotOwner => Self::NotOwner,
            LeadError::Stopping => Self::Stopping,
            LeadError::Log(error) => Self::Log(error),
        }
    }
}

/// The act of a request at the coordinator's time `at`, of which replies know from `effective` on.
///
/// # Errors
/// [`RoundError::Invalid`] when something is missing or too much.
pub fn act_of(
    campaign: &Campaign,
    request: &RoundRequest,
    at: i64,
    effective: i64,
) -> Result<RoundAct, RoundError> {
    let invalid = |what: &str| RoundError::Invalid(what.to_owned());
    let round = campaign.round(request.round).ok_or_else(|| {
        RoundError::Conflict(format!(
            "campaign {:?} has no round {}",
            campaign.id, request.round
        ))
    })?;
    let takes_time = matches!(request.verb, RoundVerb::Shift | RoundVerb::Extend);
    let times = usize::from(request.seconds.is_some()) + usize::from(request.close.is_some());
    if !takes_time && times > 0 {
        return Err(invalid("only a shift and an extension take a time"));
    }
    let moved = |number, open: i64, close: i64| Window {
        round: number,
        open,
        close,
    };
    let windows = match (request.verb, request.seconds, request.close) {
        (RoundVerb::Shift, Some(by), None) => campaign
            .rounds
            .iter()
            .filter(|later| later.number >= round.number && later.open > at)
            .map(|later| {
                let (open, close) = (later.open, later.close);
                moved(
                    later.number,
                    open.saturating_add(by),
                    close.saturating_add(by),
                )
            })
            .collect(),
        (RoundVerb::Shift, ..) => return Err(invalid("a shift needs the seconds to shift by")),
        (RoundVerb::Open, ..) => {
            let length = round.close.saturating_sub(round.open);
            vec![moved(
                round.number,
                effective,
                effective.saturating_add(length),
            )]
        }
        (RoundVerb::Extend, None, Some(close)) => vec![moved(round.number, round.open, close)],
        (RoundVerb::Extend, Some(by), None) => {
            let close = round.close.saturating_add(by);
            vec![moved(round.number, round.open, close)]
        }
        (RoundVerb::Extend, ..) => {
            return Err(invalid("an extension needs the seconds, or the new close"));
        }
        (RoundVerb::Void | RoundVerb::Seal | RoundVerb::Skip, ..) => Vec::new(),
    };
    if request.verb == RoundVerb::Shift && windows.first().is_none_or(|w| w.open <= at) {
        return Err(RoundError::Conflict(format!(
            "round {} would open in the past, or no later round is still closed; `round open` opens it now",
            round.number
        )));
    }
    Ok(RoundAct {
        v: SCHEMA_VERSION,
        campaign: campaign.id.clone(),
        round: round.number,
        verb: request.verb,
        windows,
        at,
        effective,
        actor: request.actor.clone(),
        reason: request.reason.clone(),
    })
}

/// The beacon's value for a draw at L2, or that it is made without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconRequest {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// What drand published; `None`: the draw does without.
    pub value: Option<Beacon>,
    /// Who asks.
    pub actor: String,
    /// Why; needed of a draw that does without.
    pub reason: String,
}
