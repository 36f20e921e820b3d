//! What the copies of control records do to the books of a partition: versions, windows, seals (Q-3 … Q-5). Never
//! what a message does.

use crate::book::Book;
use crate::failure::{Failure, reject};
use crate::running::Running;
use crate::saved::{self, standing_version};
use crate::seal::Cut;
use crate::shelf::Shelf;
use crate::versions::{Moved, Versions};
use record::acts::CampaignAct;
use record::rounds::{RoundAct, SealDecided};

impl Book {
    /// A campaign version takes over; windows that were moved stay moved for the rounds that it still has, and those of
    /// sealed rounds stay as they were sealed.
    pub(crate) fn publish<S: Shelf>(
        &mut self,
        act: &CampaignAct,
        ctl: u64,
        shelf: &mut S,
        versions: &Versions,
    ) -> Result<(), Failure<S::Error>> {
        let found = self.campaigns.iter().position(|each| each.id == act.id);
        let place = found.unwrap_or(self.campaigns.len());
        let before = found.and_then(|place| self.campaigns.get(place));
        let (held, filed) = before
            .map(|each| (each.held_windows(), each.filed.clone()))
            .unwrap_or_default();
        let compiled = standing_version(act, (&held, &filed), versions)
            .map_err(|detail| reject("campaign", detail))?;
        let tag = u16::try_from(place)
            .map_err(|_| reject("campaign", "more than 65,536 campaigns in one partition"))?;
        if let Some(running) = self.campaigns.get_mut(place) {
            running.succeed(act.version, ctl, compiled, shelf)?;
        } else {
            self.campaigns.push(Running::first(tag, act, ctl, compiled));
        }
        saved::put_version(tag, act, shelf)?;
        match self.campaigns.get(place) {
            Some(running) => saved::put_campaign(running, act, shelf),
            None => Ok(()),
        }
    }

    /// Takes over the windows of an operator's act; what is stored is counted again by them.
    pub(crate) fn move_windows<S: Shelf>(
        &mut self,
        act: &RoundAct,
        shelf: &mut S,
        versions: &Versions,
    ) -> Result<(), Failure<S::Error>> {
        if act.windows.is_empty() {
            return Ok(());
        }
        let running = named(&mut self.campaigns, &act.campaign)?;
        let published = version(running, running.version, shelf)?;
        let moved = act.windows.iter();
        let moved: Moved = moved
            .map(|window| (window.round, (window.open, window.close)))
            .collect();
        let mut held = running.held_windows();
        held.extend(&moved);
        let compiled = versions
            .compile_moved(&published, (&held, &running.filed))
            .map_err(|detail| reject("campaign", detail))?
            .ok_or_else(|| reject("campaign", "the windows of an act do not fit the campaign"))?;
        running.windows.extend(moved);
        let (version, ctl) = (running.version, running.ctl);
        running.succeed(version, ctl, compiled, shelf)?;
        saved::put_campaign(running, &published, shelf)
    }

    /// Seals a round: its first decision makes this partition's share, every later one is ignored.
    ///
    /// A decision that cannot be judged here is a dead letter and makes no share, not even an empty one: the
    /// coordinator waits for this partition where all can see it, and publishes no result without its fans. In a
    /// log that was kept whole it does not happen. `control` lets only a published campaign's round be decided,
    /// copies come in the order of `control`, and a copy is applied only behind the one before it; so whatever
    /// made the decision possible stands before it here. It takes a history that begins behind the publication,
    /// and then the fans' messages are missing too.
    pub(crate) fn seal<S: Shelf>(
        &mut self,
        decided: &SealDecided,
        cut: Cut,
        shelf: &mut S,
        versions: &Versions,
    ) -> Result<(), Failure<S::Error>> {
        let running = named(&mut self.campaigns, &decided.campaign)?;
        if running.sealed.contains_key(&decided.round) {
            self.counts.copies_ignored = self.counts.copies_ignored.saturating_add(1);
            return Ok(());
        }
        let judge = version(running, decided.version, shelf)?;
        if judge.sha256 != decided.sha256 {
            return Err(reject(
                "campaign",
                "a seal names another file of its version",
            ));
        }
        let window = (decided.open, decided.close);
        let mut windows = running.held_windows();
        windows.insert(decided.round, window);
        let compile = |windows: &Moved| {
            let compiled = versions.compile_moved(&judge, (windows, &running.filed));
            compiled.map_err(|detail| reject("campaign", detail))
        };
        // Other rounds' windows may be of a later version; the one of the decision must fit.
        let judging = match compile(&windows)? {
            Some(compiled) => compiled,
            None => compile(&Moved::from([(decided.round, window)]))?
                .ok_or_else(|| reject("campaign", "the window of a seal does not fit"))?,
        };
        let shares = running.share(decided, cut, (&judging, &self.follows), shelf)?;
        let judged = versions.compile(&judge);
        let judged = judged.map_err(|detail| reject("campaign", detail))?;
        let filed = judged.campaign.round(decided.round);
        let filed = filed.map(|round| (decided.round, (round.open, round.close)));
        running.filed.extend(filed);
        running.sealed.insert(decided.round, window);
        running.rolls.end(decided.round);
        let stands = version(running, running.version, shelf)?;
        saved::put_campaign(running, &stands, shelf)?;
        self.shares.extend(shares);
        Ok(())
    }
}

fn named<'a, E>(campaigns: &'a mut [Running], id: &str) -> Result<&'a mut Running, Failure<E>> {
    let found = campaigns.iter_mut().find(|each| each.id == id);
    found.ok_or_else(|| reject("campaign", format_args!("no campaign {id:?} stands here")))
}

/// A version that stood or stands here.
fn version<S: Shelf>(
    running: &Running,
    version: u32,
    shelf: &mut S,
) -> Result<CampaignAct, Failure<S::Error>> {
    saved::get_version(running.tag, version, shelf)?.ok_or_else(|| {
        let id = &running.id;
        reject(
            "campaign",
            format_args!("campaign {id:?} has no version {version} here"),
        )
    })
}
