//! Without another file: every result that was ever published, computed again from the messages as it was made at its
//! place in `control`, and held against what stands there, byte for byte: standings, list, winners, record (V-14).

use super::super::rounds::{Concluded, Fields, Recounting, Season, compile};
use super::facts;
use super::files::{self, Files};
use super::is_on_board;
use crate::args::RescoreArgs;
use crate::failure::{Failure, io};
use contest::{Conclusion, Seed, conclude, draw_name};
use control::Published;
use coordinator::corrections::{board_of, correct, difference, holders_before, on_the_board};
use coordinator::{Drawn, Judge, Sealed, Stood, result_act};
use record::hexed::Hex;
use record::rounds::ResultAct;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

/// Computes everything again that is asked for and compares; with a directory, writes what came of it.
///
/// # Errors
/// Something that was published is not what the messages give; failures of reading and writing.
pub(super) fn again(
    season: &Season,
    asked: &BTreeSet<u16>,
    args: &RescoreArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let by_messages = Recounting {
        file: None,
        rounds: asked,
        as_new: args.as_new,
    };
    let (before, fields) = season.both(&by_messages)?;
    let mut season = Again {
        season,
        asked,
        // The final draw is one of all rounds.
        whole: args.round.is_none(),
        as_new: args.as_new,
        fields,
        by_file: BTreeMap::new(),
        stood: Vec::new(),
        standing: Fields::new(),
        computed: BTreeMap::new(),
        lists: BTreeMap::new(),
        wrong: Vec::new(),
    };
    season.shared(&before, out)?;
    let results = season.season.told.results.clone();
    for (ctl, result) in results {
        if result.campaign == args.campaign {
            season.take(ctl, &result, out)?;
        }
    }
    if let Some(dir) = &args.out {
        season.write(dir)?;
    }
    out.flush().map_err(io("write"))?;
    if season.wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::no(format!(
        "what was published is not what the messages give: {}",
        season.wrong.join("; ")
    )))
}

/// A walk along the results of a campaign.
struct Again<'s> {
    season: &'s Season,
    asked: &'s BTreeSet<u16>,
    whole: bool,
    as_new: bool,
    /// The rounds as they were sealed.
    fields: Fields,
    /// What each file of corrections makes of them, by version.
    by_file: BTreeMap<u32, Fields>,
    /// The draws as they stood at this place.
    stood: Vec<Stood>,
    /// The standings behind the rounds at this place, by the messages.
    standing: Fields,
    /// What the results that stand come to.
    computed: BTreeMap<Option<u16>, Conclusion>,
    /// The list files that made the seeds: those of the first results.
    lists: BTreeMap<Option<u16>, String>,
    wrong: Vec<String>,
}

impl Again<'_> {
    /// The shares in the log must be those that the messages give.
    fn shared(&mut self, before: &[Concluded], out: &mut impl Write) -> Result<(), Failure> {
        for one in before {
            let Some((round, field)) = one.round.and_then(|r| Some((r, self.fields.get(&r)?)))
            else {
                continue;
            };
            let equal = one
                .basis
                .as_ref()
                .is_ok_and(|basis| *basis.sealed == **field);
            compared(round, field, (equal, "sealed"), out)?;
            if !equal {
                self.wrong.push(format!("round {round} has other shares"));
            }
        }
        Ok(())
    }

    /// The next result that held at its place.
    fn take(&mut self, ctl: u64, result: &ResultAct, out: &mut impl Write) -> Result<(), Failure> {
        let id = self.season.id();
        let judged = self.season.told.version(id, result.version).cloned();
        let judged = judged.ok_or_else(|| {
            Failure::no(format!(
                "version {} of {id:?} is not in the log",
                result.version
            ))
        })?;
        let place = self.stood.iter().position(|one| one.round == result.round);
        if result
            .round
            .map_or(self.whole, |round| self.asked.contains(&round))
        {
            let (field, act, after) = self.compute(ctl, result, (&judged, place))?;
            self.compare(ctl, result, &act, out)?;
            if let Some(round) = result.round {
                let field = self.as_sealed(round, field);
                self.standing.insert(round, field);
            }
            let list = self.lists.entry(result.round);
            list.or_insert_with(|| after.list_file.clone());
            self.computed.insert(result.round, after);
        }
        let stands = Stood {
            round: result.round,
            first: place
                .and_then(|place| self.stood.get(place))
                .map_or(ctl, |one| one.first),
            ctl,
            drawn: Drawn::parse(&result.record).map_err(Failure::no)?,
            judged,
            result: result.clone(),
            field: None,
        };
        match place.and_then(|place| self.stood.get_mut(place)) {
            Some(one) => *one = stands,
            None => self.stood.push(stands),
        }
        Ok(())
    }

    /// What a result comes to at its place.
    fn compute(
        &mut self,
        ctl: u64,
        result: &ResultAct,
        (judged, place): (&Arc<Published>, Option<usize>),
    ) -> Result<(Arc<Sealed>, ResultAct, Conclusion), Failure> {
        let field = self.field(result, judged)?;
        let newest = newest_before(self.season, ctl).unwrap_or(judged);
        let policy = newest.compiled.campaign.correction;
        let compiled = &judged.compiled;
        let campaign = &compiled.campaign;
        let before = place.and_then(|place| self.stood.get(place));
        let Some(before) = before.filter(|_| result.corrects.is_some()) else {
            let mut holders = holders_before(campaign, policy, &self.stood, ctl);
            let facts = facts::of(self.season, result, judged, &field)?;
            let after = conclude(campaign, &facts, &field.field, &mut holders);
            let act = result_act(
                campaign,
                result.ctl,
                &facts,
                &field.field,
                &after,
                result.at,
            );
            return Ok((field, act, after));
        };
        let judge = Judge {
            compiled: Arc::clone(compiled),
            sha256: judged.sha256.0,
            version: judged.version,
            policy,
            reason: String::new(),
        };
        let holders = holders_before(campaign, policy, &self.stood, before.first);
        let now = correct(&judge, before, Arc::clone(&field), holders).map_err(Failure::no)?;
        Ok((field, now.act, now.after))
    }

    /// The standings of a result by the messages: as sealed, by the file of a correction, or of the board.
    fn field(&mut self, result: &ResultAct, judged: &Published) -> Result<Arc<Sealed>, Failure> {
        let Some(round) = result.round else {
            return self.board(result, judged);
        };
        let fields = if result.corrects.is_some() {
            self.by_version(judged)?
        } else {
            &self.fields
        };
        let field = fields.get(&round);
        field.cloned().ok_or_else(|| {
            Failure::no(format!(
                "round {round} of {:?} was not counted again",
                result.campaign
            ))
        })
    }

    /// Standings, beside who was barred without standing in the round: that is what its seal said.
    fn as_sealed(&self, round: u16, field: Arc<Sealed>) -> Arc<Sealed> {
        match self.fields.get(&round) {
            Some(sealed) if sealed.barred != field.barred => Arc::new(Sealed {
                barred: sealed.barred.clone(),
                ..(*field).clone()
            }),
            _ => field,
        }
    }

    /// The board behind a final draw. A correction that has judged rounds again takes from its file who was barred without
    /// standing in them, and from their seals where it left them alone; nothing else tells which it did.
    fn board(&mut self, result: &ResultAct, judged: &Published) -> Result<Arc<Sealed>, Failure> {
        let mut standing = self.on_board();
        let board = on_the_board(&judged.compiled, &standing);
        if result.corrects.is_none() || board.field.digest() == result.standings.0 {
            return Ok(Arc::new(board));
        }
        let by_file = self.by_version(judged)?;
        for (round, sealed) in &mut standing {
            if let Some(field) = by_file.get(round) {
                *sealed = Arc::new(Sealed {
                    barred: field.barred.clone(),
                    ..(**sealed).clone()
                });
            }
        }
        let by_file = on_the_board(&judged.compiled, &standing);
        let is_found = by_file.field.digest() == result.standings.0;
        Ok(Arc::new(if is_found { by_file } else { board }))
    }

    /// The rounds that the final draw is about: one that came only after it was made has no say in it.
    fn on_board(&self) -> Fields {
        let standing = self.standing.iter();
        standing
            .filter(|(round, _)| is_on_board(&self.stood, **round))
            .map(|(round, field)| (*round, Arc::clone(field)))
            .collect()
    }

    fn by_version(&mut self, judged: &Published) -> Result<&Fields, Failure> {
        if !self.by_file.contains_key(&judged.version) {
            let file = compile(&judged.toml)?;
            // Rounds that were added later it did not judge.
            let has = |round: &&u16| file.campaign.round(**round).is_some();
            let rounds = self.asked.iter().filter(has).copied().collect();
            let fields = self.season.recounted(&Recounting {
                file: Some(&file),
                rounds: &rounds,
                as_new: self.as_new,
            })?;
            self.by_file.insert(judged.version, fields);
        }
        Ok(self.by_file.entry(judged.version).or_default())
    }

    fn compare(
        &mut self,
        ctl: u64,
        result: &ResultAct,
        act: &ResultAct,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let name = draw_name(result.round);
        if let (Some(round), true) = (result.round, result.corrects.is_some()) {
            let same = act.standings == result.standings;
            compared_digest(round, act.standings, (same, "corrected"), out)?;
        }
        let mut differs = difference(result, act);
        let life = self.season.life(result.round);
        if let (Some((_, listed)), None, None) = (&life.list, result.corrects, &differs)
            && (listed.list, listed.count) != (act.list, act.entrants)
        {
            differs = Some(format!("the list of {name} that was published is another"));
        }
        if differs.is_none() && !facts::is_revealed(self.season, result)? {
            differs = Some(format!(
                "the secret of {name} is not the one that was committed to"
            ));
        }
        let word = if differs.is_none() { "equal to" } else { "NOT" };
        writeln!(
            out,
            "{name}: computed again, record {}, list {}, {word} what was published at offset {ctl} of control",
            act.record_sha256, act.list
        )
        .map_err(io("write"))?;
        self.wrong.extend(differs);
        Ok(())
    }

    /// The files of everything that was computed, and the board of whole campaigns.
    fn write(&self, dir: &std::path::Path) -> Result<(), Failure> {
        let files = self.computed.iter().map(|(round, after)| Files {
            round: *round,
            record: &after.record,
            list: self.lists.get(round).cloned().unwrap_or_default(),
            standings: after.standings_file.clone(),
        });
        files::draws(dir, files)?;
        let last = self
            .stood
            .iter()
            .max_by_key(|one| (one.round.is_none(), one.round));
        let seed = last.and_then(|one| Some((one, Seed::parse(one.drawn.text("seed"))?)));
        match seed.filter(|_| self.whole) {
            Some((last, seed)) => {
                let board = board_of(&last.judged.compiled, &self.on_board());
                files::board(dir, &board, &seed)
            }
            None => Ok(()),
        }
    }
}

/// The newest version of a campaign that stands before an offset of `control`.
fn newest_before(season: &Season, ctl: u64) -> Option<&Arc<Published>> {
    let versions = season.control().versions(season.id()).iter().rev();
    let mut before = versions.filter(|version| version.ctl < ctl);
    before.next()
}

fn compared(
    round: u16,
    field: &Sealed,
    verdict: (bool, &str),
    out: &mut impl Write,
) -> Result<(), Failure> {
    compared_digest(round, Hex(field.field.digest()), verdict, out)
}

fn compared_digest(
    round: u16,
    digest: Hex<32>,
    (equal, what): (bool, &str),
    out: &mut impl Write,
) -> Result<(), Failure> {
    let word = if equal { "equal to" } else { "NOT" };
    writeln!(
        out,
        "round {round}: counted again, digest {digest}, {word} what was {what}"
    )
    .map_err(io("write"))
}
