//! The properties file of one broker: the shipped settings, and what only its starter knows.

use std::path::Path;

const COMMON: &str = include_str!("../../../deploy/kafka/broker.properties");
const ONE: &str = include_str!("../../../deploy/kafka/one-broker.properties");
const THREE: &str = include_str!("../../../deploy/kafka/three-brokers.properties");
/// What its logger is told.
pub(crate) const LOGGING: &str = include_str!("../../../deploy/kafka/log4j2.properties");

/// Ports of a broker on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    /// For other brokers and for tools.
    pub(crate) plain: u16,
    /// For the quorum.
    pub(crate) controller: u16,
    /// For clients behind a proxy: what it listens on, and what it tells them.
    pub(crate) proxied: Option<(u16, u16)>,
}

/// The file of broker `id` (from 1) among `all`.
pub(crate) fn properties(
    id: usize,
    all: &[Ports],
    data: &Path,
    extra: &[(String, String)],
) -> String {
    let own = all[id - 1];
    let voters: Vec<String> = all
        .iter()
        .zip(1..)
        .map(|(ports, id)| format!("{id}@127.0.0.1:{}", ports.controller))
        .collect();
    let mut listeners = format!(
        "PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}",
        own.plain, own.controller
    );
    let mut advertised = format!("PLAINTEXT://127.0.0.1:{}", own.plain);
    let mut protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned();
    if let Some((listens, told)) = own.proxied {
        listeners.push_str(&format!(",PROXIED://127.0.0.1:{listens}"));
        advertised.push_str(&format!(",PROXIED://127.0.0.1:{told}"));
        protocols.push_str(",PROXIED:PLAINTEXT");
    }
    let size = if all.len() == 1 { ONE } else { THREE };
    let mut text = format!(
        "{COMMON}{size}node.id={id}\ncontroller.quorum.voters={}\nlisteners={listeners}\n\
         advertised.listeners={advertised}\nlistener.security.protocol.map={protocols}\nlog.dirs={}\n",
        voters.join(","),
        data.display()
    );
    for (key, value) in extra {
        text.push_str(&format!("{key}={value}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_behind_a_proxy_tells_clients_of_the_proxy_and_brokers_of_itself() {
        let ports = Ports {
            plain: 1,
            controller: 2,
            proxied: Some((3, 4)),
        };
        let text = properties(1, &[ports], Path::new("/d"), &[("a".into(), "b".into())]);
        assert!(text.contains(
            "listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2,PROXIED://127.0.0.1:3\n"
        ));
        assert!(
            text.contains("advertised.listeners=PLAINTEXT://127.0.0.1:1,PROXIED://127.0.0.1:4\n")
        );
        assert!(text.contains("inter.broker.listener.name=PLAINTEXT\n"));
        assert!(text.contains("min.insync.replicas=1\n") && text.ends_with("a=b\n"));
        let three = properties(2, &[ports; 3], Path::new("/d"), &[]);
        assert!(three.contains("node.id=2\n") && three.contains("min.insync.replicas=2\n"));
        assert!(
            three.contains("controller.quorum.voters=1@127.0.0.1:2,2@127.0.0.1:2,3@127.0.0.1:2\n")
        );
    }
}
