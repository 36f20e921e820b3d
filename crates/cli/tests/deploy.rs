//! Every configuration that is shipped in `deploy/` is taken by the binary itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// The shipped file, as a node would read it, and what stands in its account's secrets.
fn check(path: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(path);
    let said = Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(["config", "check"])
        .arg(&file)
        .env("WECHAT_TOKEN", "demo")
        .env(
            "WECHAT_AES_KEY",
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        )
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{path}: {}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
}

#[test]
fn the_configuration_beside_the_systemd_unit_is_right() {
    check("systemd/spillway.toml");
}
