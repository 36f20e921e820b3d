//! The books of one partition: which campaigns stand there, what each record does to their totals, and which
//! tallies a tick makes. Pure: records of fans stand on a [`Shelf`] that the caller brings.

use crate::claiming::Told;
use crate::copies::{Copies, Standing as CopyStanding};
use crate::failure::{Failure, read, reject};
use crate::follow::Follows;
use crate::running::Running;
use crate::seal::Cut;
use crate::sense::sense;
use crate::shelf::{self, Shelf};
use crate::versions::Versions;
use contest::Message;
use record::acts::Act;
use record::chain;
use record::envelope::{self, Envelope};
use record::identity::MessageKey;
use record::inband::{self, Copy, Tick};
use record::rounds::Share;
use record::tally::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A message is counted with the nearest campaign of its account within a day of its span, as it is
/// answered by it.
const NEIGHBOURHOOD_S: i64 = 86_400;
/// A tally is due when a tick enters another span of so many seconds.
const TALLY_EVERY_S: i64 = 10;

/// How many records of a partition were what, since the state began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages that were judged.
    pub messages: u64,
    /// Messages that no campaign stood for.
    pub no_campaign: u64,
    /// Delivery notes: they say nothing about a contest (V-4).
    pub notes: u64,
    /// Copies that were not the next one, and ignored.
    pub copies_ignored: u64,
    /// Messages that were put back and judged, after they could not be judged before; a part of `messages`.
    #[serde(default)]
    pub retries: u64,
    /// Messages that were put back although they were judged before, and ignored.
    #[serde(default)]
    pub retries_ignored: u64,
    /// Messages of a round that came after its seal; a part of `messages`.
    #[serde(default)]
    pub late_after_seal: u64,
    /// Claims of prizes that were told, one for each campaign that a message may claim in.
    #[serde(default)]
    pub claims: u64,
    /// Claims beyond those that are told of one fan.
    #[serde(default)]
    pub claims_ignored: u64,
}

/// Where a copy stands in the chain of copies, readable whatever its act is.
#[derive(Deserialize)]
struct Place {
    ctl: u64,
    prev_ctl: Option<u64>,
}

/// Classes of messages since the last commit: campaign, round, class.
pub type Classes = BTreeMap<(u16, Option<u16>, &'static str), u64>;

/// The books of one partition.
#[derive(Debug, Default)]
pub struct Book {
    pub(crate) tick: Option<i64>,
    pub(crate) copies: Copies,
    pub(crate) counts: Counts,
    pub(crate) campaigns: Vec<Running>,
    pub(crate) classes: Classes,
    pub(crate) shares: Vec<Share>,
    pub(crate) told: Vec<Told>,
    pub(crate) follows: Follows,
}

impl Book {
    /// Applies one record of `accepted`; tallies that are due are pushed to `tallies`.
    ///
    /// # Errors
    /// [`Failure::Reject`] for what can never be judged; the others when the shelf cannot be read.
    pub fn step<S: Shelf>(
        &mut self,
        value: &[u8],
        shelf: &mut S,
        versions: &Versions,
        tallies: &mut Vec<Tally>,
    ) -> Result<(), Failure<S::Error>> {
        match record::type_of(value).as_deref() {
            Some(envelope::MESSAGE) => self.message(&read(value)?, shelf),
            Some(inband::RETRY) => self.retry(&read(value)?, shelf),
            Some(inband::NOTE) => {
                self.counts.notes = self.counts.notes.saturating_add(1);
                Ok(())
            }
            Some(inband::TICK) => {
                let tick: Tick = read(value)?;
                self.pass_time(tick.t, tallies);
                Ok(())
            }
            Some(inband::COPY) => self.copy(value, shelf, versions),
            other => Err(reject(
                "unknown_type",
                format_args!("type {other:?} in accepted"),
            )),
        }
    }

    /// The newest tick, in seconds since 1970.
    #[must_use]
    pub fn tick(&self) -> Option<i64> {
        self.tick
    }

    /// How many records were what.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The campaigns that stand in this partition, in the order in which they came.
    #[must_use]
    pub fn campaigns(&self) -> &[Running] {
        &self.campaigns
    }

    /// Classes of messages since the last call.
    pub fn take_classes(&mut self) -> Classes {
        std::mem::take(&mut self.classes)
    }

    /// Shares of the rounds that were sealed since the last call, in the order of their chunks.
    pub fn take_shares(&mut self) -> Vec<Share> {
        std::mem::take(&mut self.shares)
    }

    /// Remembers that a record could not be judged, so that a message may be put back once. Without a key nobody
    /// could tell which message it was.
    pub fn rejected<S: Shelf>(&mut self, value: &[u8], shelf: &mut S) {
        #[derive(Deserialize)]
        struct Keyed {
            key: MessageKey,
        }
        let is_message = matches!(
            record::type_of(value).as_deref(),
            Some(envelope::MESSAGE | inband::RETRY)
        );
        if let (true, Ok(Keyed { key })) = (is_message, serde_json::from_slice(value)) {
            shelf.put(shelf::unjudged_key(&key), Vec::new());
        }
    }

    /// A message that was put back is judged iff it could not be judged before: never twice, and the same
    /// whether the state was kept or is folded again by a step that could judge it the first time.
    fn retry<S: Shelf>(
        &mut self,
        envelope: &Envelope<'_>,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let key = envelope.key.as_ref().map(shelf::unjudged_key);
        let is_unjudged = match &key {
            Some(key) => shelf.get(key).map_err(Failure::Shelf)?.is_some(),
            None => false,
        };
        let (Some(key), true) = (key, is_unjudged) else {
            self.counts.retries_ignored = self.counts.retries_ignored.saturating_add(1);
            return Ok(());
        };
        self.message(envelope, shelf)?;
        shelf.delete(&key);
        self.counts.retries = self.counts.retries.saturating_add(1);
        Ok(())
    }

    fn message<S: Shelf>(
        &mut self,
        envelope: &Envelope<'_>,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let message = Message {
            kind: &envelope.kind,
            text: &envelope.content.text,
            recognition: &envelope.content.recognition,
            menu_id: &envelope.menu_id,
            event: &envelope.event,
            event_key: &envelope.event_key,
            from: &envelope.from,
            create_time: envelope.create_time,
        };
        let place = self.belongs_to(&envelope.account, envelope.create_time);
        let claims;
        if let Some(running) = place.and_then(|place| self.campaigns.get_mut(place)) {
            let sense = sense(&running.compiled, &message);
            if running.apply(envelope, &sense, shelf)? {
                self.counts.late_after_seal = self.counts.late_after_seal.saturating_add(1);
            }
            let class = (running.tag, sense.round, sense.class);
            let count = self.classes.entry(class).or_default();
            *count = count.saturating_add(1);
            self.counts.messages = self.counts.messages.saturating_add(1);
            claims = sense.is_claim;
        } else {
            self.counts.no_campaign = self.counts.no_campaign.saturating_add(1);
            claims = self.claims_afterwards(&envelope.account, &message);
        }
        if claims {
            self.claim(envelope, shelf)?;
        }
        self.follows.take(envelope, shelf)
    }

    /// Of the account's campaigns the one whose span holds the CreateTime, else the nearest within a day: the
    /// same that answers the message.
    fn belongs_to(&self, account: &str, create_time: i64) -> Option<usize> {
        let of_account = |running: &&Running| running.compiled.campaign.account == account;
        let nearest = self
            .campaigns
            .iter()
            .filter(of_account)
            .map(|running| (running.distance(create_time), running))
            .filter(|(distance, _)| *distance < NEIGHBOURHOOD_S)
            .min_by_key(|(distance, running)| (*distance, running.ctl))?;
        Some(usize::from(nearest.1.tag))
    }

    /// A campaign version, where its copy stands. The place in the chain of copies is taken before the
    /// act is looked at, so that one act that cannot be applied does not stop the later ones.
    fn copy<S: Shelf>(
        &mut self,
        value: &[u8],
        shelf: &mut S,
        versions: &Versions,
    ) -> Result<(), Failure<S::Error>> {
        let place: Place = read(value)?;
        if self.copies.judge(place.ctl, place.prev_ctl) == CopyStanding::Ignored {
            self.counts.copies_ignored = self.counts.copies_ignored.saturating_add(1);
            return Ok(());
        }
        let copy: Copy = read(value)?;
        match &copy.act {
            Act::Campaign(act) => self.publish(act, copy.ctl, shelf, versions),
            Act::Round(act) => self.move_windows(act, shelf, versions),
            Act::SealDecided(decided) => {
                let link = chain::link_of(value)
                    .ok_or_else(|| reject("incomplete", "a seal's decision without a position"))?;
                let cut = Cut {
                    ctl: copy.ctl,
                    inbound: link.pos.offset(),
                };
                self.seal(decided, cut, shelf, versions)
            }
            _ => Ok(()),
        }
    }

    /// A tick that is not newer than the newest changes nothing.
    fn pass_time(&mut self, t: i64, tallies: &mut Vec<Tally>) {
        let before = self.tick;
        if before.is_some_and(|before| t <= before) {
            return;
        }
        self.tick = Some(t);
        let span = |t: i64| t.div_euclid(TALLY_EVERY_S);
        if before.is_none_or(|before| span(before) != span(t)) {
            self.campaigns
                .iter_mut()
                .for_each(|running| running.tally(t, tallies));
        }
        self.pass_hour(before, t);
    }
}
