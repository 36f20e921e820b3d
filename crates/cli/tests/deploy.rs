//! Every configuration that is shipped in `deploy/` is taken by the binary itself, and what a node tells Prometheus by
//! Prometheus's own tool.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::fan::accounts;
use support::{Scene, watch, wire};

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(path)
}

/// The file as a node would read it, with the secrets of its account.
fn check(file: &Path) {
    let said = Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(["config", "check"])
        .arg(file)
        .env("WECHAT_TOKEN", "demo")
        .env("CONTEST_KEY", "00".repeat(32))
        .env(
            "WECHAT_AES_KEY",
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        )
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}: {}{}",
        file.display(),
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
}

#[test]
fn the_configurations_beside_the_systemd_unit_are_right() {
    for name in ["spillway.toml", "kafka.toml"] {
        check(&shipped("systemd").join(name));
    }
}

#[test]
fn the_configurations_of_the_compose_files_are_right() {
    for name in ["spillway.toml", "three-brokers.toml"] {
        check(&shipped("compose").join(name));
    }
}

/// The block of the manifest's ConfigMap: what is indented below its key.
#[test]
fn the_configuration_in_the_kubernetes_manifest_is_right() {
    let manifest = std::fs::read_to_string(shipped("kubernetes/config.yaml")).unwrap();
    let (_, block) = manifest.split_once("  spillway.toml: |\n").unwrap();
    let block: String = block
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    assert!(block.contains("backend = \"kafka\""), "{block}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("spillway.toml");
    std::fs::write(&file, block).unwrap();
    check(&file);
}

#[test]
fn promtool_takes_what_a_node_tells_prometheus() {
    let scene = Scene::bare(&accounts());
    let node = watch::node(&scene);
    scene.deliver_text("oFan", 1, "GO");
    assert_eq!(watch::judged(&node, "new"), 1.0);
    let metrics = wire::get(scene.admin, "/metrics").unwrap().1;
    let file = scene.path("metrics");
    std::fs::write(&file, &metrics).unwrap();
    let said = Command::new(broker::tool("promtool").unwrap())
        .args(["check", "metrics"])
        .stdin(Stdio::from(std::fs::File::open(file).unwrap()))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{words}");
    assert!(metrics.contains("spillway_ingress_ack_seconds_bucket"));
}
