//! The systemd unit: its values, and what systemd itself says of it.

use crate::{DRAIN_S, root, text, tool, words};
use std::collections::BTreeMap;

const UNIT: &str = "deploy/systemd/spillway.service";

/// Keys by section.
fn unit() -> BTreeMap<(String, String), String> {
    let mut section = String::new();
    let mut found = BTreeMap::new();
    for line in text(UNIT).lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
        let before = found.insert((section.clone(), key.to_owned()), value.to_owned());
        assert!(before.is_none(), "{key} stands twice");
    }
    found
}

#[test]
fn systemd_waits_for_the_drain_and_does_not_repeat_a_wrong_configuration() {
    let unit = unit();
    let service = |key: &str| unit[&("Service".to_owned(), key.to_owned())].as_str();
    assert!(service("TimeoutStopSec").parse::<u64>().unwrap() > DRAIN_S);
    assert_eq!(service("KillSignal"), "SIGTERM");
    assert_eq!(
        (service("Restart"), service("RestartPreventExitStatus")),
        ("always", "2")
    );
    assert!(service("LimitNOFILE").parse::<u64>().unwrap() > 50_000);
    assert!(service("ExecStart").ends_with("run --config /etc/spillway/spillway.toml"));
    assert_eq!(service("User"), "spillway");
    for hardened in [
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "MemoryDenyWriteExecute",
    ] {
        assert_eq!(service(hardened), "yes");
    }
    // With the whole file system read-only, the state directory is the one place to write.
    assert_eq!(
        (service("ProtectSystem"), service("StateDirectory")),
        ("strict", "spillway")
    );
    assert!(text("deploy/systemd/spillway.toml").contains("data = \"/var/lib/spillway\"\n"));
}

#[test]
fn systemd_itself_takes_the_unit() {
    let dir = tempfile::tempdir().unwrap();
    let moved = dir.path().join("spillway.service");
    // The binary is not installed where the unit expects it.
    let sound = std::fs::read_to_string(root().join(UNIT))
        .unwrap()
        .replace("/usr/local/bin/spillway", "/bin/true");
    // What else is wrong on this machine concerns nobody here.
    let verify = |unit: &str| {
        std::fs::write(&moved, unit).unwrap();
        let said = tool("systemd-analyze").arg("verify").arg(&moved).output();
        words(&said.unwrap())
    };
    let said = verify(&sound);
    assert!(!said.contains("spillway.service"), "{said}");
    let said = verify(&sound.replace("TimeoutStopSec", "TimeoutStopSecond"));
    assert!(
        said.contains("spillway.service") && said.contains("TimeoutStopSecond"),
        "{said}"
    );
}
