//! The coordinator's handle: commands into its bounded queue, answers back. It never acts by itself.

use crate::corrected::StandingsRequest;
use crate::operate::{OperateRequest, Operated};
use crate::prizes::AwardRequest;
use crate::publish::{PublishError, PublishRequest, Receipt};
use crate::retry::{Retried, RetryError, RetryRequest};
use crate::rounds::{BeaconRequest, CorrectRequest, RoundError, RoundReceipt, RoundRequest};
use crate::status::{Board, Status};
use crate::stock::{RevealRequest, Revealed, StockReceipt, StockRequest};
use crate::ticks::TickError;
use std::sync::mpsc::{SyncSender, sync_channel};

pub(crate) type Reply<T> = SyncSender<T>;

/// What the thread is asked to do.
pub(crate) enum Command {
    Publish(Box<PublishRequest>, Reply<Result<Receipt, PublishError>>),
    Tick(i64, Reply<Result<(), TickError>>),
    Retry(Box<RetryRequest>, Reply<Result<Retried, RetryError>>),
    Round(Box<RoundRequest>, Reply<Result<RoundReceipt, RoundError>>),
    Standings(Box<StandingsRequest>, Reply<Result<u64, RoundError>>),
    Correct(Box<CorrectRequest>, Reply<Result<Vec<u64>, RoundError>>),
    Award(Box<AwardRequest>, Reply<Result<u64, RoundError>>),
    Stock(Box<StockRequest>, Reply<Result<StockReceipt, RoundError>>),
    Reveal(Box<RevealRequest>, Reply<Result<Revealed, RoundError>>),
    Beacon(Box<BeaconRequest>, Reply<Result<u64, RoundError>>),
    Operate(Box<OperateRequest>, Reply<Result<Operated, RoundError>>),
}

impl Command {
    /// Answers that another process coordinates. A caller that has gone away needs no answer.
    pub(crate) fn refuse(self) {
        match self {
            Self::Publish(_, reply) => drop(reply.send(Err(PublishError::NotOwner))),
            Self::Tick(_, reply) => drop(reply.send(Err(TickError::NotOwner))),
            Self::Retry(_, reply) => drop(reply.send(Err(RetryError::NotOwner))),
            Self::Round(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Standings(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Correct(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Award(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Stock(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Reveal(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Beacon(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
            Self::Operate(_, reply) => drop(reply.send(Err(RoundError::NotOwner))),
        }
    }
}

/// Gives commands to the coordinator; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) commands: SyncSender<Command>,
    pub(crate) board: Board,
}

impl Handle {
    /// Gives a command and waits for its answer; `None` when the coordinator is stopping.
    fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Option<T> {
        let (reply, answer) = sync_channel(1);
        self.commands.send(command(reply)).ok()?;
        answer.recv().ok()
    }

    /// Publishes a campaign version and returns when every inbound partition has it and ingress uses it.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn publish(&self, request: PublishRequest) -> Result<Receipt, PublishError> {
        self.ask(|reply| Command::Publish(Box::new(request), reply))
            .unwrap_or(Err(PublishError::Stopping))
    }

    /// Advances a rehearsal's clock and returns when the tick is durable in every inbound partition and the
    /// acts due at it stand in control. The newest tick again is appended again.
    ///
    /// # Errors
    /// See [`TickError`].
    pub fn tick(&self, t: i64) -> Result<(), TickError> {
        self.ask(|reply| Command::Tick(t, reply))
            .unwrap_or(Err(TickError::Stopping))
    }

    /// Puts a dead letter back into the same partition of `inbound` and returns where it stands, durable.
    ///
    /// # Errors
    /// See [`RetryError`].
    pub fn retry(&self, request: RetryRequest) -> Result<Retried, RetryError> {
        self.ask(|reply| Command::Retry(Box::new(request), reply))
            .unwrap_or(Err(RetryError::Stopping))
    }

    /// Does an operator's act on a round and returns when every inbound partition has it.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn round(&self, request: RoundRequest) -> Result<RoundReceipt, RoundError> {
        self.ask(|reply| Command::Round(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Brings a part of the standings behind a corrected result; its offset in `control`. A part that stands
    /// already is not appended again.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn standings(&self, request: StandingsRequest) -> Result<u64, RoundError> {
        self.ask(|reply| Command::Standings(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Publishes corrected results whose standings are in the log, once the messages were counted again and give the
    /// same, byte for byte; that takes seconds. The same request again publishes the rest. Returns their offsets in `control`, in the order of the request.
    ///
    /// # Errors
    /// See [`RoundError`]. Those before the one that failed stand.
    pub fn correct(&self, request: CorrectRequest) -> Result<Vec<u64>, RoundError> {
        self.ask(|reply| Command::Correct(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Says what became of an award; the offset of that in `control`.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn award(&self, request: AwardRequest) -> Result<u64, RoundError> {
        self.ask(|reply| Command::Award(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Brings secrets for units of a prize.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn stock(&self, request: StockRequest) -> Result<StockReceipt, RoundError> {
        self.ask(|reply| Command::Stock(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Shows the secret of a unit that a winner has, and what he wrote to claim it, once a record in `control` says so.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn reveal(&self, request: RevealRequest) -> Result<Revealed, RoundError> {
        self.ask(|reply| Command::Reveal(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Brings the beacon of a draw at L2, or the reason to do without. The offset of that in `control`.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn beacon(&self, request: BeaconRequest) -> Result<u64, RoundError> {
        self.ask(|reply| Command::Beacon(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Does an operator's act that acts at once and changes no result, and returns when control says so.
    ///
    /// # Errors
    /// See [`RoundError`].
    pub fn operate(&self, request: OperateRequest) -> Result<Operated, RoundError> {
        self.ask(|reply| Command::Operate(Box::new(request), reply))
            .unwrap_or(Err(RoundError::Stopping))
    }

    /// Whether this process leads now. Acts to one that does not are answered with `NotOwner`.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.board.lock().leads
    }

    /// What `status` shows.
    #[must_use]
    pub fn status(&self) -> Status {
        self.board.lock().clone()
    }
}
