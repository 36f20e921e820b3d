//! The coordinator's handle: commands into its bounded queue, answers back. It never acts by itself.

use crate::publish::{PublishError, PublishRequest, Receipt};
use crate::retry::{Retried, RetryError, RetryRequest};
use crate::status::{Board, Status};
use crate::ticks::TickError;
use std::sync::mpsc::{SyncSender, sync_channel};

pub(crate) type Reply<T> = SyncSender<T>;

/// What the thread is asked to do.
pub(crate) enum Command {
    Publish(Box<PublishRequest>, Reply<Result<Receipt, PublishError>>),
    Tick(i64, Reply<Result<(), TickError>>),
    Retry(Box<RetryRequest>, Reply<Result<Retried, RetryError>>),
}

impl Command {
    /// Answers that another process coordinates. A caller that has gone away needs no answer.
    pub(crate) fn refuse(self) {
        match self {
            Self::Publish(_, reply) => drop(reply.send(Err(PublishError::NotOwner))),
            Self::Tick(_, reply) => drop(reply.send(Err(TickError::NotOwner))),
            Self::Retry(_, reply) => drop(reply.send(Err(RetryError::NotOwner))),
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

    /// Puts a dead letter back into the same partition of `inbound` and returns where it stands, durable.
    ///
    /// # Errors
    /// See [`RetryError`].
    pub fn retry(&self, request: RetryRequest) -> Result<Retried, RetryError> {
        let (reply, answer) = sync_channel(1);
        self.commands
            .send(Command::Retry(Box::new(request), reply))
            .map_err(|_| RetryError::Stopping)?;
        answer.recv().map_err(|_| RetryError::Stopping)?
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
