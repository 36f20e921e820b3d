//! The canonical record of a draw: its fields, its bytes, and how it is read back. Never how a
//! winner is found.

use crate::beacon::Beacon;
use crate::draw::{Commitment, Secret, Seed, hex, unhex};
use crate::eligible::Bar;
use crate::entrant::EntrantCode;
use crate::rank::{Given, Passed, Won};
use campaign::{Among, DrawLevel, Ranking, WinnerMode};
use serde_json::{Map, Value, json};

/// Version of the draw protocol, which stands in every record.
pub const DRAW_VERSION: &str = "draw_v1";

/// Canonical JSON: keys sorted by their bytes, no white space, only `"`, `\` and control characters
/// escaped. The numbers of a record are whole.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (place, (key, value)) in entries.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        Value::String(text) => quote(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// A text as JSON writes it: `\b`, `\t`, `\n`, `\f`, `\r` by name, other controls as `\u00xx`.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push_str(&Value::String(text.to_owned()).to_string());
}

/// One award in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAward {
    /// Id of the prize.
    pub prize: String,
    /// Its class, for who holds a prize already.
    pub class: String,
    /// How winners are found.
    pub mode: WinnerMode,
    /// Among whom.
    pub among: Among,
    /// Who they are.
    pub given: Given,
}

/// The awards that a record's file tells of, in the order of the campaign file.
///
/// # Errors
/// What is wrong with the file.
pub fn recorded_awards(record: &[u8]) -> Result<Vec<RecordedAward>, String> {
    Record::parse(record).map(|record| record.awards)
}

/// A record, read or about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) campaign: String,
    pub(crate) draw: String,
    pub(crate) config: [u8; 32],
    pub(crate) version: u32,
    pub(crate) cut: Vec<(u32, u64)>,
    pub(crate) sealed_at: i64,
    pub(crate) listed_at: Option<i64>,
    pub(crate) level: DrawLevel,
    pub(crate) ranking: Ranking,
    pub(crate) entrants: Among,
    pub(crate) commitment: Option<Commitment>,
    pub(crate) secret: Secret,
    pub(crate) beacon: Option<Beacon>,
    pub(crate) fallback: Option<(String, String)>,
    pub(crate) corrects: Option<[u8; 32]>,
    pub(crate) list: [u8; 32],
    pub(crate) count: u64,
    pub(crate) seed: Seed,
    pub(crate) standings: [u8; 32],
    pub(crate) awards: Vec<RecordedAward>,
}

impl Record {
    /// The file: canonical JSON, ended by a newline. Its SHA-256 is the record's hash.
    pub(crate) fn bytes(&self) -> String {
        let mut bytes = canonical(&self.value());
        bytes.push('\n');
        bytes
    }

    fn value(&self) -> Value {
        let cut = self.cut.iter();
        json!({
            "type": "draw", "v": 1, "protocol": DRAW_VERSION,
            "campaign": self.campaign, "draw": self.draw,
            "config": hex(&self.config), "version": self.version,
            "cut": cut.map(|(partition, offset)| json!({"partition": partition, "offset": offset})).collect::<Vec<_>>(),
            "sealed_at": self.sealed_at, "listed_at": self.listed_at,
            "level": self.level.name(), "ranking": self.ranking.name(), "entrants": self.entrants.name(),
            "commitment": self.commitment.map(|commitment| match commitment {
                Commitment::Chain { root, index, links } => json!({"chain": hex(&root), "index": index, "links": links}),
                Commitment::Single(single) => json!({"single": hex(&single)}),
            }),
            "s": hex(&self.secret.0),
            "beacon": self.beacon.as_ref().map(|beacon| json!({"round": beacon.round, "value": beacon.value})),
            "fallback": self.fallback.as_ref().map(|(actor, reason)| json!({"actor": actor, "reason": reason})),
            "corrects": self.corrects.map(|hash| hex(&hash)),
            "list": hex(&self.list), "count": self.count,
            "seed": hex(&self.seed.0), "standings": hex(&self.standings),
            "awards": self.awards.iter().map(award_value).collect::<Vec<_>>(),
        })
    }

    /// Reads a record's file; the error says what is wrong with it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| format!("is no JSON: {error}"))?;
        if value["type"] != "draw" || value["v"] != 1 || value["protocol"] != DRAW_VERSION {
            return Err(format!("is no record of {DRAW_VERSION}"));
        }
        let field = Fields(&value);
        let record = Self {
            campaign: field.text("campaign")?.to_owned(),
            draw: field.text("draw")?.to_owned(),
            config: field.hash("config")?,
            version: field.small("version")?,
            cut: cut(&value).ok_or("cut: is no list of partitions and offsets")?,
            sealed_at: value["sealed_at"]
                .as_i64()
                .ok_or("sealed_at: is no number")?,
            listed_at: match &value["listed_at"] {
                Value::Null => None,
                at => Some(at.as_i64().ok_or("listed_at: is no number")?),
            },
            level: field.named("level", DrawLevel::named)?,
            ranking: field.named("ranking", Ranking::named)?,
            entrants: field.named("entrants", Among::named)?,
            commitment: commitment(&value["commitment"])?,
            secret: Secret(field.hash("s")?),
            beacon: beacon(&value["beacon"])?,
            fallback: fallback(&value["fallback"])?,
            corrects: match &value["corrects"] {
                Value::Null => None,
                _ => Some(field.hash("corrects")?),
            },
            list: field.hash("list")?,
            count: value["count"].as_u64().ok_or("count: is no number")?,
            seed: Seed(field.hash("seed")?),
            standings: field.hash("standings")?,
            awards: value["awards"]
                .as_array()
                .ok_or("awards: is no list")?
                .iter()
                .map(|value| award(value).ok_or_else(|| "awards: one cannot be read".to_owned()))
                .collect::<Result<_, _>>()?,
        };
        if record.bytes().as_bytes() != bytes {
            return Err(
                "is not canonical: other bytes with the same meaning are not the record".into(),
            );
        }
        Ok(record)
    }
}

struct Fields<'v>(&'v Value);

impl<'v> Fields<'v> {
    fn text(&self, key: &str) -> Result<&'v str, String> {
        self.0[key]
            .as_str()
            .ok_or_else(|| format!("{key}: is no text"))
    }

    fn hash(&self, key: &str) -> Result<[u8; 32], String> {
        unhex(self.text(key)?)
            .ok_or_else(|| format!("{key}: is not 64 lower-case hexadecimal digits"))
    }

    fn small<N: TryFrom<u64>>(&self, key: &str) -> Result<N, String> {
        let number = self.0[key].as_u64().and_then(|n| n.try_into().ok());
        number.ok_or_else(|| format!("{key}: is no small whole number"))
    }

    fn named<T>(&self, key: &str, of: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        of(self.text(key)?).ok_or_else(|| format!("{key}: is not known"))
    }
}

fn cut(value: &Value) -> Option<Vec<(u32, u64)>> {
    let place = |value: &Value| {
        let partition = value["partition"].as_u64()?.try_into().ok()?;
        Some((partition, value["offset"].as_u64()?))
    };
    value["cut"].as_array()?.iter().map(place).collect()
}

fn commitment(value: &Value) -> Result<Option<Commitment>, String> {
    let field = Fields(value);
    Ok(match value {
        Value::Null => None,
        _ if value["single"].is_string() => Some(Commitment::Single(field.hash("single")?)),
        _ => Some(Commitment::Chain {
            root: field.hash("chain")?,
            index: field.small("index")?,
            links: field.small("links")?,
        }),
    })
}

fn beacon(value: &Value) -> Result<Option<Beacon>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let value_text = Fields(value).text("value")?.to_owned();
    let round = value["round"]
        .as_u64()
        .ok_or("beacon.round: is no number")?;
    Ok(Some(Beacon {
        round,
        value: value_text,
    }))
}

fn fallback(value: &Value) -> Result<Option<(String, String)>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let field = Fields(value);
    Ok(Some((
        field.text("actor")?.to_owned(),
        field.text("reason")?.to_owned(),
    )))
}

fn award_value(award: &RecordedAward) -> Value {
    let mut value = Map::new();
    let mut put = |key: &str, field: Value| value.insert(key.to_owned(), field);
    put("prize", json!(award.prize));
    put("class", json!(award.class));
    put("mode", json!(award.mode.name()));
    put("among", json!(award.among.name()));
    match award.mode {
        WinnerMode::Nth { k } => {
            put("k", json!(k));
        }
        WinnerMode::Every { k, most } => {
            put("k", json!(k));
            put("most", json!(most));
        }
        mode => {
            put("n", json!(mode.slots()));
        }
    }
    let winners = award.given.winners.iter();
    let winners: Vec<Value> = winners
        .map(|w| json!({"slot": w.slot, "place": w.place, "code": w.code.to_string()}))
        .collect();
    put("winners", json!(winners));
    let passed = award.given.passed.iter();
    let passed: Vec<Value> = passed
        .map(|p| json!({"place": p.place, "code": p.code.to_string(), "reason": p.bar.name()}))
        .collect();
    put("passed", json!(passed));
    Value::Object(value)
}

fn award(value: &Value) -> Option<RecordedAward> {
    let small = |value: &Value| -> Option<u32> { value.as_u64()?.try_into().ok() };
    let (n, k) = (|| small(&value["n"]), || small(&value["k"]));
    let mode = match value["mode"].as_str()? {
        "fastest" => WinnerMode::Fastest { n: n()? },
        "draw" => WinnerMode::Draw { n: n()? },
        "top" => WinnerMode::Top { n: n()? },
        "weighted" => WinnerMode::Weighted { n: n()? },
        "nth" => WinnerMode::Nth { k: k()? },
        "every" => WinnerMode::Every {
            k: k()?,
            most: small(&value["most"])?,
        },
        _ => return None,
    };
    let code = |value: &Value| EntrantCode::parse(value["code"].as_str()?);
    let won = |value: &Value| {
        Some(Won {
            slot: small(&value["slot"])?,
            place: small(&value["place"])?,
            code: code(value)?,
        })
    };
    let passed = |value: &Value| {
        Some(Passed {
            place: small(&value["place"])?,
            code: code(value)?,
            bar: Bar::named(value["reason"].as_str()?)?,
        })
    };
    let list = |key: &str| value[key].as_array().map(Vec::as_slice);
    Some(RecordedAward {
        prize: value["prize"].as_str()?.to_owned(),
        class: value["class"].as_str()?.to_owned(),
        mode,
        among: Among::named(value["among"].as_str()?)?,
        given: Given {
            winners: list("winners")?.iter().map(won).collect::<Option<_>>()?,
            passed: list("passed")?.iter().map(passed).collect::<Option<_>>()?,
        },
    })
}
