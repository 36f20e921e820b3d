//! A published record, read as anybody reads it. Never how it came to be.

use contest::{Beacon, Commitment, Fallback, RecordedAward, Secret, Won};
use record::hexed::Hex;
use serde_json::Value;

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    value: Value,
    /// What every award came to, in the order of the campaign file.
    pub awards: Vec<RecordedAward>,
}

impl Drawn {
    /// Reads a record's file.
    ///
    /// # Errors
    /// It is no canonical record.
    pub fn parse(record: &str) -> Result<Self, String> {
        let awards = contest::recorded_awards(record.as_bytes());
        let awards = awards.map_err(|why| format!("the record {why}"))?;
        let value = serde_json::from_str(record)
            .map_err(|error| format!("the record is no JSON: {error}"))?;
        Ok(Self { value, awards })
    }

    /// The text of a field; empty when there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.value[field].as_str().unwrap_or_default()
    }

    /// Contest time of the seal, in seconds since 1970; 0 when the record does not say.
    #[must_use]
    pub fn sealed_at(&self) -> i64 {
        self.value["sealed_at"].as_i64().unwrap_or_default()
    }

    /// When the list stood, in seconds since 1970; none where none was published beforehand.
    #[must_use]
    pub fn listed_at(&self) -> Option<i64> {
        self.value["listed_at"].as_i64()
    }

    /// How many stand on the list; 0 when the record does not say.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.value["count"].as_u64().unwrap_or_default()
    }

    /// Each partition's cut.
    #[must_use]
    pub fn cut(&self) -> Vec<(u32, u64)> {
        let places = self.value["cut"].as_array().into_iter().flatten();
        let place = |place: &Value| {
            let partition = place["partition"].as_u64()?.try_into().ok()?;
            Some((partition, place["offset"].as_u64()?))
        };
        places.filter_map(place).collect()
    }

    /// The secret that was revealed.
    #[must_use]
    pub fn secret(&self) -> Option<Secret> {
        Secret::parse(self.text("s"))
    }

    /// What was published beforehand.
    #[must_use]
    pub fn commitment(&self) -> Option<Commitment> {
        let commitment = &self.value["commitment"];
        let hash = |field: &str| Hex::<32>::parse(commitment[field].as_str()?);
        if let Some(Hex(single)) = hash("single") {
            return Some(Commitment::Single(single));
        }
        let number = |field: &str| u16::try_from(commitment[field].as_u64()?).ok();
        Some(Commitment::Chain {
            root: hash("chain")?.0,
            index: number("index")?,
            links: number("links")?,
        })
    }

    /// The beacon's value.
    #[must_use]
    pub fn beacon(&self) -> Option<Beacon> {
        let beacon = &self.value["beacon"];
        Some(Beacon {
            round: beacon["round"].as_u64()?,
            value: beacon["value"].as_str()?.to_owned(),
        })
    }

    /// Who went on without a beacon, and why.
    #[must_use]
    pub fn fallback(&self) -> Option<Fallback> {
        let fallback = &self.value["fallback"];
        Some(Fallback {
            actor: fallback["actor"].as_str()?.to_owned(),
            reason: fallback["reason"].as_str()?.to_owned(),
        })
    }

    /// Everyone who won something.
    #[must_use]
    pub fn winners(&self) -> Vec<Won> {
        let winners = self.awards.iter().map(|award| &award.given.winners);
        winners.flatten().copied().collect()
    }
}
