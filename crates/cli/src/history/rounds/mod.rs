//! The results of a campaign with everything that they rest on, put together from the log: `control` says what
//! was published, the shares in `results` are what it was computed from.

mod recount;
mod shares;
mod told;

pub(crate) use recount::Steps;
pub(crate) use shares::Sealed;
pub(crate) use told::Told;

use super::scan;
use crate::failure::Failure;
use contest::{Compiled, Finding, hash};
use control::rounds::Life;
use control::{ControlState, Published};
use coordinator::corrections::on_the_board;
use coordinator::{Drawn, Stood};
use msglog::Log;
use record::rounds::ResultAct;
use record::topics::INBOUND;
use recount::Counting;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A campaign as the log tells of it.
pub(crate) struct Season {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) told: Told,
    /// The newest version.
    pub(crate) newest: Arc<Published>,
    partitions: u32,
}

/// A round, or the final draw, that has a result.
#[derive(Debug, Clone)]
pub(crate) struct Concluded {
    /// The round; none for the final draw.
    pub(crate) round: Option<u16>,
    /// Offset of the result in `control`.
    pub(crate) ctl: u64,
    pub(crate) result: ResultAct,
    pub(crate) draw: Drawn,
    /// The version that judged.
    pub(crate) judged: Arc<Published>,
    /// What it was computed from; or why that cannot be put together.
    pub(crate) basis: Result<Basis, String>,
    /// Whether rounds were corrected after this final draw, and would change it.
    pub(crate) is_stale: bool,
}

/// The standings behind a result.
#[derive(Debug, Clone)]
pub(crate) struct Basis {
    /// Everyone's standing at the seal, whose list made the seed.
    pub(crate) sealed: Arc<Sealed>,
    /// Everyone's standing in this result: another one once it was corrected.
    pub(crate) standing: Arc<Sealed>,
}

/// What messages are counted again for.
#[derive(Clone, Copy)]
pub(crate) struct Recounting<'a> {
    /// The file that judges instead of the published ones.
    pub(crate) file: Option<&'a Arc<Compiled>>,
    /// The rounds that are asked for.
    pub(crate) rounds: &'a BTreeSet<u16>,
    /// Whether it does not matter which versions of the steps wrote the log.
    pub(crate) as_new: bool,
}

/// Standings of sealed rounds, by number.
pub(crate) type Fields = BTreeMap<u16, Arc<Sealed>>;

impl Season {
    /// Reads `control` of a log.
    ///
    /// # Errors
    /// Failures of reading; there is no such campaign, or there are several and none was named.
    pub(crate) fn open(log: Arc<dyn Log>, campaign: Option<&str>) -> Result<Self, Failure> {
        let told = Told::read(&*log)?;
        let newest = Arc::clone(told.campaign(campaign)?);
        let partitions = scan::spans(&*log, INBOUND)?.len();
        Ok(Self {
            log,
            told,
            newest,
            partitions: u32::try_from(partitions).unwrap_or(u32::MAX),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.newest.id
    }

    /// What has happened to a round; nothing when nothing has.
    pub(crate) fn life(&self, round: Option<u16>) -> Life {
        let rounds = self.told.state.rounds();
        rounds.life(self.id(), round).cloned().unwrap_or_default()
    }

    /// Every round that has a result, ascending, then the final draw.
    ///
    /// # Errors
    /// Failures of reading. What is missing behind a single result stands there.
    pub(crate) fn concluded(&self) -> Result<Vec<Concluded>, Failure> {
        let lives: Vec<(Option<u16>, &Life)> = self.told.state.rounds().of(self.id()).collect();
        let with_result = lives.into_iter().filter_map(|(round, life)| {
            let (ctl, result) = life.result.clone()?;
            Some((round, ctl, result))
        });
        let mut results: Vec<_> = with_result.collect();
        results.sort_by_key(|(round, ..)| round.map_or(u32::MAX, u32::from));
        let shares = shares::of_log(&*self.log, self.id())?;
        let mut concluded: Vec<Concluded> = Vec::new();
        for (round, ctl, result) in results {
            let basis = match round {
                Some(_) => self.basis(&shares, &result),
                None => self.board_of(&shares, &concluded, (ctl, &result)),
            };
            let Some(judged) = self.told.version(self.id(), result.version) else {
                return Err(Failure::no(format!(
                    "the result at offset {ctl} of control was judged by version {}, which was not published",
                    result.version
                )));
            };
            let first_of = |round| self.life(round).first_result;
            let counts = |one: &&Concluded| first_of(one.round) < first_of(None);
            let is_stale = round.is_none() && {
                let rounds: Vec<_> = concluded.iter().filter(counts).collect();
                is_stale(&judged.compiled, &rounds, ctl, &result)
            };
            concluded.push(Concluded {
                is_stale,
                round,
                ctl,
                draw: Drawn::parse(&result.record).map_err(Failure::no)?,
                judged: Arc::clone(judged),
                result,
                basis,
            });
        }
        Ok(concluded)
    }

    /// What a round's result was computed from.
    fn basis(&self, shares: &shares::ByDecision, result: &ResultAct) -> Result<Basis, String> {
        let none = Vec::new();
        let of_decision = shares.get(&result.ctl).unwrap_or(&none);
        let sealed = Arc::new(shares::merge(of_decision, self.partitions)?);
        let standing = if result.corrects.is_some() {
            Arc::new(Sealed {
                cut: sealed.cut.clone(),
                field: self.told.corrected(result)?,
                barred: sealed.barred.clone(),
            })
        } else {
            Arc::clone(&sealed)
        };
        Ok(Basis { sealed, standing })
    }

    /// What the final draw was computed from: the rounds as they stood then, or the standings of its correction.
    fn board_of(
        &self,
        shares: &shares::ByDecision,
        rounds: &[Concluded],
        (ctl, result): (u64, &ResultAct),
    ) -> Result<Basis, String> {
        let mut draws = self.told.results.iter();
        let first = draws.find(|(_, act)| act.campaign == result.campaign && act.round.is_none());
        let (first, drawn) = first.map_or((ctl, result), |(at, act)| (*at, act));
        let published = self.told.version(self.id(), drawn.version);
        let published = published.ok_or("the version that judged was not published")?;
        let mut fields = BTreeMap::new();
        for (round, (at, act)) in self.told.results_before(self.id(), first) {
            let Some(round) = round else { continue };
            let known = rounds.iter().find(|one| one.ctl == *at);
            let basis = known.map_or_else(|| self.basis(shares, act), |one| one.basis.clone());
            let basis = basis.map_err(|why| format!("round {round}: {why}"))?;
            fields.insert(round, basis.standing);
        }
        let sealed = Arc::new(on_the_board(&published.compiled, &fields));
        let standing = if result.corrects.is_some() {
            Arc::new(Sealed {
                cut: sealed.cut.clone(),
                field: self.told.corrected(result)?,
                barred: sealed.barred.clone(),
            })
        } else {
            Arc::clone(&sealed)
        };
        Ok(Basis { sealed, standing })
    }

    /// Counts the messages again, by a file instead of the published ones when there is one: the fields of these
    /// rounds, by number.
    ///
    /// # Errors
    /// Failures of reading; a round that the file cannot judge; the log's own shares and this program do not make a
    /// whole field.
    pub(crate) fn recounted(&self, by: &Recounting<'_>) -> Result<Fields, Failure> {
        let lives = self.told.state.rounds().of(self.id());
        let decided = lives.filter_map(|(round, life)| {
            let round = round.filter(|round| by.rounds.contains(round))?;
            Some((round, life.decision.as_ref()?.0))
        });
        let counting = Counting {
            campaign: self.id(),
            file: by.file,
            decisions: &decided.collect(),
            partitions: self.partitions,
            as_new: by.as_new,
            counters: std::thread::available_parallelism().map_or(1, usize::from),
            ends: &AtomicBool::new(false),
        };
        let fields = counting.fields(&*self.log)?.into_iter();
        Ok(fields
            .map(|(round, sealed)| (round, Arc::new(sealed)))
            .collect())
    }

    /// [`Season::concluded`] and [`Season::recounted`], side by side.
    ///
    /// # Errors
    /// As both.
    pub(crate) fn both(&self, by: &Recounting<'_>) -> Result<(Vec<Concluded>, Fields), Failure> {
        std::thread::scope(|scope| {
            let concluded = scope.spawn(|| self.concluded());
            let recounted = self.recounted(by);
            let concluded = concluded.join();
            let concluded = concluded.map_err(|_| Failure::away("a thread of rescore panicked"))?;
            Ok((concluded?, recounted?))
        })
    }

    /// Every draw that has a result, without its standings.
    ///
    /// # Errors
    /// A record that cannot be read, a version that was not published.
    pub(crate) fn stood(&self) -> Result<Vec<Stood>, Failure> {
        let lives = self.told.state.rounds().of(self.id());
        let with_result = lives.filter_map(|(round, life)| {
            let (ctl, result) = life.result.as_ref()?;
            Some((round, life.first_result.unwrap_or(*ctl), *ctl, result))
        });
        let stood = with_result.map(|(round, first, ctl, result)| {
            let judged = self.told.version(self.id(), result.version).ok_or_else(|| {
                let version = result.version;
                Failure::no(format!(
                    "the result at offset {ctl} of control was judged by version {version}, which was not published"
                ))
            })?;
            Ok(Stood {
                round,
                first,
                ctl,
                drawn: Drawn::parse(&result.record).map_err(Failure::no)?,
                judged: Arc::clone(judged),
                result: result.clone(),
                field: None,
            })
        });
        stood.collect()
    }

    /// Whether anything has a result, be it the final draw alone.
    pub(crate) fn has_results(&self) -> bool {
        let mut lives = self.told.state.rounds().of(self.id());
        lives.any(|(_, life)| life.result.is_some())
    }

    /// The rounds that have a result, ascending.
    pub(crate) fn rounds_with_result(&self) -> impl Iterator<Item = u16> {
        let lives = self.told.state.rounds().of(self.id());
        let with_result = lives.filter(|(_, life)| life.result.is_some());
        with_result.filter_map(|(round, _)| round)
    }

    /// The state of `control`.
    pub(crate) fn control(&self) -> &ControlState {
        &self.told.state
    }
}

/// Whether the board of the rounds as they stand is another than a final draw was made of.
fn is_stale(judged: &Compiled, rounds: &[&Concluded], ctl: u64, result: &ResultAct) -> bool {
    if rounds.iter().all(|one| one.ctl < ctl) {
        return false;
    }
    let standing = |one: &'_ &Concluded| {
        let basis = one.basis.as_ref().ok()?;
        Some((one.round?, Arc::clone(&basis.standing)))
    };
    let fields = rounds.iter().filter_map(standing).collect();
    on_the_board(judged, &fields).field.digest() != result.standings.0
}

/// A campaign file, ready to judge.
///
/// # Errors
/// It has errors.
pub(crate) fn compile(toml: &str) -> Result<Arc<Compiled>, Failure> {
    match Compiled::from_toml(toml) {
        Ok((compiled, _)) => Ok(Arc::new(compiled)),
        Err(problems) => Err(Failure::no(format!(
            "the campaign file has {} error(s), first {}; `campaign check` shows them all",
            problems.len(),
            problems
                .first()
                .map(ToString::to_string)
                .unwrap_or_default()
        ))),
    }
}

impl Concluded {
    /// What does not hold when the result is computed again from its shares; nothing when all of it does.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let basis = match &self.basis {
            Ok(basis) => basis,
            Err(why) => return vec![format!("it cannot be computed again: {why}")],
        };
        let (record, result) = (&self.result.record, &self.result);
        let (list, standings) = (basis.sealed.field.list(), basis.standing.field.lines());
        let mut troubles = Vec::new();
        let mut say = |holds: bool, what: &str| {
            if !holds {
                troubles.push(what.to_owned());
            }
        };
        say(
            !self.is_stale,
            "a round was corrected after it, and changes its board: `rescore --publish` corrects it too",
        );
        say(
            hash(record.as_bytes()) == result.record_sha256.0,
            "the record has another SHA-256 than the result says",
        );
        say(
            hash(standings.as_bytes()) == result.standings.0,
            "the shares give another digest",
        );
        say(
            hash(list.as_bytes()) == result.list.0,
            "the shares give another list",
        );
        let standings_of = basis.standing.field.standings();
        let count = |of: fn(&contest::Standing<'_>) -> bool| {
            standings_of.iter().filter(|standing| of(standing)).count() as u64
        };
        say(
            count(|s| s.answered > 0) == result.answered,
            "another number of fans has answered",
        );
        say(
            count(|s| s.correct > 0) == result.correct,
            "another number of fans was right",
        );
        let verdict = contest::verify(
            record.as_bytes(),
            list.as_bytes(),
            Some(standings.as_bytes()),
        );
        for finding in verdict.findings {
            match finding {
                Finding::Fails(what) => troubles.push(format!("does not hold: {what}")),
                Finding::Unchecked(what) => troubles.push(format!("open: {what}")),
                Finding::Holds(_) | Finding::Claimed(_) => {}
            }
        }
        troubles
    }
}
