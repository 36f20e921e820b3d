//! The files of `deploy/` and `docker-compose.yml`, read by parsers of their formats and held against each
//! other: no container engine runs here, so what can be known without one is known by these tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alerts;
mod compose;
mod dashboard;
mod image;
mod kubernetes;
mod manifests;
mod monitoring;
mod nginx;
mod promtool;
mod systemd;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A node drains within so many seconds of SIGTERM; whoever stops it must wait longer.
const DRAIN_S: u64 = 15;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every document of a YAML file; merge keys are applied, duplicate keys are errors.
fn yaml(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn one_yaml(path: &str) -> Value {
    let mut documents = yaml(path);
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

fn list<'a>(value: &'a Value, what: &str) -> &'a Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{what} is no list: {value}"))
}

fn word<'a>(value: &'a Value, what: &str) -> &'a str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{what} is no text: {value}"))
}

/// Every file below `deploy/` with such an ending.
fn files(ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs = vec![root().join("deploy")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let relative = path.strip_prefix(root()).unwrap();
                found.push(relative.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// A program that reads files of its own; that it is missing is a failure that names the way out.
fn tool(name: &str) -> Command {
    Command::new(broker::tool(name).unwrap_or_else(|error| panic!("{error}")))
}

/// Everything that a program has said.
fn words(said: &Output) -> String {
    let (out, err) = (&said.stdout, &said.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

#[test]
fn every_yaml_and_json_file_is_one() {
    let all = files("yml").len() + files("yaml").len();
    assert!(all >= 9, "{all} files");
    for path in files("yml").into_iter().chain(files("yaml")) {
        for document in yaml(&path) {
            assert!(document.is_object(), "{path}");
        }
    }
    for path in files("json") {
        let parsed: Value = serde_json::from_str(&text(&path)).unwrap();
        assert!(parsed.is_object(), "{path}");
    }
}

#[test]
fn a_key_that_stands_twice_is_an_error() {
    serde_saphyr::from_str::<Value>("a: 1\na: 2\n").unwrap_err();
    let merged: Value = serde_saphyr::from_str("x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n").unwrap();
    assert_eq!(merged["y"], serde_json::json!({"a": 1, "b": 2}));
}
