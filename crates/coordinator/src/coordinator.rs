//! The coordinator's thread: standing by, leading, and the way between them.

use crate::handle::{Command, Handle};
use crate::lead::{Around, Lead, LeadError};
use crate::metrics::Metrics;
use crate::office::Office;
use crate::publish::PublishError;
use crate::recount::Recount;
use crate::retry::RetryError;
use crate::rounds::RoundError;
use crate::secrets::Key;
use crate::status::Board;
use crate::ticks::TickError;
use control::Control;
use msglog::{Log, LogError};
use record::envelope::DeliveryId;
use record::hexed::Hex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Commands that may wait: operators and one rehearsal's driver.
const COMMAND_QUEUE: usize = 64;
/// How long one turn waits for a command; bounds how late a tick or a stop is noticed.
const TURN: Duration = Duration::from_millis(100);
/// How long a failure rests before the work is taken up again.
const RETRY_REST: Duration = Duration::from_millis(500);
/// How long commands wait for this process to take over while nobody leads: the limit of a take-over.
const TAKE_OVER_LIMIT: Duration = Duration::from_secs(10);

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
    /// This node, as its HELLO names it.
    pub node: Hex<8>,
    /// This boot of it.
    pub boot: Hex<8>,
    /// The installation's key, for the secrets of draws.
    pub key: Key,
}

impl Config {
    /// Id of a delivery that the coordinator makes. Ingress of the same boot counts from the bottom.
    pub(crate) fn delivery(&self, number: u64) -> DeliveryId {
        DeliveryId {
            node: self.node,
            boot: self.boot,
            seq: number | 1 << 63,
        }
    }
}

/// The coordinator of this process: one thread, which leads when its process owns the role.
pub struct Coordinator {
    around: Around,
    office: Office,
    lead: Option<Lead>,
    /// Since when this process has stood by.
    stood_by: Instant,
    rest_until: Option<Instant>,
}

impl Coordinator {
    /// Starts the thread; it ends when `stop` is set. A log that is away is waited for. Corrections are held against
    /// what `recount` counts.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn start(
        config: Config,
        log: &Arc<dyn Log>,
        control: &Arc<Control>,
        metrics: Metrics,
        recount: Arc<dyn Recount>,
        stop: &Arc<AtomicBool>,
    ) -> Result<(Handle, JoinHandle<()>), LogError> {
        let board = Board::new(metrics);
        let mut coordinator = Self {
            around: Around {
                config,
                control: Arc::clone(control),
                log: Arc::clone(log),
                board: board.clone(),
                recount,
                stop: Arc::clone(stop),
            },
            office: Office::new(),
            lead: None,
            stood_by: Instant::now(),
            rest_until: None,
        };
        let (commands, queue) = sync_channel(COMMAND_QUEUE);
        let thread = std::thread::Builder::new()
            .name("coordinator".to_owned())
            .spawn(move || coordinator.run(&queue))
            .map_err(|error| LogError::Io {
                what: "start the coordinator's thread".to_owned(),
                detail: error.to_string(),
                code: error.raw_os_error(),
            })?;
        Ok((Handle { commands, board }, thread))
    }

    fn run(&mut self, queue: &Receiver<Command>) {
        while !self.around.stop.load(Ordering::Acquire) {
            if self.rests() {
                self.stand_by(queue);
                std::thread::park_timeout(TURN);
                continue;
            }
            let wait = if self.office.is_owner() {
                Duration::ZERO
            } else {
                TURN
            };
            match self.office.follow(&*self.around.log, wait) {
                Ok(true) => {}
                Ok(false) => {
                    self.lose(queue);
                    self.stand_by(queue);
                    continue;
                }
                Err(error) => {
                    self.fail(queue, &error.into());
                    continue;
                }
            }
            if let Err(error) = self.turn(queue) {
                self.fail(queue, &error);
            }
        }
        self.lead = None;
        self.around.board.stands_by();
        self.office.leave();
    }

    /// One turn of the owner.
    fn turn(&mut self, queue: &Receiver<Command>) -> Result<(), LeadError> {
        let Self {
            around,
            office,
            lead,
            ..
        } = self;
        let lead = match lead {
            Some(lead) => lead,
            None => {
                if !around.control.caught_up() {
                    around
                        .control
                        .wait_until(TURN, |_| around.control.caught_up());
                    return Ok(());
                }
                let taken = lead.insert(Lead::take_over(around, office)?);
                tracing::info!("this process coordinates from now on");
                taken
            }
        };
        lead.go_on(around, office)?;
        match queue.recv_timeout(TURN) {
            Ok(command) => obey(lead, around, office, command),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            // Every handle is gone; time goes on all the same.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::park_timeout(TURN);
                Ok(())
            }
        }
    }

    fn rests(&mut self) -> bool {
        let rests = self.rest_until.is_some_and(|until| Instant::now() < until);
        if !rests {
            self.rest_until = None;
        }
        rests
    }

    /// Ends the lead after a failure. Appenders, readers and the newest tick are looked up anew by the next one.
    fn fail(&mut self, queue: &Receiver<Command>, error: &LeadError) {
        match error {
            LeadError::NotOwner => self.lose(queue),
            LeadError::Stopping => {}
            LeadError::Log(error) => {
                self.around.board.trouble(&error.to_string());
                self.end_lead();
                self.rest_until = Some(Instant::now() + RETRY_REST);
            }
        }
    }

    fn end_lead(&mut self) {
        if self.lead.take().is_some() {
            self.stood_by = Instant::now();
        }
        self.around.board.stands_by();
    }

    /// The role went to another process: nothing more is written, and who waits is told.
    fn lose(&mut self, queue: &Receiver<Command>) {
        if self.lead.is_none() {
            return;
        }
        tracing::warn!("this process does not coordinate any more; another has taken over");
        self.end_lead();
        let mut status = self.around.board.lock();
        (status.tick, status.trouble) = (None, None);
        drop(status);
        queue.try_iter().for_each(Command::refuse);
    }

    /// Refuses commands when somebody else leads, or nobody has taken over in time; until then they wait.
    fn stand_by(&self, queue: &Receiver<Command>) {
        let Around {
            config, control, ..
        } = &self.around;
        let leader = control.state().leader();
        let is_other =
            leader.is_some_and(|leader| (leader.node, leader.boot) != (config.node, config.boot));
        if is_other && !self.office.is_owner() || self.stood_by.elapsed() >= TAKE_OVER_LIMIT {
            queue.try_iter().for_each(Command::refuse);
        }
    }
}

/// A thread that has ended, by a panic too, does not lead.
impl Drop for Coordinator {
    fn drop(&mut self) {
        self.around.board.stands_by();
    }
}

/// Does what is asked and answers it. The error ends the lead.
fn obey(
    lead: &mut Lead,
    around: &Around,
    office: &Office,
    command: Command,
) -> Result<(), LeadError> {
    // A caller that has gone away needs no answer.
    match command {
        Command::Publish(request, reply) => {
            let done = lead.publish(around, office, &request);
            let ends = match &done {
                Err(PublishError::NotOwner | PublishError::Moved { .. }) => {
                    Err(LeadError::NotOwner)
                }
                Err(PublishError::Log(error)) => Err(error.clone().into()),
                _ => Ok(()),
            };
            drop(reply.send(done));
            ends
        }
        Command::Tick(t, reply) => {
            let done = lead.rehearse(around, office, t);
            let ends = match &done {
                Err(TickError::NotOwner) => Err(LeadError::NotOwner),
                Err(TickError::Log(error)) => Err(error.clone().into()),
                _ => Ok(()),
            };
            drop(reply.send(done));
            ends
        }
        Command::Retry(request, reply) => {
            let done = lead.retry(around, office, &request);
            let ends = match &done {
                Err(RetryError::NotOwner) => Err(LeadError::NotOwner),
                Err(RetryError::Log(error)) => Err(error.clone().into()),
                _ => Ok(()),
            };
            drop(reply.send(done));
            ends
        }
        Command::Round(request, reply) => {
            let done = lead.round(around, office, &request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
        Command::Standings(request, reply) => {
            let done = lead.standings(around, office, *request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
        Command::Correct(request, reply) => {
            lead.correct(around, *request, reply);
            Ok(())
        }
        Command::Award(request, reply) => {
            let done = lead.award(around, office, &request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
        Command::Stock(request, reply) => {
            let done = lead.stock(around, office, &request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
        Command::Reveal(request, reply) => {
            let done = lead.reveal(around, office, &request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
        Command::Operate(request, reply) => {
            let done = lead.operate(around, office, *request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
        Command::Beacon(request, reply) => {
            let done = lead.beacon(around, office, &request);
            let ends = ends(&done);
            drop(reply.send(done));
            ends
        }
    }
}

/// The failures of an operator's act that end the lead.
fn ends<T>(done: &Result<T, RoundError>) -> Result<(), LeadError> {
    match done {
        Err(RoundError::NotOwner) => Err(LeadError::NotOwner),
        Err(RoundError::Log(error)) => Err(error.clone().into()),
        _ => Ok(()),
    }
}
