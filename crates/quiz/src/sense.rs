//! What a message means to the rounds: the only file that asks `contest`. Pure.

use crate::candidate::{Candidate, Said};
use crate::fan::{Band, ZONE_S, band};
use campaign::Round;
use contest::{Class, Compiled, Message, Reading};

/// How a message is read for one round in whose zone it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// An answer with this value.
    Answer(String),
    /// An attempt without a unique reading.
    Wrong,
}

/// What a message means to the campaign that it belongs to.
#[derive(Debug)]
pub(crate) struct Sense {
    /// Name of the class, for metrics.
    pub(crate) class: &'static str,
    /// The round that the class names, or in whose window the message lies.
    pub(crate) round: Option<u16>,
    /// Whether it is a join message.
    pub(crate) is_join: bool,
    /// Whether it claims a prize.
    pub(crate) is_claim: bool,
    /// For each round in whose zone it lies and whose grammar reads it: number, place, reading.
    pub(crate) readings: Vec<(u16, Band, Read)>,
}

/// Classifies a message and reads it for every round in whose zone `[open − 60 s, close + 60 s)` it lies.
#[must_use]
pub(crate) fn sense(compiled: &Compiled, message: &Message<'_>) -> Sense {
    let class = compiled.classify(message);
    let time = message.create_time;
    let readings = zones(&compiled.campaign.rounds, time)
        .filter_map(|(round, band)| {
            let read = read_for(compiled, round.number, band, message, &class)?;
            Some((round.number, band, read))
        })
        .collect();
    let named = named_round(&class);
    Sense {
        class: class.name(),
        round: named.or_else(|| compiled.campaign.round_at(time).map(|round| round.number)),
        is_join: matches!(class, Class::Join),
        is_claim: matches!(class, Class::Claim),
        readings,
    }
}

/// Reads a stored attempt again, for the round that it is stored under.
#[must_use]
pub(crate) fn reread(
    compiled: &Compiled,
    round: &Round,
    fan: &str,
    stored: &Candidate,
) -> Option<String> {
    let message = message(fan, stored.create_time, &stored.said);
    let class = compiled.classify(&message);
    // Outside the zone of a round that has moved it cannot count; how it would read is still told, as
    // everywhere outside the window.
    let band = band(round, stored.create_time).unwrap_or(Band::After);
    match read_for(compiled, round.number, band, &message, &class) {
        Some(Read::Answer(value)) => Some(value),
        _ => None,
    }
}

/// A stored attempt as `contest` sees a message.
fn message<'a>(fan: &'a str, create_time: i64, said: &'a Said) -> Message<'a> {
    Message {
        kind: &said.kind,
        text: &said.text,
        recognition: &said.recognition,
        menu_id: &said.menu_id,
        event: &said.event,
        event_key: &said.event_key,
        from: fan,
        create_time,
    }
}

/// In the window the class decides (C.5); outside it the round's grammar is asked, which knows too what
/// comes before any answer.
fn read_for(
    compiled: &Compiled,
    round: u16,
    band: Band,
    message: &Message<'_>,
    class: &Class,
) -> Option<Read> {
    if band == Band::Within {
        return match class {
            Class::Answer {
                round: named,
                value,
            } if *named == round => Some(Read::Answer(value.clone())),
            Class::WrongFormat { round: named, .. } if *named == round => Some(Read::Wrong),
            _ => None,
        };
    }
    if matches!(class, Class::Join | Class::Claim | Class::Event(_)) {
        // Nothing that any grammar reads, and so common that asking would cost.
        return None;
    }
    match compiled.read(round, message) {
        Reading::Answer(value) => Some(Read::Answer(value)),
        _ => None,
    }
}

/// The rounds in whose zone a CreateTime lies, latest first. Windows do not overlap, so the walk back ends at
/// the first round that closed too long ago.
fn zones(rounds: &[Round], time: i64) -> impl Iterator<Item = (&Round, Band)> {
    let reach = time.saturating_add(ZONE_S);
    let after = rounds.partition_point(|round| round.open <= reach);
    rounds
        .get(..after)
        .unwrap_or_default()
        .iter()
        .rev()
        .map_while(move |round| band(round, time).map(|band| (round, band)))
}

fn named_round(class: &Class) -> Option<u16> {
    match class {
        Class::Answer { round, .. }
        | Class::WrongFormat { round, .. }
        | Class::Late { round }
        | Class::Early { round } => Some(*round),
        _ => None,
    }
}
