//! Who has greeted and who leads, as control tells it. Pure, the same for everyone who reads control.

use crate::state::{Applied, ControlState};
use record::acts::{Hello, Leads};
use record::hexed::Hex;
use std::collections::BTreeMap;

/// A node as its greetings tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its last HELLO.
    pub hello: Hello,
    /// Whether neither BYE nor RETIRED came since.
    pub present: bool,
    /// Whether RETIRED came since: it may have what nobody has read.
    pub retired: bool,
}

impl ControlState {
    pub(crate) fn greet(&mut self, hello: &Hello) {
        // It may lead a moment before it greets; another boot of it has lost what the old one led.
        self.leader
            .take_if(|leader| leader.node == hello.node && leader.boot != hello.boot);
        self.nodes.insert(
            hello.node,
            Node {
                hello: hello.clone(),
                present: true,
                retired: false,
            },
        );
    }

    pub(crate) fn leave(&mut self, node: Hex<8>, retired: bool) -> Applied {
        self.leader.take_if(|leader| leader.node == node);
        match self.nodes.get_mut(&node) {
            Some(known) if known.present => {
                (known.present, known.retired) = (false, retired);
                Applied::Valid
            }
            _ => Applied::Void(format!("node {node} is not there")),
        }
    }

    /// Every node that ever greeted.
    #[must_use]
    pub fn nodes(&self) -> &BTreeMap<Hex<8>, Node> {
        &self.nodes
    }

    /// Whoever took over the coordinator's work last, alive or not; `None` before the first, and once that
    /// node has said goodbye or greeted with another boot.
    #[must_use]
    pub fn leader(&self) -> Option<Leads> {
        self.leader
    }

    /// Address of the leader's admin API, once it has greeted.
    #[must_use]
    pub fn leader_address(&self) -> Option<&str> {
        let leader = self.leader?;
        let greeted = self.nodes.get(&leader.node)?;
        (greeted.hello.boot == leader.boot).then_some(greeted.hello.admin.as_str())
    }
}
