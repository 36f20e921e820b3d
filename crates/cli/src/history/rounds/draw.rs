//! A published record, read as anybody reads it. Never how it came to be.

use contest::{Bar, Beacon, Commitment, EntrantCode, Fallback, Passed, Secret, Won};
use record::hexed::Hex;
use serde_json::Value;

/// A record as JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draw(Value);

/// What one award came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) prize: String,
    pub(crate) class: String,
    pub(crate) mode: String,
    pub(crate) among: String,
    pub(crate) winners: Vec<Won>,
    pub(crate) passed: Vec<Passed>,
}

impl Draw {
    /// Reads a record's file.
    ///
    /// # Errors
    /// It is no JSON.
    pub(crate) fn parse(record: &str) -> Result<Self, String> {
        serde_json::from_str(record)
            .map(Self)
            .map_err(|error| format!("the record is no JSON: {error}"))
    }

    /// The text of a field; empty when there is none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    /// Contest time of the seal, in seconds since 1970.
    pub(crate) fn sealed_at(&self) -> i64 {
        self.0["sealed_at"].as_i64().unwrap_or_default()
    }

    /// How many stand on the list.
    pub(crate) fn count(&self) -> u64 {
        self.0["count"].as_u64().unwrap_or_default()
    }

    /// Each partition's cut.
    pub(crate) fn cut(&self) -> Vec<(u32, u64)> {
        let places = self.0["cut"].as_array().into_iter().flatten();
        let place = |place: &Value| {
            let partition = place["partition"].as_u64()?.try_into().ok()?;
            Some((partition, place["offset"].as_u64()?))
        };
        places.filter_map(place).collect()
    }

    /// The secret that was revealed.
    pub(crate) fn secret(&self) -> Option<Secret> {
        Secret::parse(self.text("s"))
    }

    /// What was published beforehand.
    pub(crate) fn commitment(&self) -> Option<Commitment> {
        let commitment = &self.0["commitment"];
        let hash = |field: &str| Hex::<32>::parse(commitment[field].as_str()?);
        if let Some(Hex(single)) = hash("single") {
            return Some(Commitment::Single(single));
        }
        let index = u16::try_from(commitment["index"].as_u64()?).ok()?;
        hash("chain").map(|Hex(root)| Commitment::Chain { root, index })
    }

    /// The beacon's value.
    pub(crate) fn beacon(&self) -> Option<Beacon> {
        let beacon = &self.0["beacon"];
        Some(Beacon {
            round: beacon["round"].as_u64()?,
            value: beacon["value"].as_str()?.to_owned(),
        })
    }

    /// Who went on without a beacon, and why.
    pub(crate) fn fallback(&self) -> Option<Fallback> {
        let fallback = &self.0["fallback"];
        Some(Fallback {
            actor: fallback["actor"].as_str()?.to_owned(),
            reason: fallback["reason"].as_str()?.to_owned(),
        })
    }

    /// What every award came to, in the order of the campaign file.
    pub(crate) fn awards(&self) -> Vec<Drawn> {
        let awards = self.0["awards"].as_array().into_iter().flatten();
        awards.map(drawn).collect()
    }

    /// Everyone who won something.
    pub(crate) fn winners(&self) -> Vec<Won> {
        self.awards()
            .into_iter()
            .flat_map(|award| award.winners)
            .collect()
    }
}

fn drawn(award: &Value) -> Drawn {
    let text = |field: &str| award[field].as_str().unwrap_or_default().to_owned();
    let small = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let code = |value: &Value| EntrantCode::parse(value["code"].as_str()?);
    let won = |value: &Value| {
        Some(Won {
            slot: small(&value["slot"])?,
            place: small(&value["place"])?,
            code: code(value)?,
        })
    };
    let passed = |value: &Value| {
        let bar = Bar::named(value["reason"].as_str()?)?;
        Some(Passed {
            place: small(&value["place"])?,
            code: code(value)?,
            bar,
        })
    };
    let list = |field: &str| {
        award[field]
            .as_array()
            .map_or(&[][..], Vec::as_slice)
            .iter()
    };
    Drawn {
        prize: text("prize"),
        class: text("class"),
        mode: text("mode"),
        among: text("among"),
        winners: list("winners").filter_map(won).collect(),
        passed: list("passed").filter_map(passed).collect(),
    }
}
