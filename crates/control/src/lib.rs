//! Follows the control topic and gives everyone the current snapshot.
//!
//! The way of one control record: somebody appends it to `control` (the coordinator an act, a node its
//! greeting); every process reads it back from there, and [`state::ControlState`], a pure function,
//! judges it at its place: valid, or void for everyone. What is in force for ingress becomes a
//! [`snapshot::Snapshot`], swapped atomically. Nobody uses a control record before the log has it.
//!
//! * [`state`]: the fold of the control topic
//! * [`rounds`]: the life of every round, part of that fold, and the beacons of its draws; [`corrected`]: the standings of corrected results
//! * [`windows`]: what a publication may do to rounds that have begun
//! * [`nodes`]: who has greeted, and who leads
//! * [`awards`]: what became of prizes, part of that fold too; [`ledger`]: those of one campaign;
//!   [`held`]: one unit
//! * [`stock`]: units that are secrets; [`operated`]: what acts at once and changes no result
//! * [`snapshot`]: which campaign version speaks for a message
//! * [`follower`]: the thread that reads the topic
//! * [`presence`]: HELLO, BYE, PROGRESS and SEAL_ACK of this node
//! * [`saved`]: a snapshot as text, for the disk of a node
//! * [`durable`]: append and wait
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod awards;
mod beacons;
pub mod corrected;
pub mod durable;
pub mod follower;
pub mod held;
pub mod ledger;
pub mod nodes;
pub mod operated;
pub mod presence;
pub mod rounds;
pub mod saved;
pub mod snapshot;
pub mod state;
pub mod stock;
pub mod windows;

pub use follower::{Control, follow};
pub use snapshot::{Published, Snapshot};
pub use state::{Applied, ControlState};
