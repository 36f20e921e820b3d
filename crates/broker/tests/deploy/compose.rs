//! The compose files: the brokers' settings are those of the tests, and everything that is named is there.

use crate::{DRAIN_S, list, one_yaml, root, text, tool, word, words};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

const SINGLE: &str = "docker-compose.yml";
const THREE: &str = "deploy/compose/three-brokers.yml";
const BOTH: [&str; 2] = [SINGLE, THREE];
/// What each broker has for itself, wherever it runs.
const OWN: [&str; 6] = [
    "node.id",
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "listener.security.protocol.map",
    "log.dirs",
];
/// Variables of the image that are no broker settings.
const OF_THE_IMAGE: [&str; 2] = ["CLUSTER_ID", "KAFKA_HEAP_OPTS"];

fn services(file: &str) -> BTreeMap<String, Value> {
    let document = one_yaml(file);
    let services = document["services"].as_object().unwrap();
    services.clone().into_iter().collect()
}

/// The lines of `deploy/kafka/NAME`.
fn settings(names: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in names {
        for line in text(&format!("deploy/kafka/{name}.properties")).lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap();
            let before = found.insert(key.to_owned(), value.to_owned());
            assert!(before.is_none(), "{key} stands twice");
        }
    }
    found
}

/// As the image names a setting.
fn variable(key: &str) -> String {
    format!("KAFKA_{}", key.to_uppercase().replace('.', "_"))
}

fn brokers(file: &str) -> BTreeMap<String, Value> {
    let mut found = services(file);
    found.retain(|name, _| name.starts_with("kafka"));
    found
}

#[test]
fn the_brokers_have_the_settings_of_the_tests_and_no_others() {
    let cases = [
        (SINGLE, 1, settings(&["broker", "one-broker"])),
        (THREE, 3, settings(&["broker", "three-brokers"])),
    ];
    for (file, count, settings) in cases {
        let expected: BTreeMap<String, String> = settings
            .iter()
            .map(|(key, value)| (variable(key), value.clone()))
            .collect();
        let brokers = brokers(file);
        assert_eq!(brokers.len(), count, "{file}");
        for (name, broker) in brokers {
            let mut found: BTreeMap<String, String> = broker["environment"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| (key.clone(), word(value, key).to_owned()))
                .collect();
            for key in OWN.iter().map(|key| variable(key)) {
                assert!(found.remove(&key).is_some(), "{file}, {name}: no {key}");
            }
            found.retain(|key, _| !OF_THE_IMAGE.contains(&&**key));
            assert_eq!(found, expected, "{file}, {name}");
        }
    }
}

#[test]
fn the_brokers_make_one_quorum_and_say_their_own_names() {
    for file in BOTH {
        let brokers = brokers(file);
        let voters: Vec<String> = brokers
            .keys()
            .zip(1..)
            .map(|(name, id)| format!("{id}@{name}:9093"))
            .collect();
        let mut clusters = BTreeSet::new();
        for ((name, broker), id) in brokers.iter().zip(1..) {
            let of = |key: &str| word(&broker["environment"][key], key);
            assert_eq!(of("KAFKA_NODE_ID"), id.to_string(), "{file}, {name}");
            assert_eq!(of("KAFKA_CONTROLLER_QUORUM_VOTERS"), voters.join(","));
            let told = format!("PLAINTEXT://{name}:9092");
            assert_eq!(of("KAFKA_ADVERTISED_LISTENERS"), told);
            clusters.insert(of("CLUSTER_ID").to_owned());
            // The version that the tests start.
            let version = text("deploy/kafka/pom.xml");
            let version = version.split("<version>").nth(1).unwrap();
            let version = version.split('<').next().unwrap();
            assert_eq!(broker["image"], format!("apache/kafka:{version}"));
        }
        assert_eq!(clusters.len(), 1, "{file}");
        assert_eq!(clusters.first().unwrap().len(), 22, "16 bytes in base64");
    }
}

#[test]
fn whatever_a_service_names_is_there() {
    for file in BOTH {
        let directory = root().join(file);
        let directory = directory.parent().unwrap();
        let document = one_yaml(file);
        let services = services(file);
        for (name, service) in &services {
            let depends: Vec<String> = match &service["depends_on"] {
                Value::Null => Vec::new(),
                Value::Array(names) => names
                    .iter()
                    .map(|n| word(n, "depends_on").to_owned())
                    .collect(),
                Value::Object(map) => map.keys().cloned().collect(),
                other => panic!("{other}"),
            };
            for other in depends {
                assert!(
                    services.contains_key(&other),
                    "{file}: {name} waits for {other}"
                );
            }
            for volume in list(&service["volumes"], name) {
                let volume = word(volume, "volume");
                let source = volume.split(':').next().unwrap();
                let is_there = if source.starts_with('.') {
                    directory.join(source).exists() && volume.ends_with(":ro")
                } else {
                    document["volumes"].get(source).is_some()
                };
                assert!(is_there, "{file}, {name}: {volume}");
            }
        }
        let build = &services["topics"]["build"];
        let context = directory.join(word(&build["context"], "context"));
        assert_eq!(context.canonicalize().unwrap(), root());
        assert!(
            context
                .join(word(&build["dockerfile"], "dockerfile"))
                .exists()
        );
    }
}

#[test]
fn nothing_is_published_beyond_this_machine() {
    for file in BOTH {
        let mut published = Vec::new();
        for service in services(file).values() {
            for port in service["ports"].as_array().into_iter().flatten() {
                published.push(word(port, "port").to_owned());
            }
        }
        published.sort();
        let expected = ["3000:3000", "8080:8080", "9090:9090"];
        assert_eq!(published, expected.map(|p| format!("127.0.0.1:{p}")));
    }
}

#[test]
fn every_role_runs_has_its_own_data_and_time_to_drain() {
    for file in BOTH {
        let mut roles: BTreeMap<String, usize> = BTreeMap::new();
        let mut data = BTreeSet::new();
        for (name, service) in services(file) {
            let command: Vec<&str> = service["command"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|part| word(part, "command"))
                .collect();
            let ["run", "--config", config, "--roles", role] = command[..] else {
                continue;
            };
            *roles.entry(role.to_owned()).or_default() += 1;
            assert_eq!(config, "/etc/spillway/spillway.toml");
            // It listens on all addresses; others are sent to it by its name.
            let advertised = &service["environment"]["SPILLWAY_ADMIN__ADVERTISE"];
            assert_eq!(advertised, &*name, "{file}");
            for volume in list(&service["volumes"], &name) {
                let volume = word(volume, "volume");
                if let Some(source) = volume.strip_suffix(":/var/lib/spillway") {
                    assert!(data.insert(source.to_owned()), "{source} has two owners");
                }
            }
            let grace = word(&service["stop_grace_period"], "stop_grace_period");
            let grace: u64 = grace.strip_suffix('s').unwrap().parse().unwrap();
            assert!(grace > DRAIN_S, "{file}, {name}");
            let waits = &service["depends_on"]["topics"]["condition"];
            assert_eq!(waits, "service_completed_successfully", "{file}, {name}");
        }
        let expected = [
            ("coordinator", 1),
            ("dedup", 1),
            ("ingress", 2),
            ("quiz", 1),
        ];
        let expected: BTreeMap<String, usize> =
            expected.map(|(role, n)| (role.to_owned(), n)).into();
        assert_eq!(roles, expected, "{file}");
        assert_eq!(data.len(), 5, "{file}");
    }
}

/// Compose itself: the plugin of Docker's client, else the program of that name.
fn docker_compose() -> Command {
    let mut plugin = Command::new("docker");
    plugin.arg("compose");
    let version = Command::new("docker").args(["compose", "version"]).output();
    match version {
        Ok(said) if said.status.success() => plugin,
        _ => tool("docker-compose"),
    }
}

/// What compose makes of this text in the place of `file`, with a token and `more` in its environment.
fn config(file: &str, text: &str, more: &[(&str, &str)]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("compose.yml");
    // Older versions do not know the name of the project, which has been part of the format since.
    let nameless: String = text
        .lines()
        .filter(|line| !line.starts_with("name: "))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&copy, nameless).unwrap();
    let original = root().join(file);
    docker_compose()
        .arg("--project-directory")
        .arg(original.parent().unwrap())
        .arg("--file")
        .arg(copy)
        .arg("config")
        .env_remove("WECHAT_AES_KEY")
        .env("WECHAT_TOKEN", "demo")
        .envs(more.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn compose_itself_takes_the_files() {
    let key = (
        "WECHAT_AES_KEY",
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    );
    for file in BOTH {
        let sound = text(file);
        let name = one_yaml(file)["name"].clone();
        assert!(word(&name, "name").starts_with("spillway"), "{file}");
        let said = config(file, &sound, &[key]);
        assert!(said.status.success(), "{file}: {}", words(&said));
        let resolved: Value = serde_saphyr::from_str(&words(&said)).unwrap();
        let found = resolved["services"].as_object().unwrap().len();
        assert_eq!(found, services(file).len(), "{file}");
        // It knows the fields: one that is misspelt is refused.
        for (right, wrong) in [
            ("stop_grace_period: 20s", "stop_grace_perod: 20s"),
            ("start_period: 20s", "start_perod: 20s"),
            ("condition: service_healthy", "condition: service_helthy"),
        ] {
            assert!(sound.contains(right), "{file}: {right}");
            let said = config(file, &sound.replace(right, wrong), &[key]);
            assert!(!said.status.success(), "{file}: {wrong} passed");
        }
    }
    let said = config(THREE, &text(THREE), &[]);
    assert!(words(&said).contains("43 characters"), "{}", words(&said));
}
