//! The container file, by a strict parser of our own: nothing on this machine builds one.

use crate::{text, words};
use std::collections::BTreeMap;
use std::process::Command;

const FILE: &str = "deploy/Dockerfile";
/// Instructions that the file may use, with the flags that each may carry.
const KNOWN: [(&str, &[&str]); 12] = [
    ("FROM", &[]),
    ("RUN", &["mount"]),
    ("WORKDIR", &[]),
    ("COPY", &["from"]),
    ("ENV", &[]),
    ("USER", &[]),
    ("VOLUME", &[]),
    ("EXPOSE", &[]),
    ("STOPSIGNAL", &[]),
    (
        "HEALTHCHECK",
        &["interval", "timeout", "start-period", "retries"],
    ),
    ("ENTRYPOINT", &[]),
    ("CMD", &[]),
];

/// One instruction: flags apart from the rest.
struct Instruction {
    name: String,
    flags: Vec<(String, String)>,
    rest: String,
}

fn instructions() -> Vec<Instruction> {
    let joined = text(FILE).replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(instruction).collect()
}

fn instruction(line: &str) -> Instruction {
    let (name, mut rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
    let (_, allowed) = KNOWN
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("{name} is no instruction: {line}"));
    let mut flags = Vec::new();
    while let Some(flag) = rest.trim_start().strip_prefix("--") {
        let (flag, behind) = flag.split_once(' ').unwrap();
        let (key, value) = flag.split_once('=').unwrap_or_else(|| panic!("--{flag}"));
        assert!(allowed.contains(&key), "{name} has no --{key}");
        flags.push((key.to_owned(), value.to_owned()));
        rest = behind;
    }
    Instruction {
        name: name.to_owned(),
        flags,
        rest: rest.trim().to_owned(),
    }
}

fn only<'a>(all: &'a [Instruction], name: &str) -> &'a str {
    let mut found = all.iter().filter(|found| found.name == name);
    let first = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "{name} stands twice");
    &first.rest
}

/// A command in its exec form, which no shell takes apart.
fn exec(form: &str) -> Vec<String> {
    serde_json::from_str(form).unwrap_or_else(|error| panic!("{form}: {error}"))
}

#[test]
fn the_image_has_two_stages_and_does_not_run_as_root() {
    let all = instructions();
    let at = |name: &str| all.iter().rposition(|found| found.name == name).unwrap();
    let stages: Vec<&str> = all
        .iter()
        .filter(|found| found.name == "FROM")
        .map(|found| found.rest.as_str())
        .collect();
    assert_eq!(stages.len(), 2);
    // The compiler that the repository asks for, on the system that the binary then runs on.
    let channel = text("rust-toolchain.toml");
    let version = channel.split('"').nth(1).unwrap();
    let (image, name) = stages[0].split_once(" AS ").unwrap();
    let tag = image.strip_prefix("rust:").unwrap();
    let (compiler, system) = tag.split_once('-').unwrap();
    assert!(version.starts_with(compiler), "{image} and {version}");
    assert_eq!(stages[1], format!("debian:{system}-slim"));
    assert!(at("USER") > at("FROM") && at("USER") > at("RUN"));
    let (user, group) = only(&all, "USER").split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() >= 10_000 && user == group);
    let copied = all.iter().filter(|found| found.name == "COPY");
    let from: Vec<_> = copied.flat_map(|found| &found.flags).collect();
    assert_eq!(from, [&("from".to_owned(), name.to_owned())]);
}

#[test]
fn what_is_built_is_what_is_started_and_asked() {
    let all = instructions();
    let built = all.iter().find(|found| found.rest.contains("cargo build"));
    let built = &built.unwrap().rest;
    assert!(built.contains("--locked --release --package cli --bin spillway"));
    let copied = all.iter().rfind(|found| found.name == "COPY").unwrap();
    let (source, target) = copied.rest.split_once(' ').unwrap();
    assert!(built.contains(&format!("-o {source} target/release/spillway")));
    assert_eq!(exec(only(&all, "ENTRYPOINT")), [target]);
    assert_eq!(exec(only(&all, "CMD"))[0], "run");
    let health = only(&all, "HEALTHCHECK").strip_prefix("CMD ").unwrap();
    assert_eq!(exec(health), [target, "status"]);
    assert_eq!(only(&all, "STOPSIGNAL"), "SIGTERM");
    assert_eq!(only(&all, "EXPOSE"), "8080 8081");
    // State lies where every file of deploy/ mounts it, and belongs to the user.
    let data = only(&all, "VOLUME");
    assert_eq!(data, "/var/lib/spillway");
    let owned = format!("install -d -o 10001 -g 10001 -m 0700 {data}");
    assert!(all.iter().any(|found| found.rest.contains(&owned)));
    assert!(
        all.iter()
            .any(|found| found.rest == format!("SPILLWAY_DATA={data}"))
    );
}

#[test]
fn the_shell_takes_what_it_is_given_and_settings_are_pairs() {
    for found in instructions() {
        match found.name.as_str() {
            "RUN" => {
                let checked = Command::new("bash")
                    .args(["-n", "-c", &found.rest])
                    .output();
                let checked = checked.unwrap();
                assert!(checked.status.success(), "{}", words(&checked));
                // A failure in the middle must fail the build.
                assert!(!found.rest.contains(';'), "{}", found.rest);
            }
            "ENV" => {
                let pairs: BTreeMap<&str, &str> = found
                    .rest
                    .split_whitespace()
                    .map(|pair| pair.split_once('=').unwrap_or_else(|| panic!("{pair}")))
                    .collect();
                assert!(pairs.values().all(|value| !value.is_empty()));
            }
            _ => {}
        }
        for (key, value) in &found.flags {
            if key == "mount" {
                assert!(value.starts_with("type=cache,target=/"), "{value}");
            }
        }
    }
    let ignored = text(".dockerignore");
    for built in [".git", "target", "bin", "demo-data"] {
        assert!(ignored.lines().any(|line| line == built), "{built}");
    }
}
