//! What a correction comes to by the messages, computed on a thread of its own: counting a whole event takes seconds, and
//! ticks, copies and seals do not wait for it. How messages are counted is told by a [`Recount`]; quiz's steps are wired
//! to it from outside. Never what is published.

use crate::corrected::{READ_WAIT, part};
use crate::corrections::{Judge, Sealed, Stood, corrections, may_judge};
use crate::drawn::Drawn;
use crate::gather::Gathering;
use contest::{Compiled, Field, draw_name, hash};
use control::{ControlState, Published};
use msglog::{Log, LogError};
use record::rounds::ResultAct;
use record::topics::CONTROL;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the thread looks again for what must be in the log, and whether it is still of use.
const LOOK: Duration = Duration::from_millis(20);

/// What is to be counted.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Id of the campaign.
    pub campaign: String,
    /// The file that judges in the place of every published one.
    pub file: Arc<Compiled>,
    /// Offsets in `control` of the decisions that sealed these rounds: each is counted up to its cut.
    pub decisions: BTreeMap<u16, u64>,
    /// Partitions of the log.
    pub partitions: u32,
    /// Whether a log that other versions of the steps have written is counted all the same.
    pub as_new: bool,
}

/// Counts messages again, with the same steps that counted them first.
pub trait Recount: Send + Sync {
    /// The standings of the rounds that are asked for, from the messages of a log. Ends soon once `ends` is set.
    ///
    /// # Errors
    /// Why they cannot be counted, for people.
    fn count(
        &self,
        log: &dyn Log,
        asked: &Asked,
        ends: &AtomicBool,
    ) -> Result<BTreeMap<u16, Sealed>, String>;
}

/// Everything that a correction is computed from, but for the messages.
pub(crate) struct Task {
    judge: Judge,
    stood: Vec<Stood>,
    asked: Asked,
    /// Where the standings of rounds stand that are not counted again, when the final draw needs them.
    others: BTreeMap<u16, Place>,
}

/// Where standings stand.
struct Place {
    /// The decision that the shares of the round follow.
    ctl: u64,
    /// Of a corrected round: offsets in `control`, and the digest that its result names.
    corrected: Option<(Vec<u64>, [u8; 32])>,
}

impl Task {
    /// Of the rounds that are to be judged again by a version of their campaign, by what control says.
    ///
    /// # Errors
    /// There is no such version; a record cannot be read; the version changes what must stay.
    pub(crate) fn new(
        state: &ControlState,
        (campaign, version): (&str, u32),
        rounds: &BTreeSet<u16>,
        (partitions, as_new): (u32, bool),
    ) -> Result<Self, String> {
        let versions = state.versions(campaign);
        let named = |version| named(versions, version);
        let (Some(by), Some(newest)) = (named(version), versions.last()) else {
            return Err(format!(
                "version {version} of {campaign:?} is not published"
            ));
        };
        let mut stood = Vec::new();
        let (mut decisions, mut others) = (BTreeMap::new(), BTreeMap::new());
        for (round, life) in state.rounds().of(campaign) {
            let (Some((ctl, result)), Some(first)) = (life.result.clone(), life.first_result)
            else {
                continue;
            };
            let judged = named(result.version).ok_or_else(|| {
                let version = result.version;
                format!(
                    "version {version}, which judged {}, is not published",
                    draw_name(round)
                )
            })?;
            if let Some(round) = round {
                if rounds.contains(&round) {
                    decisions.insert(round, result.ctl);
                } else {
                    others.insert(round, place(state, &result)?);
                }
            }
            stood.push(Stood {
                round,
                first,
                ctl,
                drawn: Drawn::parse(&result.record)?,
                judged: Arc::clone(judged),
                result,
                field: None,
            });
        }
        if stood.iter().all(|one| one.round.is_some()) {
            others.clear();
        }
        let file = compiled(by)?;
        may_judge(&file.campaign, &stood, |round| rounds.contains(&round))?;
        Ok(Self {
            judge: Judge {
                compiled: Arc::clone(&file),
                sha256: by.sha256.0,
                version,
                policy: newest.compiled.campaign.correction,
                reason: String::new(),
            },
            stood,
            asked: Asked {
                campaign: campaign.to_owned(),
                file,
                decisions,
                partitions,
                as_new,
            },
            others,
        })
    }

    fn run(
        mut self,
        log: &dyn Log,
        recount: &dyn Recount,
        ends: &AtomicBool,
    ) -> Result<Vec<ResultAct>, String> {
        let mut again = BTreeMap::new();
        if !self.asked.decisions.is_empty() {
            for (round, sealed) in recount.count(log, &self.asked, ends)? {
                again.insert(round, Arc::new(sealed));
            }
        }
        let missing = self
            .asked
            .decisions
            .keys()
            .find(|round| !again.contains_key(round));
        if let Some(round) = missing {
            return Err(format!("round {round} could not be counted again"));
        }
        let others = std::mem::take(&mut self.others);
        let fields = standing(log, self.asked.partitions, &others, ends)?;
        for one in &mut self.stood {
            let field = one.round.and_then(|round| fields.get(&round));
            one.field = field.cloned();
        }
        let corrected = corrections(&self.judge, &self.stood, &again)?;
        Ok(corrected.into_iter().map(|one| one.act).collect())
    }
}

fn named(versions: &[Arc<Published>], version: u32) -> Option<&Arc<Published>> {
    versions.iter().find(|each| each.version == version)
}

/// The file of a version with the windows that stand in it, not those to which operators moved its rounds since: the
/// recount knows of these by itself.
fn compiled(published: &Published) -> Result<Arc<Compiled>, String> {
    let read = Compiled::from_toml(&published.toml);
    let (compiled, _) = read.map_err(|problems| {
        let first = problems.first().map(ToString::to_string);
        first.unwrap_or_else(|| "the campaign file is not valid".to_owned())
    })?;
    Ok(Arc::new(compiled))
}

fn place(state: &ControlState, result: &ResultAct) -> Result<Place, String> {
    let ctl = result.ctl;
    if result.corrects.is_none() {
        let corrected = None;
        return Ok(Place { ctl, corrected });
    }
    let parts = state.standings(&result.campaign, result.standings);
    let whole = parts.and_then(control::corrected::Parts::whole);
    let whole = whole.ok_or_else(|| {
        let name = draw_name(result.round);
        format!("the standings of the correction of {name} are not in the log")
    })?;
    let corrected = Some((whole, result.standings.0));
    Ok(Place { ctl, corrected })
}

/// The standings of rounds that are not counted again, as their results name them.
fn standing(
    log: &dyn Log,
    partitions: u32,
    places: &BTreeMap<u16, Place>,
    ends: &AtomicBool,
) -> Result<BTreeMap<u16, Arc<Sealed>>, String> {
    let shared = places.values().map(|place| place.ctl).collect();
    let mut gathered = gathered(log, partitions, &shared, ends)?;
    let mut reader = log.reader(CONTROL).map_err(|error| error.to_string())?;
    let mut fields = BTreeMap::new();
    for (round, place) in places {
        let mut sealed = gathered
            .remove(&place.ctl)
            .ok_or_else(|| format!("the shares of round {round} are not in the log"))?;
        // Who is barred without standing in the round is what its seal said.
        if let Some((offsets, digest)) = &place.corrected {
            let mut text = String::new();
            for offset in offsets {
                let part = part(&mut *reader, *offset);
                text.push_str(&part.map_err(|error| error.to_string())?);
            }
            if hash(text.as_bytes()) != *digest {
                return Err(format!(
                    "the corrected standings of round {round} are damaged"
                ));
            }
            sealed.field = Field::parse(&text).map_err(|torn| torn.to_string())?;
        }
        fields.insert(*round, Arc::new(sealed));
    }
    Ok(fields)
}

/// The shares of these decisions, put together.
fn gathered(
    log: &dyn Log,
    partitions: u32,
    wanted: &BTreeSet<u64>,
    ends: &AtomicBool,
) -> Result<BTreeMap<u64, Sealed>, String> {
    let mut fields = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(fields);
    }
    let failed = |error: LogError| error.to_string();
    let mut gathering = Gathering::of(log, partitions, wanted.clone()).map_err(failed)?;
    let mut heard = Instant::now();
    while fields.len() < wanted.len() {
        if ends.load(Ordering::Acquire) {
            return Err("nobody waits for it any more".to_owned());
        }
        if gathering.read().map_err(failed)? {
            heard = Instant::now();
            continue;
        }
        for ctl in wanted
            .iter()
            .filter(|ctl| !fields.contains_key(*ctl))
            .copied()
            .collect::<Vec<_>>()
        {
            if let Some(whole) = gathering.whole(ctl).map_err(|torn| torn.to_string())? {
                fields.insert(ctl, whole.clone());
                gathering.forget(ctl);
            }
        }
        if fields.len() < wanted.len() && heard.elapsed() >= READ_WAIT {
            return Err("shares of a round that has a result are not in the log".to_owned());
        }
        std::thread::park_timeout(LOOK);
    }
    Ok(fields)
}

/// A correction that is being computed.
pub(crate) struct Job {
    ends: Arc<AtomicBool>,
    answer: Receiver<Result<Vec<ResultAct>, String>>,
    thread: Option<JoinHandle<()>>,
}

impl Job {
    /// Begins to compute.
    ///
    /// # Errors
    /// The system has no thread.
    pub(crate) fn start(
        task: Task,
        log: &Arc<dyn Log>,
        recount: &Arc<dyn Recount>,
    ) -> std::io::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let (give, answer) = sync_channel(1);
        let (log, recount, told) = (Arc::clone(log), Arc::clone(recount), Arc::clone(&ends));
        let thread = std::thread::Builder::new()
            .name("recount".to_owned())
            .spawn(move || {
                let done = task.run(&*log, &*recount, &told);
                // Whoever waited may have gone.
                drop(give.send(done));
            })?;
        Ok(Self {
            ends,
            answer,
            thread: Some(thread),
        })
    }

    /// What the correction comes to, once it is computed.
    pub(crate) fn done(&self) -> Option<Result<Vec<ResultAct>, String>> {
        match self.answer.try_recv() {
            Ok(done) => Some(done),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(Err("the recount has broken off; see the log".to_owned()))
            }
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was logged where it happened.
            drop(thread.join());
        }
    }
}
