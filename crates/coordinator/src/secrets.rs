//! Secrets of draws, made here, of units, and what winners wrote to claim them: encrypted with the installation's key before they touch the log, opened
//! again by whoever leads and has the same key. Never which secret a round reveals: that is [`crate::results`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use campaign::{Campaign, DrawLevel};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use contest::{Commitment, Secret};
use record::SCHEMA_VERSION;
use record::hexed::Hex;
use record::rounds::CommitmentAct;
use std::fmt;

/// Bytes of a nonce: so many that random ones do not meet.
const NONCE: usize = 24;

/// The installation's key, which every node that may coordinate has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The machine gives no random bytes.
    #[error("the system has no randomness: {0}")]
    Randomness(String),
    /// The text was encrypted with another key, or is not what was encrypted.
    #[error(
        "this node's key does not open the secret of campaign {0:?}: give every node that may coordinate the same \
         `contest.key`"
    )]
    OtherKey(String),
}

/// What was committed to for a draw; nothing of a round that came when the chain was made already.
#[must_use]
pub fn commitment_of(act: &CommitmentAct, round: Option<u16>) -> Option<Commitment> {
    let (root, links) = (act.root.0, act.links);
    let index = contest::link_of(&contest::draw_name(round), links)?;
    Some(Commitment::Chain { root, index, links })
}

impl Key {
    /// The commitment to a new chain of secrets: one for each round by its number, the last for the final draw.
    ///
    /// # Errors
    /// [`SecretError::Randomness`].
    pub fn commit(&self, campaign: &Campaign, at: i64) -> Result<CommitmentAct, SecretError> {
        let last = random()?;
        let rounds = campaign.rounds.last().map_or(0, |round| round.number);
        let links = rounds.saturating_add(1);
        Ok(CommitmentAct {
            v: SCHEMA_VERSION,
            campaign: campaign.id.clone(),
            root: Hex(last.in_chain(links, 0).0),
            links,
            secret: self.seal(&campaign.id, &campaign.id, &last.0)?,
            at,
        })
    }

    /// What a draw reveals, and what was committed to. Without a commitment, or for a round that came when the
    /// chain was made already, the secret is new and nothing was committed to (L0): the record says so, and no link
    /// that was made for another draw is used.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn reveal(
        &self,
        committed: Option<&CommitmentAct>,
        round: Option<u16>,
    ) -> Result<(Secret, Option<Commitment>), SecretError> {
        let linked = committed.and_then(|act| Some((act, commitment_of(act, round)?)));
        let Some((act, chain)) = linked else {
            return Ok((random()?, None));
        };
        let last = self.open(&act.campaign, &act.campaign, &act.secret)?;
        let last = last.try_into();
        let last = Secret(last.map_err(|_| SecretError::OtherKey(act.campaign.clone()))?);
        let Commitment::Chain { index, .. } = chain else {
            return Ok((random()?, None));
        };
        Ok((last.in_chain(act.links, index), Some(chain)))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    /// Encrypts the secret of a unit, for this unit and no other.
    ///
    /// # Errors
    /// [`SecretError::Randomness`].
    pub(crate) fn seal_unit(
        &self,
        (campaign, prize, unit): (&str, &str, u32),
        secret: &str,
    ) -> Result<String, SecretError> {
        let purpose = unit_purpose(campaign, prize, unit);
        self.seal(campaign, &purpose, secret.as_bytes())
    }

    /// The secret of a unit.
    ///
    /// # Errors
    /// [`SecretError::OtherKey`].
    pub(crate) fn open_unit(
        &self,
        (campaign, prize, unit): (&str, &str, u32),
        sealed: &str,
    ) -> Result<String, SecretError> {
        let purpose = unit_purpose(campaign, prize, unit);
        let plain = self.open(campaign, &purpose, sealed)?;
        String::from_utf8(plain).map_err(|_| SecretError::OtherKey(campaign.to_owned()))
    }

    /// Encrypts what a winner wrote when he claimed a unit, for this unit and no other.
    ///
    /// # Errors
    /// [`SecretError::Randomness`].
    pub(crate) fn seal_claim(
        &self,
        (campaign, prize, unit): (&str, &str, u32),
        words: &str,
    ) -> Result<String, SecretError> {
        let purpose = claim_purpose(campaign, prize, unit);
        self.seal(campaign, &purpose, words.as_bytes())
    }

    /// What a winner wrote when he claimed a unit.
    ///
    /// # Errors
    /// [`SecretError::OtherKey`].
    pub(crate) fn open_claim(
        &self,
        (campaign, prize, unit): (&str, &str, u32),
        sealed: &str,
    ) -> Result<String, SecretError> {
        let purpose = claim_purpose(campaign, prize, unit);
        let plain = self.open(campaign, &purpose, sealed)?;
        String::from_utf8(plain).map_err(|_| SecretError::OtherKey(campaign.to_owned()))
    }

    /// `purpose` is what has to be said again to open it.
    fn seal(&self, campaign: &str, purpose: &str, plain: &[u8]) -> Result<String, SecretError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|e| SecretError::Randomness(e.to_string()))?;
        let (msg, aad) = (plain, purpose.as_bytes());
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg, aad })
            .map_err(|_| SecretError::OtherKey(campaign.to_owned()))?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    fn open(&self, campaign: &str, purpose: &str, sealed: &str) -> Result<Vec<u8>, SecretError> {
        let other_key = || SecretError::OtherKey(campaign.to_owned());
        let bytes = STANDARD.decode(sealed).map_err(|_| other_key())?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE>().ok_or_else(other_key)?;
        let aad = purpose.as_bytes();
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
            .map_err(|_| other_key())
    }
}

/// No id has a zero byte, so no two units, and no draw, have the same.
fn unit_purpose(campaign: &str, prize: &str, unit: u32) -> String {
    format!("{campaign}\0{prize}\0{unit}")
}

/// Beside the unit's own secret, and never in its place.
fn claim_purpose(campaign: &str, prize: &str, unit: u32) -> String {
    format!("{campaign}\0{prize}\0{unit}\0claim")
}

/// Whether the campaign asks for a commitment before its first round.
pub(crate) fn commits(campaign: &Campaign) -> bool {
    campaign.draw.level >= DrawLevel::L1
}

fn random() -> Result<Secret, SecretError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| SecretError::Randomness(error.to_string()))?;
    Ok(Secret(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign() -> Campaign {
        Campaign::parse(include_str!("tests/small.toml")).unwrap().0
    }

    #[test]
    fn every_secret_holds_against_what_was_committed_to() {
        let key = Key([7; 32]);
        let act = key.commit(&campaign(), 100).unwrap();
        assert_eq!(act.links, 2);
        for round in [Some(1), None] {
            let (secret, commitment) = key.reveal(Some(&act), round).unwrap();
            let draw = contest::draw_name(round);
            assert!(commitment.unwrap().holds("small", &draw, &secret));
            assert_eq!(key.reveal(Some(&act), round).unwrap().0, secret);
        }
        let (first, _) = key.reveal(Some(&act), Some(1)).unwrap();
        let (last, _) = key.reveal(Some(&act), None).unwrap();
        assert_eq!(last.before(), first, "the final draw reveals the last link");
    }

    #[test]
    fn a_round_that_came_later_takes_no_link() {
        let key = Key([7; 32]);
        let act = key.commit(&campaign(), 100).unwrap();
        let (last, _) = key.reveal(Some(&act), None).unwrap();
        for round in [2, 3, 99] {
            let (one, none) = key.reveal(Some(&act), Some(round)).unwrap();
            assert_eq!(none, None, "{round}");
            assert_ne!(one, last, "the last link is the final draw's");
            let (two, _) = key.reveal(None, Some(round)).unwrap();
            assert_ne!(one, two);
        }
    }

    #[test]
    fn a_units_secret_is_opened_for_that_unit_only() {
        let key = Key([7; 32]);
        let sealed = key.seal_unit(("c", "p", 1), "F-0001").unwrap();
        assert!(!sealed.contains("F-0001"));
        assert_ne!(sealed, key.seal_unit(("c", "p", 1), "F-0001").unwrap());
        assert_eq!(key.open_unit(("c", "p", 1), &sealed).unwrap(), "F-0001");
        for other in [("c", "p", 2), ("c", "q", 1), ("d", "p", 1), ("c", "p\0", 1)] {
            assert!(key.open_unit(other, &sealed).is_err(), "{other:?}");
        }
        assert!(Key([8; 32]).open_unit(("c", "p", 1), &sealed).is_err());
    }

    #[test]
    fn what_a_winner_wrote_is_no_secret_of_the_unit_and_the_other_way_round() {
        let key = Key([7; 32]);
        let unit = ("c", "p", 1);
        let claim = key.seal_claim(unit, "领奖 张三").unwrap();
        assert_eq!(key.open_claim(unit, &claim).unwrap(), "领奖 张三");
        assert!(key.open_claim(("c", "p", 2), &claim).is_err());
        assert!(key.open_unit(unit, &claim).is_err());
        let secret = key.seal_unit(unit, "F-0001").unwrap();
        assert!(key.open_claim(unit, &secret).is_err());
    }

    #[test]
    fn another_key_another_campaign_or_a_torn_text_open_nothing() {
        let key = Key([7; 32]);
        let act = key.commit(&campaign(), 100).unwrap();
        assert!(Key([8; 32]).reveal(Some(&act), Some(1)).is_err());
        for torn in [
            CommitmentAct {
                campaign: "other".to_owned(),
                ..act.clone()
            },
            CommitmentAct {
                secret: act.secret[4..].to_owned(),
                ..act.clone()
            },
            CommitmentAct {
                secret: String::new(),
                ..act.clone()
            },
            CommitmentAct {
                secret: "~".to_owned(),
                ..act
            },
        ] {
            assert!(key.reveal(Some(&torn), Some(1)).is_err(), "{torn:?}");
        }
    }
}
