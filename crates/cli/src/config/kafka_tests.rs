//! `[log.kafka]`: what is taken, what is refused, and with which words.

use super::*;
use std::path::Path;

fn layers(kafka: &str) -> Layers {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spillway.toml");
    let text = format!("[log]\nbackend = \"kafka\"\n{kafka}");
    std::fs::write(&path, text).unwrap();
    let mut layers = Layers::defaults();
    layers.file(Path::new(&path));
    layers
}

fn settings(kafka: &str) -> KafkaSettings {
    let config = LogConfig::from_layers(&layers(kafka), &|text| Ok(format!("<{text}>"))).unwrap();
    match config.backend {
        Backend::Kafka(settings) => *settings,
        Backend::Journal(_) => panic!("the backend is Kafka"),
    }
}

#[track_caller]
fn refused(kafka: &str, words: &[&str]) {
    let found = LogConfig::from_layers(&layers(kafka), &|text| Ok(text.to_owned())).unwrap_err();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let matches = |line: &String| words.iter().all(|word| line.contains(word));
    assert!(found.iter().any(matches), "{words:?} in {found:?}");
}

#[test]
fn the_defaults_are_three_disks_and_two_that_confirm() {
    let kafka = settings("");
    assert_eq!((kafka.replication, kafka.min_insync_replicas), (3, 2));
    assert_eq!(kafka.bootstrap, ["127.0.0.1:9092"]);
    assert_eq!(kafka.topic_prefix, "spillway.");
    assert_eq!(kafka.hedge.as_millis(), 400);
    assert!(!kafka.compress);
    assert_eq!(kafka.instance, None);
    assert!(kafka.options.is_empty());
}

#[test]
fn less_than_three_disks_must_be_asked_for() {
    refused(
        "[log.kafka]\nreplication = 1\n",
        &["log.kafka.replication", "single_broker = true"],
    );
    refused(
        "[log.kafka]\nreplication = 2\n",
        &["log.kafka.replication", "Use 3"],
    );
    let one = "[log.kafka]\nreplication = 1\nmin_insync_replicas = 1\nsingle_broker = true\n";
    assert_eq!(settings(one).replication, 1);
}

#[test]
fn replicas_in_sync_lie_between_two_and_the_replication() {
    refused(
        "[log.kafka]\nmin_insync_replicas = 1\n",
        &["min_insync_replicas", "from 2 to the replication of 3"],
    );
    refused(
        "[log.kafka]\nmin_insync_replicas = 4\n",
        &["min_insync_replicas"],
    );
}

#[test]
fn brokers_are_hosts_with_ports() {
    for wrong in [
        "kafka",
        "kafka:",
        ":9092",
        "kafka:0",
        "kafka:99999",
        "SASL_SSL://kafka:9092",
        "a:1,b:2",
    ] {
        refused(
            &format!("[log.kafka]\nbootstrap = [\"{wrong}\"]\n"),
            &["log.kafka.bootstrap", "HOST:PORT", wrong],
        );
    }
    refused("[log.kafka]\nbootstrap = []\n", &["log.kafka.bootstrap"]);
    let brokers =
        settings("[log.kafka]\nbootstrap = [\"kafka-1:9092\", \"[::1]:9092\"]\n").bootstrap;
    assert_eq!(brokers, ["kafka-1:9092", "[::1]:9092"]);
}

#[test]
fn options_of_the_client_are_handed_on_with_their_secrets_resolved() {
    let written = "[log.kafka]\noptions = { \"security.protocol\" = \"SASL_SSL\", \"topic.metadata.refresh.interval.ms\" = 3000 }\n";
    let options = settings(written).options;
    assert_eq!(options["security.protocol"], "<SASL_SSL>");
    assert_eq!(options["topic.metadata.refresh.interval.ms"], "3000");
    let dotted = "[log.kafka.options]\nsasl.password = \"file:/run/secrets/kafka\"\n";
    assert_eq!(
        settings(dotted).options["sasl.password"],
        "<file:/run/secrets/kafka>"
    );
}

#[test]
fn options_may_come_from_the_environment() {
    let mut layers = layers("");
    let name = "SPILLWAY_LOG__KAFKA__OPTIONS__SASL__PASSWORD".to_owned();
    layers.environment([(name, "s3cret".to_owned())].into_iter());
    let config = LogConfig::from_layers(&layers, &|text| Ok(text.to_owned())).unwrap();
    assert!(
        matches!(config.backend, Backend::Kafka(kafka) if kafka.options["sasl.password"] == "s3cret")
    );
}

#[test]
fn what_a_promise_rests_on_is_not_the_operators_to_set() {
    refused(
        "[log.kafka]\noptions = { \"acks\" = 1 }\n",
        &["log.kafka.options.acks", "not yours"],
    );
    refused(
        "[log.kafka]\noptions = { \"linger.ms\" = 1 }\n",
        &["log.kafka.options.linger.ms", "`log.kafka.linger_ms`"],
    );
    refused(
        "[log.kafka]\noptions = { \"test.mock.num.brokers\" = 3 }\n",
        &["test.mock.num.brokers"],
    );
}

#[test]
fn batches_are_compressed_on_request() {
    assert!(settings("[log.kafka]\ncompression = \"lz4\"\n").compress);
    refused(
        "[log.kafka]\ncompression = \"zstd\"\n",
        &["log.kafka.compression", "none, lz4"],
    );
    refused(
        "[log.kafka]\noptions = { \"compression.type\" = \"lz4\" }\n",
        &["compression.type", "`log.kafka.compression`"],
    );
}

#[test]
fn secrets_among_the_options_are_known_and_never_printed() {
    for name in [
        "sasl.password",
        "ssl.key.password",
        "ssl.key.pem",
        "sasl.oauthbearer.client.secret",
    ] {
        assert!(
            is_secret_option(&format!("log.kafka.options.{name}")),
            "{name}"
        );
    }
    assert!(!is_secret_option("log.kafka.options.security.protocol"));
    assert!(!is_secret_option("log.kafka.topic_prefix"));
    let settings = settings("[log.kafka]\noptions = { \"sasl.password\" = \"s3cret\" }\n");
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn the_keys_of_kafka_count_only_on_kafka() {
    let mut layers = Layers::defaults();
    layers.flag(
        "log.kafka.replication",
        "--test",
        Some(toml::Value::from(1)),
    );
    assert!(LogConfig::from_layers(&layers, &|text| Ok(text.to_owned())).is_ok());
}
