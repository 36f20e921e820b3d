//! What winners wrote when they claimed: read from their messages in `accepted`, and encrypted for the unit before
//! it goes anywhere. It stands in no error and in no log line. Never whether a claim holds.

use crate::secrets::{Key, SecretError};
use msglog::{Log, LogError};
use record::acts::Act;
use record::claim::ClaimedBy;
use record::envelope::Envelope;
use record::rounds::AwardAct;
use record::topics::ACCEPTED;
use std::time::Duration;

/// How long a message that stands in the log may take to come; ticks wait meanwhile.
const READ_WAIT: Duration = Duration::from_secs(1);
/// Bytes to read: one record, whatever its size.
const READ_BYTES: usize = 1 << 20;

/// Why the claims that are due cannot be written now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetailsError {
    #[error("the message of a claim does not come out of {ACCEPTED}/{partition} at {offset}")]
    Slow { partition: u32, offset: u64 },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// These acts, with what was written sealed in those by which fans claim.
///
/// # Errors
/// [`DetailsError`]; none of them is to be written then.
pub(crate) fn sealed(acts: &[Act], log: &dyn Log, key: &Key) -> Result<Vec<Act>, DetailsError> {
    let mut acts = acts.to_vec();
    for act in &mut acts {
        if let Act::Award(award) = act {
            seal(award, log, key)?;
        }
    }
    Ok(acts)
}

fn seal(award: &mut AwardAct, log: &dyn Log, key: &Key) -> Result<(), DetailsError> {
    let unit = (award.campaign.as_str(), award.prize.as_str(), award.unit);
    let Some(claim) = &mut award.claim else {
        return Ok(());
    };
    if let Some(words) = words(log, claim)? {
        claim.details = key.seal_claim(unit, &words)?;
    }
    Ok(())
}

/// What stands in the message of a claim; none when the log has given it up. The claim holds all the same.
fn words(log: &dyn Log, claim: &ClaimedBy) -> Result<Option<String>, DetailsError> {
    let ClaimedBy {
        partition, offset, ..
    } = *claim;
    let start = log.start_offset(ACCEPTED, partition)?;
    if !(start..log.end_offset(ACCEPTED, partition)?).contains(&offset) {
        return Ok(None);
    }
    let mut reader = log.reader(ACCEPTED)?;
    reader.seek(partition, offset)?;
    let records = reader.poll(1, READ_BYTES, READ_WAIT)?;
    let Some(stored) = records.first() else {
        return Err(DetailsError::Slow { partition, offset });
    };
    let envelope = serde_json::from_slice::<Envelope<'_>>(&stored.value).ok();
    let own = envelope.filter(|it| stored.offset == offset && it.key == Some(claim.key));
    Ok(own.map(|envelope| envelope.content.text.into_owned()))
}
