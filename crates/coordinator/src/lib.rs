//! Keeps time, publishes campaigns, seals rounds, fixes results and prizes, copies control into every inbound partition.
//!
//! One process at a time does this: the owner of control's single partition in the role's own group. The
//! others stand by. One thread owns all that is written. Its commands come through a bounded queue and are
//! answered one by one: publish a campaign, advance the rehearsal's clock, put a dead letter back. Between
//! commands it does what is due: the next tick of the wall clock, the next copy. It decides nothing that the log
//! does not say: a successor reads the same log and goes on, and two that lead for a moment do no harm.
//!
//! * [`coordinator`]: the thread, [`handle`] what gives it commands
//! * [`office`]: who coordinates; `lead`: the work of the one that does
//! * [`prizes`]: what is due of units, awards and public texts
//! * [`publish`]: a publication, from text to COPIED
//! * [`retry`]: a dead letter put back
//! * [`rounds`]: operators' acts on rounds; `season`: what a lead does about them
//! * `seals`: the way of a seal; `gather`: the shares; `results`: what is due of them;
//!   `finals`: what the final draw asks; `revealed`: secret and beacon; [`conclusions`]: how it is made
//! * [`corrections`]: what another file makes of results; [`fits`]: what it may change; [`drawn`]: records, read
//! * `corrected`: the standings of corrected results, brought and read back; [`recount`]: what the messages give,
//!   counted beside everything else; `correcting`: both held together, and published
//! * [`claims`]: what fans have claimed; `details`: what they wrote, sealed
//! * [`secrets`]: the secrets of draws and of units, encrypted; [`stock`]: those of units, in and out
//! * [`ticks`]: when a tick is due; `guard`: against a clock gone wrong
//! * [`operate`]: operators' acts that act at once and change no result
//! * [`copies`]: records into every inbound partition, in order
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod claims;
pub mod conclusions;
pub mod coordinator;
pub mod copies;
mod corrected;
mod correcting;
pub mod corrections;
mod details;
mod digests;
pub mod drawn;
mod finals;
pub mod fits;
mod gather;
mod giving;
mod guard;
pub mod handle;
mod lead;
mod metrics;
pub mod office;
pub mod operate;
pub mod prizes;
pub mod publish;
pub mod recount;
mod results;
pub mod retry;
mod revealed;
pub mod rounds;
mod seals;
mod season;
pub mod secrets;
mod status;
pub mod stock;
pub mod ticks;

#[cfg(test)]
mod tests;

pub use claims::{Claims, Sent};
pub use conclusions::result_act;
pub use coordinator::{Clock, Config, Coordinator};
pub use corrected::StandingsRequest;
pub use corrections::{Corrected, Judge, Sealed, Stood};
pub use drawn::Drawn;
pub use handle::Handle;
pub use metrics::Metrics;
pub use operate::{OperateRequest, Operated, Operation};
pub use prizes::AwardRequest;
pub use publish::{PublishError, PublishRequest, Receipt};
pub use recount::{Asked, Recount};
pub use retry::{Retried, RetryError, RetryRequest};
pub use revealed::told;
pub use rounds::{BeaconRequest, CorrectRequest, RoundError, RoundReceipt, RoundRequest};
pub use seals::Sealing;
pub use secrets::{Key, commitment_of};
pub use status::Status;
pub use stock::{RevealRequest, Revealed, StockReceipt, StockRequest};
pub use ticks::TickError;
