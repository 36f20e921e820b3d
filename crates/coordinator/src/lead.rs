//! The work of the one that leads: takes over, keeps time, copies, publishes, puts dead letters back. Every
//! append asks first whether this process still owns the role; a failed one ends the lead, and the next take-over
//! begins from what the log says. Never who owns: that is [`crate::office`].

use crate::coordinator::{Clock, Config};
use crate::copies;
use crate::corrected::Shelf;
use crate::correcting::Pending;
use crate::finals::fits_final;
use crate::gather::{Archive, Gathering};
use crate::giving::Looks;
use crate::guard::Guard;
use crate::metrics::Stopwatch;
use crate::publish::{PublishError, PublishRequest, Receipt, act_of};
use crate::recount::Recount;
use crate::results::Results;
use crate::retry::{Retried, RetryError, RetryRequest};
use crate::seals::Ear;
use crate::status::Board;
use crate::ticks::{self, TickError};
use control::presence::{say, say_all};
use control::windows::EFFECTIVE_AHEAD_S;
use control::{Control, ControlState};
use msglog::{Appender, Log, LogError};
use record::SCHEMA_VERSION;
use record::acts::{Act, Leads};
use record::inband::Tick;
use record::topics::{CONTROL, INBOUND};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a record of control may take to be read back.
const READ_BACK_LIMIT: Duration = Duration::from_secs(15);
/// How often a wait looks whether it is still of use.
const LOOK: Duration = Duration::from_millis(100);

/// Whether this process may append now.
pub(crate) trait Seat {
    /// Asked before each append.
    fn is_owner(&self) -> bool;
}

impl Seat for crate::office::Office {
    fn is_owner(&self) -> bool {
        Self::is_owner(self)
    }
}

/// Why the lead ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeadError {
    #[error("another process has taken over the coordinator's work")]
    NotOwner,
    #[error("the coordinator is stopping")]
    Stopping,
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What outlives a lead.
pub(crate) struct Around {
    pub(crate) config: Config,
    pub(crate) control: Arc<Control>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) board: Board,
    pub(crate) recount: Arc<dyn Recount>,
    pub(crate) stop: Arc<AtomicBool>,
}

/// One lead, from taking over to losing the role or a failure.
pub(crate) struct Lead {
    inbound: Arc<dyn Appender>,
    acts: Arc<dyn Appender>,
    guard: Guard,
    pub(crate) last_tick: Option<i64>,
    pub(crate) ear: Ear,
    pub(crate) gathering: Gathering,
    pub(crate) results: Results,
    pub(crate) archive: Archive,
    pub(crate) shelf: Shelf,
    pub(crate) looks: Looks,
    /// A correction that is held against the messages.
    pub(crate) correcting: Option<Pending>,
    pub(crate) stopwatch: Stopwatch,
    /// Dead letters put back by this lead; part of their delivery ids.
    retried: u64,
}

impl Lead {
    /// Takes over: control read to its end, this process named as the leader, the newest tick found, everything
    /// after the last COPIED copied.
    pub(crate) fn take_over(around: &Around, seat: &dyn Seat) -> Result<Self, LeadError> {
        let Around {
            config,
            control,
            log,
            ..
        } = around;
        // The follower may trail what the predecessor wrote.
        let end = log.end_offset(CONTROL, 0)?;
        around.wait_for(seat, |state| state.next_offset() >= end)?;
        let mut lead = Self {
            inbound: log.prompt_appender(INBOUND)?,
            acts: log.prompt_appender(CONTROL)?,
            guard: Guard::new(&**log)?,
            last_tick: None,
            ear: Ear::new(&**log)?,
            gathering: Gathering::new(&**log, config.partitions)?,
            results: Results::default(),
            archive: Archive::new(log, config.partitions),
            shelf: Shelf::new(log),
            looks: Looks::default(),
            correcting: None,
            stopwatch: Stopwatch::default(),
            retried: 0,
        };
        let me = Leads {
            v: SCHEMA_VERSION,
            node: config.node,
            boot: config.boot,
        };
        let named = control.state().leader();
        if named.is_none_or(|leader| (leader.node, leader.boot) != (me.node, me.boot)) {
            lead.write(around, seat, &Act::Leads(me))?;
        }
        lead.last_tick = ticks::newest_tick(&**log, config.partitions, &around.stop)?;
        lead.copy_pending(around, seat)?;
        let mut status = around.board.lock();
        (status.leads, status.tick, status.trouble) = (true, lead.last_tick, None);
        status.take_overs = status.take_overs.saturating_add(1);
        around.board.metrics.take_overs.inc();
        drop(status);
        Ok(lead)
    }

    /// Does what is due without being asked: copies, the wall clock's tick, what follows from both; and a correction
    /// that was held against the messages.
    pub(crate) fn go_on(&mut self, around: &Around, seat: &dyn Seat) -> Result<(), LeadError> {
        self.copy_pending(around, seat)?;
        self.wall_tick(around, seat)?;
        self.judge(around, seat)?;
        self.go_on_correcting(around, seat)
    }

    pub(crate) fn rehearse(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        t: i64,
    ) -> Result<(), TickError> {
        if around.config.clock != Clock::Rehearsal {
            return Err(TickError::NotRehearsal);
        }
        if let Some(newest) = self.last_tick.filter(|newest| t < *newest) {
            return Err(TickError::Backwards { asked: t, newest });
        }
        self.copy_pending(around, seat)?;
        self.append_tick(around, seat, t)?;
        Ok(self.judge(around, seat)?)
    }

    fn wall_tick(&mut self, around: &Around, seat: &dyn Seat) -> Result<(), LeadError> {
        let Config { clock, now, .. } = around.config;
        if clock != Clock::Wall {
            return Ok(());
        }
        let now = now();
        let live = ticks::round_is_live(&around.control.state(), now);
        if !ticks::due(self.last_tick, now, live) {
            return Ok(());
        }
        self.guard.listen(Instant::now())?;
        let objection = self.guard.objection(now);
        if let Some(off) = objection {
            let allowed = around.control.state().guard_lifted(now).map(|act| {
                let (until, actor, reason) = (act.until, &act.actor, &act.reason);
                format!(
                    "ticks although the wall clock is {off} s away from the fans' messages: {actor} allows it until \
                     {until} ({reason})"
                )
            });
            around.board.lock().allowed.clone_from(&allowed);
            if allowed.is_none() {
                around.board.trouble(&format!(
                    "no tick is written: the wall clock is {off} s away from the CreateTime of the last minute's \
                     messages; mend the clock, replay recordings with `--clock rehearsal`, or allow it for a while \
                     with `spillway clock allow`"
                ));
                return Ok(());
            }
        } else {
            around.board.lock().allowed = None;
        }
        self.append_tick(around, seat, now)
    }

    fn append_tick(&mut self, around: &Around, seat: &dyn Seat, t: i64) -> Result<(), LeadError> {
        let tick = match around.config.clock {
            Clock::Wall => Tick::new(t),
            Clock::Rehearsal => Tick::rehearsal(t),
        };
        owned(seat)?;
        copies::tick(&*self.inbound, around.config.partitions, &tick)?;
        self.last_tick = Some(t);
        let mut status = around.board.lock();
        (status.tick, status.trouble) = (Some(t), None);
        status.ticks = status.ticks.saturating_add(1);
        Ok(())
    }

    /// Copies what is not known to stand in every partition, one act after another.
    pub(crate) fn copy_pending(&self, around: &Around, seat: &dyn Seat) -> Result<(), LeadError> {
        loop {
            let Some(next) = around.control.state().pending_copies().front().cloned() else {
                return Ok(());
            };
            owned(seat)?;
            copies::copy(&*self.inbound, around.config.partitions, &next)?;
            let copied = Act::Copied {
                v: SCHEMA_VERSION,
                through: next.ctl,
            };
            self.write(around, seat, &copied)?;
            let mut status = around.board.lock();
            status.copies = status.copies.saturating_add(1);
        }
    }

    pub(crate) fn publish(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &PublishRequest,
    ) -> Result<Receipt, PublishError> {
        let control = &around.control;
        let effective = self.effective(around);
        // Before the first tick of a rehearsal nobody knows the time.
        let at = Some(self.time(around)).filter(|at| *at > 0);
        let (act, campaign, warnings) = act_of(request, effective, at)?;
        {
            let state = control.state();
            let holds = state.would_hold(&act);
            let holds = holds.and_then(|()| fits_final(&state, &campaign));
            holds.map_err(PublishError::Conflict)?;
        }
        let (id, version, sha256) = (act.id.clone(), act.version, act.sha256);
        owned(seat)?;
        let ctl = say(&*self.acts, &Act::Campaign(act))?;
        if around
            .wait_for(seat, |state| state.next_offset() > ctl)
            .is_err()
        {
            return Err(PublishError::Slow {
                ctl,
                what: "reading it back",
            });
        }
        let held = |state: &ControlState| state.versions(&id).iter().any(|v| v.ctl == ctl);
        if !held(&control.state()) {
            return Err(PublishError::Conflict(format!(
                "another publication of {id:?} came first; look at `campaign show {id}` and publish again"
            )));
        }
        if let Err(error) = self.copy_pending(around, seat) {
            around.board.trouble(&error.to_string());
            return Err(match error {
                LeadError::NotOwner => PublishError::Moved { ctl },
                _ => PublishError::Slow {
                    ctl,
                    what: "copying it into every partition",
                },
            });
        }
        let snapshot = control.snapshot().load().number;
        Ok(Receipt {
            id,
            version,
            ctl,
            snapshot,
            effective,
            sha256,
            warnings,
        })
    }

    pub(crate) fn retry(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &RetryRequest,
    ) -> Result<Retried, RetryError> {
        self.retried = self.retried.saturating_add(1);
        let delivery = around.config.delivery(self.retried);
        let record = request.record(&around.config, delivery)?;
        owned(seat)?;
        let offset = copies::one(&*self.inbound, record)?;
        let mut status = around.board.lock();
        status.retries = status.retries.saturating_add(1);
        Ok(Retried {
            partition: request.partition,
            offset,
        })
    }

    /// Appends an act to control and waits until this process has read it back.
    pub(crate) fn write(
        &self,
        around: &Around,
        seat: &dyn Seat,
        act: &Act,
    ) -> Result<u64, LeadError> {
        owned(seat)?;
        let at = say(&*self.acts, act)?;
        around.wait_for(seat, |state| state.next_offset() > at)?;
        Ok(at)
    }

    /// Appends acts to control, in their order, and waits until this process has read them back.
    pub(crate) fn write_all(
        &self,
        around: &Around,
        seat: &dyn Seat,
        acts: &[Act],
    ) -> Result<(), LeadError> {
        owned(seat)?;
        let last = say_all(&*self.acts, acts)?;
        let Some(last) = last else { return Ok(()) };
        around.wait_for(seat, |state| state.next_offset() > last)
    }

    /// From which CreateTime on replies know of what is written now.
    pub(crate) fn effective(&self, around: &Around) -> i64 {
        self.time(around).saturating_add(EFFECTIVE_AHEAD_S)
    }

    /// The coordinator's time, in seconds since 1970: the wall's, or a rehearsal's newest tick (0 before the first).
    pub(crate) fn time(&self, around: &Around) -> i64 {
        match around.config.clock {
            Clock::Wall => (around.config.now)(),
            Clock::Rehearsal => self.last_tick.unwrap_or(0),
        }
    }
}

/// Whether this process may append now.
pub(crate) fn owned(seat: &dyn Seat) -> Result<(), LeadError> {
    if seat.is_owner() {
        Ok(())
    } else {
        Err(LeadError::NotOwner)
    }
}

impl Around {
    pub(crate) fn wait_for(
        &self,
        seat: &dyn Seat,
        done: impl Fn(&ControlState) -> bool,
    ) -> Result<(), LeadError> {
        let deadline = Instant::now() + READ_BACK_LIMIT;
        while !self.control.wait_until(LOOK, &done) {
            owned(seat)?;
            if self.stop.load(Ordering::Acquire) {
                return Err(LeadError::Stopping);
            }
            if Instant::now() >= deadline || self.control.failure().is_some() {
                let detail = format!("it did not come within {} s", READ_BACK_LIMIT.as_secs());
                return Err(LeadError::Log(LogError::Io {
                    what: "read control back".to_owned(),
                    detail: self
                        .control
                        .failure()
                        .or_else(|| self.control.away())
                        .unwrap_or(detail),
                    code: None,
                }));
            }
        }
        Ok(())
    }
}
