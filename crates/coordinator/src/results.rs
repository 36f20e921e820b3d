//! What sealed rounds come to: the shares of all partitions, read by the chain's rule and merged; winners in the
//! order of rounds; one RESULT at a time. A function of the log, but for the secret of a campaign that
//! commits to none. Never who gets which unit.

use crate::conclusions::{ResultError, as_act, holders, judging, list_of, result};
use crate::corrected::Shelf;
use crate::finals::{has_final, unbarred};
use crate::gather::Gathering;
use crate::revealed::facts;
use crate::secrets::{Key, commits};
use campaign::{Campaign, QuestionKind, Round, Streak};
use contest::{Board, Field};
use control::rounds::Life;
use control::{ControlState, Published};
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{ListAct, ResultAct};
use std::collections::BTreeMap;

/// The results of all campaigns.
#[derive(Default)]
pub(crate) struct Results {
    seasons: BTreeMap<String, Season>,
}

/// How far a campaign's rounds are gone through.
#[derive(Default)]
struct Season {
    /// The last round that needs nothing more.
    passed: Option<u16>,
    board: Option<Board>,
    /// By which rule for rows the board is made.
    streak: Option<Streak>,
    /// Of the rounds on the board, the digests of the results whose standings they are, and as what they count.
    on_board: BTreeMap<u16, (Hex<32>, QuestionKind)>,
    /// The board of so many rounds as the final draw's field, once somebody asked for it.
    final_field: Option<(usize, Field<'static>)>,
}

/// What a look at a round shows.
enum Step {
    /// This is due.
    Due(Box<Act>),
    /// Something is still to come.
    Waits,
    /// It needs nothing more; with the standings, which go on the board.
    Passes(bool),
}

/// What every look needs.
pub(crate) struct View<'a> {
    pub(crate) state: &'a ControlState,
    pub(crate) key: &'a Key,
    /// The newest tick.
    at: i64,
    /// The coordinator's time: no earlier.
    pub(crate) now: i64,
}

impl Results {
    /// The next act that is due: the list of entrants, then the result.
    ///
    /// # Errors
    /// Why one that should be there is not.
    pub(crate) fn due(
        &mut self,
        state: &ControlState,
        (gathering, shelf): (&mut Gathering, &mut Shelf),
        key: &Key,
        (at, now): (i64, i64),
    ) -> Result<Option<Act>, ResultError> {
        let view = View {
            state,
            key,
            at,
            now,
        };
        let mut trouble = None;
        for published in state.newest() {
            match self.due_of(&view, published, gathering, shelf) {
                Ok(None) => {}
                Ok(Some(act)) => return Ok(Some(act)),
                // Another campaign's results need not wait.
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// The rounds that are on a campaign's board by now, as the field of its final draw.
    pub(crate) fn final_field(&mut self, campaign: &str) -> Option<&Field<'static>> {
        let season = self.seasons.get_mut(campaign)?;
        let board = season.board.as_ref()?;
        let rounds = season.on_board.len();
        let known = season.final_field.take();
        let known = known.filter(|(known, _)| *known == rounds);
        let known = known.unwrap_or_else(|| (rounds, board.field()));
        Some(&season.final_field.insert(known).1)
    }

    fn due_of(
        &mut self,
        view: &View<'_>,
        published: &Published,
        gathering: &mut Gathering,
        shelf: &mut Shelf,
    ) -> Result<Option<Act>, ResultError> {
        let campaign = &published.compiled.campaign;
        // A list does not wait for the results of earlier rounds: it must stand before its beacon is out.
        if let Some(list) = list_due(view, published, gathering) {
            return Ok(Some(Act::List(list)));
        }
        // A round that an operator skipped, and why it still has no result: later ones are made, and go on the board, which
        // wants its rounds in their order, once it has come.
        let (mut skipped, mut trouble) = (false, None);
        for round in &campaign.rounds {
            let passed = self.seasons.get(&campaign.id).and_then(|s| s.passed);
            if passed.is_some_and(|passed| passed >= round.number) {
                continue;
            }
            let life = view.state.rounds().life(&campaign.id, Some(round.number));
            let Some(life) = life else {
                return trouble.map_or(Ok(None), Err);
            };
            let step = match self.look(view, published, (round, life), gathering) {
                Err(error) if life.is_skipped => {
                    trouble = Some(error);
                    Step::Waits
                }
                step => step?,
            };
            match step {
                Step::Due(act) => return Ok(Some(*act)),
                Step::Waits if life.is_skipped => skipped = true,
                Step::Waits => return trouble.map_or(Ok(None), Err),
                Step::Passes(_) if skipped => {}
                Step::Passes(on_board) => {
                    if on_board {
                        self.add(view, published, (round, life), gathering, shelf)?;
                    }
                    if let Some((ctl, _)) = &life.decision {
                        gathering.forget(*ctl);
                    }
                    let season = self.seasons.entry(campaign.id.clone()).or_default();
                    season.passed = Some(round.number);
                }
            }
        }
        if skipped {
            return trouble.map_or(Ok(None), Err);
        }
        if !has_final(campaign) || view.state.rounds().result(&campaign.id, None).is_some() {
            return Ok(None);
        }
        self.final_draw(view, published)
    }

    fn look(
        &self,
        view: &View<'_>,
        published: &Published,
        (round, life): (&Round, &Life),
        gathering: &mut Gathering,
    ) -> Result<Step, ResultError> {
        let campaign = &published.compiled.campaign;
        if life.is_void {
            return Ok(Step::Passes(false));
        }
        let Some((ctl, decided)) = &life.decision else {
            return Ok(Step::Waits);
        };
        let on_board =
            has_final(by(view.state, published)) && is_on_board(view.state, &campaign.id, life);
        if life.result.is_some() && !on_board {
            return Ok(Step::Passes(false));
        }
        let torn = |torn| ResultError::Torn {
            campaign: campaign.id.clone(),
            round: round.number,
            torn,
        };
        let Some(whole) = gathering.whole(*ctl).map_err(torn)? else {
            return Ok(Step::Waits);
        };
        if life.result.is_some() {
            return Ok(Step::Passes(true));
        }
        let judging = judging(view.state, *ctl, decided).unwrap_or(published);
        let mut facts = facts(view, judging, Some(round.number), decided)?;
        facts.cut.clone_from(&whole.cut);
        let judged = &judging.compiled.campaign;
        let holders = holders(view.state, (judged, campaign), Some(round.number))?;
        let result = ResultAct {
            made_after: made_after(view.state, &campaign.id),
            ..result(judging, *ctl, &facts, &whole.field, holders, view.at)
        };
        Ok(Step::Due(Box::new(as_act(result)?)))
    }

    /// Puts the standings of a round's result on the board of the final draw: the corrected ones if it was corrected.
    /// Who is barred without standing in the round is what its seal said.
    fn add(
        &mut self,
        view: &View<'_>,
        published: &Published,
        (round, life): (&Round, &Life),
        gathering: &mut Gathering,
        shelf: &mut Shelf,
    ) -> Result<(), ResultError> {
        let campaign = by(view.state, published);
        let (Some((ctl, _)), Some((_, result))) = (&life.decision, &life.result) else {
            return Ok(());
        };
        let Ok(Some(whole)) = gathering.whole(*ctl) else {
            return Ok(());
        };
        let field = match result.corrects {
            Some(_) => shelf.field(view.state, result)?,
            None => &whole.field,
        };
        if field.digest() != result.standings.0 {
            return Err(ResultError::Differs {
                campaign: campaign.id.clone(),
                round: round.number,
            });
        }
        let season = self.seasons.entry(campaign.id.clone()).or_default();
        let streak = *season.streak.get_or_insert(campaign.score.streak);
        let board = season.board.get_or_insert_with(|| Board::new(streak));
        let kind = kind_by(campaign, round);
        board.add(field, &whole.barred, kind);
        let on_board = (result.standings, kind);
        season.on_board.insert(round.number, on_board);
        Ok(())
    }

    /// Forgets every board when one is another than a successor would make now: a round on it was corrected since, or
    /// another version counts rounds otherwise, or asks for a final draw over rounds that are passed. Then the shares
    /// have to be read again.
    pub(crate) fn forget_stale(&mut self, state: &ControlState) -> bool {
        let is_current = state.newest().all(|published| {
            let season = self.seasons.get(&published.compiled.campaign.id);
            season.is_none_or(|season| season.is_current(state, published))
        });
        if !is_current {
            self.seasons.clear();
        }
        !is_current
    }

    fn final_draw(
        &self,
        view: &View<'_>,
        published: &Published,
    ) -> Result<Option<Act>, ResultError> {
        let campaign = &published.compiled.campaign;
        let rounds = view.state.rounds();
        let board = self
            .seasons
            .get(&campaign.id)
            .and_then(|s| s.board.as_ref());
        let lives = rounds.of(&campaign.id).filter(|(_, life)| !life.is_void);
        let last = lives
            .filter_map(|(_, life)| life.decision.as_ref())
            .max_by_key(|(ctl, _)| *ctl);
        let (Some(board), Some((ctl, decided))) = (board, last) else {
            return Ok(None);
        };
        if let Some((round, judged)) = unbarred(view.state, &campaign.id) {
            return Err(ResultError::NobodyBarred {
                campaign: campaign.id.clone(),
                round,
                version: judged.version,
            });
        }
        let field = board.field();
        let life = rounds.life(&campaign.id, None);
        if commits(campaign) && life.is_none_or(|life| life.list.is_none()) {
            let list = list_of(campaign, None, *ctl, &field, view.now);
            return Ok(Some(Act::List(list)));
        }
        let facts = facts(view, published, None, decided)?;
        let holders = holders(view.state, (campaign, campaign), None)?;
        let result = result(published, *ctl, &facts, &field, holders, view.at);
        as_act(result).map(Some)
    }
}

impl Season {
    /// Whether a successor would make the same board of the rounds that are passed.
    fn is_current(&self, state: &ControlState, published: &Published) -> bool {
        let campaign = by(state, published);
        let Some(passed) = self.passed.filter(|_| has_final(campaign)) else {
            return true;
        };
        if self
            .streak
            .is_some_and(|streak| streak != campaign.score.streak)
        {
            return false;
        }
        let rounds = &published.compiled.campaign.rounds;
        let mut passed = rounds.iter().filter(|round| round.number <= passed);
        passed.all(|round| {
            let life = state.rounds().life(&campaign.id, Some(round.number));
            let life = life.filter(|life| !life.is_void && is_on_board(state, &campaign.id, life));
            let result = life.and_then(|life| life.result.as_ref());
            let expected = result.map(|(_, result)| (result.standings, kind_by(campaign, round)));
            self.on_board.get(&round.number) == expected.as_ref()
        })
    }
}

/// The file by which a board is made: the newest, until the final draw is made; then the one that judged that.
fn by<'s>(state: &'s ControlState, published: &'s Published) -> &'s Campaign {
    let newest = &published.compiled.campaign;
    let drawn = state.rounds().result(&newest.id, None);
    let named = drawn.and_then(|(_, drawn)| {
        let versions = state.versions(&newest.id).iter().rev();
        let mut named = versions.filter(|known| known.version == drawn.version);
        named.next()
    });
    named.map_or(newest, |named| &named.compiled.campaign)
}

/// As what a round counts on the board.
fn kind_by(campaign: &Campaign, round: &Round) -> QuestionKind {
    let own = campaign.round(round.number).unwrap_or(round);
    own.question.kind
}

/// Whether a round counts for the final draw: one that came only after that was made has no say in it.
fn is_on_board(state: &ControlState, campaign: &str, life: &Life) -> bool {
    let drawn = state.rounds().life(campaign, None);
    let drawn = drawn.and_then(|drawn| drawn.first_result);
    drawn.is_none_or(|drawn| life.first_result.is_some_and(|first| first < drawn))
}

/// The first list of a round that is due: everybody's standing is there, and the campaign commits to its secrets. What is
/// wrong with standings is told where the result is due.
fn list_due(view: &View<'_>, published: &Published, gathering: &mut Gathering) -> Option<ListAct> {
    let campaign = &published.compiled.campaign;
    campaign.rounds.iter().find_map(|round| {
        let life = view.state.rounds().life(&campaign.id, Some(round.number))?;
        let (ctl, decided) = life.decision.as_ref()?;
        let judging = judging(view.state, *ctl, decided).unwrap_or(published);
        let is_due = !life.is_void && life.list.is_none() && life.result.is_none();
        if !is_due || !commits(&judging.compiled.campaign) {
            return None;
        }
        let whole = gathering.whole(*ctl).ok()??;
        let number = Some(round.number);
        Some(list_of(campaign, number, *ctl, &whole.field, view.now))
    })
}

/// How many draws were made before this one; not told of campaigns whose rounds all wait for each other.
fn made_after(state: &ControlState, campaign: &str) -> Option<u32> {
    let mut lives = state.rounds().of(campaign);
    lives
        .any(|(_, life)| life.is_skipped)
        .then(|| state.rounds().made(campaign))
}
