//! The house rules that a machine can hold: ranks, imports, one home per foreign crate, files that stay
//! one idea, documents that name every key, metric and rule.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn rank(name: &str) -> Option<u32> {
    Some(match name {
        "benches" => 5,
        "cli" | "surge" => 4,
        "ingress" | "dedup" | "quiz" | "reply" | "coordinator" => 3,
        "stage" | "control" => 2,
        "msglog" | "contest" => 1,
        "wechat" | "record" | "campaign" | "telemetry" | "broker" => 0,
        _ => return None,
    })
}

/// Foreign crates that only their homes may name.
const HOMES: [(&str, &[&str]); 7] = [
    ("rocksdb", &["stage"]),
    ("rdkafka", &["msglog"]),
    ("quick-xml", &["wechat"]),
    ("prometheus", &["telemetry"]),
    ("tracing-subscriber", &["telemetry"]),
    ("hyper", &["ingress", "reply", "cli", "surge", "benches"]),
    ("clap", &["cli", "surge", "benches", "broker"]),
];

/// Crates that are tested with one of a higher rank: quiz against the oracle.
const TESTED_BY: [(&str, &str); 1] = [("quiz", "surge")];

/// Crates without I/O, clock or tokio.
const PURE: [&str; 4] = ["wechat", "record", "campaign", "contest"];

fn manifests() -> BTreeMap<String, Table> {
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    dirs.push(root().join("benches"));
    let parse = |dir: PathBuf| {
        let table: Table = std::fs::read_to_string(dir.join("Cargo.toml"))
            .unwrap()
            .parse()
            .unwrap();
        (table["package"]["name"].as_str().unwrap().to_owned(), table)
    };
    dirs.into_iter().map(parse).collect()
}

fn named(manifest: &Table, sections: &[&str]) -> BTreeSet<String> {
    let tables = sections
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn every_crate_imports_from_lower_ranks_only() {
    for (name, manifest) in manifests() {
        let own = rank(&name).unwrap_or_else(|| panic!("{name} has no rank in the house"));
        let all = ["dependencies", "dev-dependencies", "build-dependencies"];
        for dependency in named(&manifest, &all) {
            if TESTED_BY.contains(&(&*name, &*dependency)) {
                let imports = named(&manifest, &["dependencies"]);
                assert!(
                    !imports.contains(&dependency),
                    "{name} is only tested by it"
                );
            } else if let Some(theirs) = rank(&dependency) {
                assert!(
                    theirs < own,
                    "{name} (rank {own}) imports {dependency} (rank {theirs})"
                );
            }
        }
    }
}

#[test]
fn surge_does_not_share_the_code_that_it_judges() {
    let manifest = &manifests()["surge"];
    for dependency in named(manifest, &["dependencies", "dev-dependencies"]) {
        assert!(
            rank(&dependency).is_none()
                || ["wechat", "campaign", "telemetry"].contains(&&*dependency),
            "surge imports {dependency}"
        );
    }
}

#[test]
fn every_foreign_crate_has_one_home() {
    for (name, manifest) in manifests() {
        let all = named(
            &manifest,
            &["dependencies", "dev-dependencies", "build-dependencies"],
        );
        for (foreign, homes) in HOMES {
            assert!(
                !all.contains(foreign) || homes.contains(&&*name),
                "{name} names {foreign}"
            );
        }
    }
}

#[test]
fn pure_crates_know_no_runtime() {
    for name in PURE {
        let all = named(&manifests()[name], &["dependencies"]);
        for foreign in [
            "tokio",
            "hyper",
            "rustix",
            "getrandom",
            "tracing",
            "socket2",
        ] {
            assert!(!all.contains(foreign), "{name} is pure and names {foreign}");
        }
    }
    for file in sources() {
        let pure = PURE
            .iter()
            .any(|name| file.starts_with(root().join("crates").join(name).join("src")));
        let text = std::fs::read_to_string(&file).unwrap();
        for banned in [
            "SystemTime::now",
            "Instant::now",
            "std::fs",
            "std::net",
            "std::env::var",
        ] {
            assert!(
                !pure || !text.contains(banned),
                "{} is pure and uses {banned}",
                file.display()
            );
        }
    }
}

#[test]
fn versions_and_features_stand_in_the_workspace_only() {
    for (name, manifest) in manifests() {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (dependency, value) in manifest
                .get(section)
                .and_then(|s| s.as_table())
                .into_iter()
                .flatten()
            {
                let keys: Vec<&String> = value
                    .as_table()
                    .map(|t| t.keys().collect())
                    .unwrap_or_default();
                assert_eq!(
                    keys,
                    ["workspace"],
                    "{name}: {dependency} must only say workspace = true"
                );
            }
        }
        assert_eq!(
            manifest["lints"]["workspace"].as_bool(),
            Some(true),
            "{name} has no lints"
        );
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root().join("crates"), root().join("benches")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_file_says_what_lives_in_it_and_stays_one_idea() {
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        let at = file.strip_prefix(root()).unwrap().display().to_string();
        assert!(
            text.starts_with("//!"),
            "{at} does not begin with what lives there"
        );
        assert!(
            text.lines().count() <= 400,
            "{at} has more than 400 lines: is it still one idea?"
        );
        for word in [
            concat!("to", "do!("),
            concat!("unimpl", "emented!("),
            concat!("FIX", "ME"),
        ] {
            assert!(!text.contains(word), "{at} is unfinished: {word}");
        }
    }
}

#[test]
fn every_configuration_key_is_documented() {
    let defaults: Table = std::fs::read_to_string(root().join("crates/cli/config.default.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let documented = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut tables = vec![(String::new(), &defaults)];
    while let Some((prefix, table)) = tables.pop() {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            match value.as_table() {
                Some(inner) => tables.push((format!("{key}."), inner)),
                None => assert!(
                    documented.contains(&format!("`{key}`")),
                    "docs/configuration.md lacks {key}"
                ),
            }
        }
    }
}

/// Every `prefix` followed by characters that `part` accepts, in the text of our sources outside tests.
fn mentions(part: impl Fn(&str) -> Vec<String>) -> BTreeSet<String> {
    let shipped = |file: &PathBuf| file.components().any(|c| c.as_os_str() == "src");
    sources()
        .iter()
        .filter(|file| shipped(file))
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            part(text.split("#[cfg(test)]").next().unwrap())
        })
        .collect()
}

#[test]
fn every_metric_is_documented() {
    let documented = std::fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let names = mentions(|text| {
        text.split("\"spillway_")
            .skip(1)
            .map(|rest| {
                rest.chars()
                    .take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_')
            })
            .map(|name| format!("spillway_{}", name.collect::<String>()))
            .collect()
    });
    // A name that ends there is the prefix itself.
    let names: BTreeSet<String> = names
        .into_iter()
        .filter(|name| name != "spillway_")
        .collect();
    assert!(
        names.len() > 10,
        "the metrics of our sources were found: {names:?}"
    );
    for name in names {
        assert!(
            documented.contains(&format!("`{name}`")),
            "docs/metrics.md lacks {name}"
        );
    }
}

#[test]
fn every_rule_that_code_cites_stands_in_the_rules() {
    let documented = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let cited = mentions(|text| {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        words
            .filter(|word| is_rule(word))
            .map(str::to_owned)
            .collect()
    });
    assert!(
        cited.len() > 20,
        "the citations of our sources were found: {cited:?}"
    );
    for id in cited {
        assert!(
            documented.contains(&format!("**{id}**")),
            "docs/rules.md lacks {id}"
        );
    }
}

fn is_rule(word: &str) -> bool {
    word.split_once('-').is_some_and(|(letter, number)| {
        ["I", "D", "N", "P", "Q", "R", "V", "H"].contains(&letter)
            && (1..=2).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}
