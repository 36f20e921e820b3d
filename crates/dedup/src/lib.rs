//! Each message once: markers, notes, conflicts, quarantine.
//!
//! WeChat delivers a message up to three times, and our own spool and log may repeat a delivery. dedup
//! reads every delivery that was acked from `inbound` and writes each message once to `accepted`.
//! What happens to one record:
//!
//! ```text
//!  inbound ─▶ tick    newest time of the partition; the sum of D-8 is checked; old buckets go  ─▶ accepted
//!             copy    as it stands                                                             ─▶ accepted
//!             delivery, retry
//!               unparsed                                    ─▶ inbound.dead (unparsed)
//!               create time outside the bounds              ─▶ inbound.dead (quarantined)
//!               no marker                    message, marker written                           ─▶ accepted
//!               marker knows the delivery    echo: nothing
//!               marker has another content                  ─▶ inbound.dead (conflict)
//!               marker has the same content  note, with the reply that was offered             ─▶ accepted
//!             anything else                                 ─▶ inbound.dead, a failure of judging
//! ```
//!
//! A *marker* stands in the bucket of its CreateTime's day under the message key; it holds content digest,
//! first offset and up to eight delivery ids. Buckets that lie wholly below the horizon are dropped by
//! ticks, never by a scan (D-5). One id in two buckets is two messages.
//!
//! The judgement is pure and stands in [`partition`], [`marker`], [`horizon`] and [`counters`]; only
//! the fold meets the runner. Nobody here reads a clock, and nothing depends on arrival order except
//! which of two conflicting contents stands (D-4).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod counters;
mod fold;
pub mod horizon;
pub mod marker;
mod metrics;
pub mod partition;
mod words;

pub use fold::{Dedup, Part, VERSION};
pub use metrics::Metrics;
