//! The coordinator's thread and the handle to it.

use crate::copies;
use crate::publish::{PublishError, PublishRequest, Receipt, act_of};
use crate::ticks::{self, Guard};
use control::presence::say;
use control::{Control, ControlState};
use msglog::{Appender, Log, LogError};
use record::acts::Act;
use record::inband::Tick;
use record::topics::{CONTROL, INBOUND};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Commands that may wait: operators and one rehearsal's driver.
const COMMAND_QUEUE: usize = 64;
/// How long one turn waits for a command; bounds how late a tick or a stop is noticed.
const TURN: Duration = Duration::from_millis(100);
/// How long a publication waits to be applied and copied.
const PUBLISH_LIMIT: Duration = Duration::from_secs(15);
/// A version speaks from the coordinator's time plus this on, in seconds, so that every node has it by then.
const EFFECTIVE_AHEAD_S: i64 = 5;
/// How long a failed append rests before it is tried again.
const RETRY_REST: Duration = Duration::from_millis(500);

/// Where ticks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock of this machine.
    Wall,
    /// Whoever drives the rehearsal.
    Rehearsal,
}

/// What a coordinator needs to be told.
#[derive(Clone, Copy)]
pub struct Config {
    /// Partitions of `inbound`.
    pub partitions: u32,
    /// Where ticks come from.
    pub clock: Clock,
    /// The wall clock, in seconds since 1970.
    pub now: fn() -> i64,
}

/// Why a tick was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// Time goes forward only.
    #[error("tick {asked} is smaller than the newest, {newest}")]
    Backwards {
        /// Asked for.
        asked: i64,
        /// Newest.
        newest: i64,
    },
    /// The node keeps time by its wall clock.
    #[error(
        "this node runs on the wall clock; start it with `--clock rehearsal` to drive its time"
    )]
    NotRehearsal,
    /// The log did not take it.
    #[error("the tick is not durable in every partition: {0}")]
    Log(#[from] LogError),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

/// What `status` shows of the coordinator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Newest tick; `None` before the first.
    pub tick: Option<i64>,
    /// Ticks appended since the start.
    pub ticks: u64,
    /// Copies appended since the start.
    pub copies: u64,
    /// Why no tick is written, or what failed last; `None` when all is well.
    pub trouble: Option<String>,
}

type Reply<T> = SyncSender<T>;

enum Command {
    Publish(Box<PublishRequest>, Reply<Result<Receipt, PublishError>>),
    Tick(i64, Reply<Result<(), TickError>>),
}

/// Gives commands to the coordinator; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    commands: SyncSender<Command>,
    status: Arc<Mutex<Status>>,
}

impl Handle {
    /// Publishes a campaign version and returns when every inbound partition has it and ingress uses it.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn publish(&self, request: PublishRequest) -> Result<Receipt, PublishError> {
        let (reply, answer) = sync_channel(1);
        self.commands
            .send(Command::Publish(Box::new(request), reply))
            .map_err(|_| PublishError::Stopping)?;
        answer.recv().map_err(|_| PublishError::Stopping)?
    }

    /// Advances a rehearsal's clock and returns when the tick is durable in every inbound partition. The
    /// newest tick again is appended again.
    ///
    /// # Errors
    /// See [`TickError`].
    pub fn tick(&self, t: i64) -> Result<(), TickError> {
        let (reply, answer) = sync_channel(1);
        self.commands
            .send(Command::Tick(t, reply))
            .map_err(|_| TickError::Stopping)?;
        answer.recv().map_err(|_| TickError::Stopping)?
    }

    /// What `status` shows.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The coordinator: one thread that owns the writing of control, copies and ticks.
pub struct Coordinator {
    config: Config,
    control: Arc<Control>,
    log: Arc<dyn Log>,
    inbound: Arc<dyn Appender>,
    acts: Arc<dyn Appender>,
    guard: Guard,
    last_tick: Option<i64>,
    status: Arc<Mutex<Status>>,
    rest_until: Option<Instant>,
}

impl Coordinator {
    /// Starts the thread; it ends when `stop` is set.
    ///
    /// # Errors
    /// The log lacks a topic, or the thread could not be started.
    pub fn start(
        config: Config,
        log: &Arc<dyn Log>,
        control: &Arc<Control>,
        stop: &Arc<AtomicBool>,
    ) -> Result<(Handle, JoinHandle<()>), LogError> {
        let status = Arc::new(Mutex::new(Status::default()));
        let mut coordinator = Self {
            config,
            control: Arc::clone(control),
            log: Arc::clone(log),
            inbound: log.appender(INBOUND)?,
            acts: log.appender(CONTROL)?,
            guard: Guard::new(&**log)?,
            last_tick: None,
            status: Arc::clone(&status),
            rest_until: None,
        };
        let (commands, queue) = sync_channel(COMMAND_QUEUE);
        let stop = Arc::clone(stop);
        let thread = std::thread::Builder::new()
            .name("coordinator".to_owned())
            .spawn(move || coordinator.run(&queue, &stop))
            .map_err(|error| LogError::Io {
                what: "start the coordinator's thread".to_owned(),
                detail: error.to_string(),
                code: error.raw_os_error(),
            })?;
        Ok((Handle { commands, status }, thread))
    }

    fn run(&mut self, queue: &Receiver<Command>, stop: &AtomicBool) {
        while !self.control.caught_up() {
            if stop.load(Ordering::Acquire) || self.control.failure().is_some() {
                return;
            }
            self.control.wait_until(TURN, |_| self.control.caught_up());
        }
        if !self.find_newest_tick(stop) {
            return;
        }
        while !stop.load(Ordering::Acquire) {
            match queue.recv_timeout(TURN) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.rest_until.is_some_and(|until| Instant::now() < until) {
                continue;
            }
            self.rest_until = None;
            if let Err(error) = self.copy_pending().and_then(|()| self.wall_tick()) {
                self.rest_until = Some(Instant::now() + RETRY_REST);
                self.trouble(&error.to_string());
            }
        }
    }

    /// Looks for the newest tick until it can be told: without it no tick may be written. Whether the thread goes on.
    fn find_newest_tick(&mut self, stop: &AtomicBool) -> bool {
        loop {
            match ticks::newest_tick(&*self.log, self.config.partitions) {
                Ok(newest) => {
                    self.last_tick = newest;
                    self.note(|status, tick| (status.tick, status.trouble) = (tick, None));
                    return true;
                }
                Err(error) => self.trouble(&format!("looking for the newest tick: {error}")),
            }
            let rested = Instant::now() + RETRY_REST;
            while Instant::now() < rested {
                if stop.load(Ordering::Acquire) {
                    return false;
                }
                std::thread::park_timeout(TURN);
            }
        }
    }

    fn obey(&mut self, command: Command) {
        // A caller that has gone away needs no answer.
        match command {
            Command::Publish(request, reply) => drop(reply.send(self.publish(&request))),
            Command::Tick(t, reply) => drop(reply.send(self.rehearse(t))),
        }
    }

    fn rehearse(&mut self, t: i64) -> Result<(), TickError> {
        if self.config.clock != Clock::Rehearsal {
            return Err(TickError::NotRehearsal);
        }
        if let Some(newest) = self.last_tick.filter(|newest| t < *newest) {
            return Err(TickError::Backwards { asked: t, newest });
        }
        self.copy_pending()?;
        self.append_tick(t)?;
        Ok(())
    }

    fn wall_tick(&mut self) -> Result<(), LogError> {
        if self.config.clock != Clock::Wall {
            return Ok(());
        }
        let now = (self.config.now)();
        if !ticks::due(
            self.last_tick,
            now,
            ticks::round_is_live(&self.control.state(), now),
        ) {
            return Ok(());
        }
        self.guard.listen(Instant::now())?;
        if let Some(off) = self.guard.objection(now) {
            self.trouble(&format!(
                "no tick is written: the wall clock is {off} s away from the CreateTime of the last minute's \
                 messages; mend the clock, or replay recordings with `--clock rehearsal`"
            ));
            self.rest_until = Some(Instant::now() + RETRY_REST);
            return Ok(());
        }
        self.append_tick(now)
    }

    fn append_tick(&mut self, t: i64) -> Result<(), LogError> {
        let tick = match self.config.clock {
            Clock::Wall => Tick::new(t),
            Clock::Rehearsal => Tick::rehearsal(t),
        };
        copies::tick(&*self.inbound, self.config.partitions, &tick)?;
        self.last_tick = Some(t);
        self.note(|status, tick| {
            status.tick = tick;
            status.ticks += 1;
            status.trouble = None;
        });
        Ok(())
    }

    fn copy_pending(&mut self) -> Result<(), LogError> {
        loop {
            let Some(next) = self.control.state().pending_copies().front().cloned() else {
                return Ok(());
            };
            let through = next.ctl;
            copies::copy(&*self.inbound, self.config.partitions, &next)?;
            let copied = Act::Copied {
                v: record::SCHEMA_VERSION,
                through,
            };
            let at = say(&*self.acts, &copied)?;
            self.note(|status, _| status.copies += 1);
            if !self.applied(at) {
                return Err(LogError::Io {
                    what: "read control back".to_owned(),
                    detail: format!(
                        "offset {at} did not come within {} s",
                        PUBLISH_LIMIT.as_secs()
                    ),
                    code: None,
                });
            }
        }
    }

    fn publish(&mut self, request: &PublishRequest) -> Result<Receipt, PublishError> {
        let act = act_of(request, self.time().saturating_add(EFFECTIVE_AHEAD_S))?;
        self.control
            .state()
            .would_hold(&act)
            .map_err(PublishError::Conflict)?;
        let (id, version, sha256, effective) =
            (act.id.clone(), act.version, act.sha256, act.effective);
        let ctl = say(&*self.acts, &Act::Campaign(act))?;
        if !self.applied(ctl) {
            return Err(PublishError::Slow {
                ctl,
                what: "reading it back",
            });
        }
        if !self
            .control
            .state()
            .versions(&id)
            .iter()
            .any(|published| published.ctl == ctl)
        {
            return Err(PublishError::Conflict(format!(
                "another publication of {id:?} came first; look at `campaign show {id}` and publish again"
            )));
        }
        if let Err(error) = self.copy_pending() {
            self.trouble(&error.to_string());
            return Err(PublishError::Slow {
                ctl,
                what: "copying it into every partition",
            });
        }
        let snapshot = self.control.snapshot().load().number;
        Ok(Receipt {
            id,
            version,
            ctl,
            snapshot,
            effective,
            sha256,
        })
    }

    /// The coordinator's time, in seconds since 1970: the wall's, or a rehearsal's newest tick (0 before the first).
    fn time(&self) -> i64 {
        match self.config.clock {
            Clock::Wall => (self.config.now)(),
            Clock::Rehearsal => self.last_tick.unwrap_or(0),
        }
    }

    fn applied(&self, offset: u64) -> bool {
        self.control
            .wait_until(PUBLISH_LIMIT, |state: &ControlState| {
                state.next_offset() > offset
            })
    }

    fn note(&self, change: impl FnOnce(&mut Status, Option<i64>)) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut status, self.last_tick);
    }

    fn trouble(&self, what: &str) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.trouble.as_deref() != Some(what) {
            tracing::error!(what, "the coordinator cannot go on");
            status.trouble = Some(what.to_owned());
        }
    }
}
