//! Joins, candidates and tallies of the rounds; at a seal, each fan's standing in them.
//!
//! quiz reads `accepted` and judges what fans said by the campaign version that stands before it in its
//! partition. What happens to one record:
//!
//! ```text
//!  accepted ─▶ copy     the next in the chain of copies: a campaign version is compiled and stands from here;
//!                       everything that is stored is read again by it
//!              message  belongs to a campaign by account and span, or is counted as `no_campaign`
//!                       classified (C.5); then, by round:
//!                         join          the fan's joins, in the window or outside every round
//!                         answer        a raw candidate, in [open − 60 s, close + 60 s)
//!                         wrong format  counted, in the window
//!                         claim         told for each campaign of the account with prizes, without its words ─▶ results
//!                       the totals of the round change by what the fan was and what the fan is
//!              tick     every ten seconds of event time: a tally of each round that has changed  ─▶ results
//!                       every hour, where prizes are given: that all claims before it are told      ─▶ results
//!              note     counted: a re-delivery changes nothing (V-4)
//!              anything else                                         ─▶ accepted.dead, a failure of judging
//! ```
//!
//! Per fan and round the ten smallest and ten largest attempts stand in the state, in the order
//! `(create_time, msg_id)` (Q-9) and never in that of arrival; which of them counts follows from the
//! question's policy and the campaign's joins (Q-8, Q-10). Totals live in memory and are saved with every
//! commit; each carries the sum of its lines' hashes, so that a digest of the run is there at any moment.
//! A round is provisional until the copy of its seal's decision: there the stored attempts are judged by the
//! version and window that it names, and the partition's share of the standings goes to `results` (Q-5). What
//! comes for the round afterwards is counted as late and changes nothing in it (Q-7); a join among it still
//! counts for the rounds that are not sealed (Q-10).
//!
//! Who follows is asked only at a seal (Q-29). Where an award follows the last round, each share tells besides its
//! standings which other fans of the campaign cannot win: whoever of them stands on the board did not have to answer
//! this round, and only this partition knows whether he follows. What is kept says the same as every sign would: the first and the
//! latest sign and the latest unsubscribe of each fan of an account, whatever campaign stood. So a campaign that is
//! published later finds the signs from before it, and an unsubscribe that arrives late finds every message that is
//! later than it. What a batch changes of that is written as one entry (`follow`).
//!
//! [`counting`], [`candidate`], [`fan`], [`totals`] and the books are pure; only the fold meets the
//! runner. [`Recount`] runs the same steps in memory for commands that read history, and [`sum_tallies`]
//! adds up what the partitions wrote.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod acting;
mod book;
pub mod candidate;
mod claiming;
pub mod codec;
mod copies;
pub mod counting;
mod failure;
pub mod fan;
mod fold;
mod follow;
mod memory;
mod metrics;
mod recount;
mod rejudge;
mod roll;
mod running;
mod saved;
mod seal;
mod sense;
mod shelf;
pub mod times;
mod totals;
mod versions;

pub use book::{Book, Classes, Counts};
pub use claiming::Told;
pub use failure::Failure;
pub use fold::{Part, Quiz, VERSION};
pub use memory::MemoryShelf;
pub use metrics::Metrics;
pub use recount::{Recount, RoundDigest};
pub use running::Running;
pub use shelf::{Pair, Shelf};
pub use totals::{Summed, Totals, sum_tallies};
pub use versions::{Moved, VersionError, Versions};
