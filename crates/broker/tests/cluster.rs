//! Real brokers: started, stalled, killed, started again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use broker::{Cluster, Fault};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn topic(cluster: &Cluster, args: &[&str]) -> String {
    let said = cluster
        .tool("org.apache.kafka.tools.TopicCommand", args)
        .unwrap();
    assert!(
        said.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8(said.stdout).unwrap()
}

/// Asks for the versions that a broker speaks.
fn answers(addr: &str, limit: Duration) -> bool {
    let Ok(mut stream) = TcpStream::connect(addr) else {
        return false;
    };
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut request = vec![0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7];
    request.extend_from_slice(&[0, 0]);
    let mut head = [0; 8];
    stream.write_all(&request).is_ok() && stream.read_exact(&mut head).is_ok() && head[7] == 7
}

#[test]
fn one_broker_stalls_dies_and_comes_back_with_its_topics() {
    let mut cluster = Cluster::start_behind_proxies(1).unwrap();
    topic(&cluster, &["--create", "--topic", "t", "--partitions", "3"]);
    let addr = cluster.bootstrap().remove(0);
    let limit = Duration::from_secs(20);
    assert!(answers(&addr, limit));
    cluster.stall(0);
    assert!(!answers(&addr, Duration::from_millis(300)));
    cluster.resume(0);
    assert!(answers(&addr, limit));
    cluster.proxy(0).set(Fault::Refuse);
    let until = Instant::now() + limit;
    while answers(&addr, limit) {
        assert!(Instant::now() < until, "the proxy still carries");
    }
    cluster.proxy(0).set(Fault::None);
    cluster.kill(0);
    assert!(!answers(&addr, limit));
    cluster.restart(0).unwrap();
    assert!(topic(&cluster, &["--list"]).lines().any(|line| line == "t"));
    cluster.terminate(0);
    assert!(!answers(&addr, limit));
}

#[test]
fn three_brokers_hold_a_topic_on_all_of_them() {
    let mut cluster = Cluster::start(3).unwrap();
    topic(&cluster, &["--create", "--topic", "t", "--partitions", "1"]);
    let told = topic(&cluster, &["--describe", "--topic", "t"]);
    assert!(told.contains("ReplicationFactor: 3"), "{told}");
    assert_eq!(cluster.bootstrap().len(), 3);
    cluster.kill(2);
    cluster.restart(2).unwrap();
    cluster.wait_in_sync().unwrap();
    let lacking = topic(&cluster, &["--describe", "--under-replicated-partitions"]);
    assert_eq!(lacking.trim(), "");
}
