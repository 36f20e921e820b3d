//! What a topic is told when it is made. How a backend obeys does not live here.

use std::time::Duration;

/// How a topic is laid out and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig {
    /// Name: lower-case letters, digits, `.`, `-`, `_`.
    pub name: String,
    /// Number of partitions, at least 1 and at most 1,024; fixed at creation.
    pub partitions: u32,
    /// Whole segments older than this may go; `None` keeps for ever.
    pub retention: Option<Duration>,
    /// Who is refused first when the disk fills.
    pub tier: Tier,
}

/// Reserve tier of a topic: how much room it leaves untouched, so that what drains can still write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Written by ingress: refused below 2 GiB free.
    Ingress,
    /// Written by consumers: refused below 1 GiB free.
    Consumer,
    /// `control` and `progress`: refused below 256 MiB free.
    Control,
}
