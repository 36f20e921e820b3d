//! Layers, sources, mistakes: what an operator types and what comes of it.

use super::*;
use std::path::Path;
use toml::Value;

fn plain(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn with_file(text: &str) -> Layers {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spillway.toml");
    std::fs::write(&path, text).unwrap();
    let mut layers = Layers::defaults();
    layers.file(&path);
    layers
}

fn mistakes(layers: &Layers) -> Vec<String> {
    Config::from_layers(layers, &plain)
        .map(|_| Vec::new())
        .unwrap_or_else(|found| found.iter().map(ToString::to_string).collect())
}

#[test]
fn the_default_file_is_complete_and_valid() {
    let config = Config::from_layers(&Layers::defaults(), &plain).unwrap();
    assert_eq!(config.log.partitions, 24);
    assert_eq!(config.ack_budget_ms, 3_500);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(Role::ALL.into_iter().all(|role| config.has(role)));
    assert!(config.accounts.is_empty());
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let mut layers = with_file("data = \"from-file\"\n[ingress]\nack_budget_ms = 1000\n");
    let variables = [
        ("SPILLWAY_DATA".to_owned(), "from-env".to_owned()),
        (
            "SPILLWAY_INGRESS__ACK_BUDGET_MS".to_owned(),
            "2000".to_owned(),
        ),
        (
            "SPILLWAY_ROLES".to_owned(),
            "ingress, coordinator".to_owned(),
        ),
        ("UNRELATED".to_owned(), "x".to_owned()),
    ];
    layers.environment(variables.into_iter());
    layers.flag("data", "--data", Some(Value::from("from-flag")));
    let config = Config::from_layers(&layers, &plain).unwrap();
    assert_eq!(config.data, Path::new("from-flag"));
    assert_eq!(config.ack_budget_ms, 2_000);
    assert_eq!(config.roles, [Role::Ingress, Role::Coordinator]);
    assert_eq!(layers.values["data"].1.to_string(), "flag --data");
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let found = mistakes(&with_file(
        "[ingress]\nlisten_adress = \"x\"\nack_budget = 1\n",
    ));
    assert!(
        found.iter().any(|m| m.contains("ingress.ack_budget_ms")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|m| m.contains("ingress.listen`")),
        "{found:?}"
    );
}

#[test]
fn every_mistake_is_told_at_once_with_its_key() {
    let found = mistakes(&with_file(
        "roles = [\"ingres\"]\nclock = \"sundial\"\n[ingress]\nack_budget_ms = 5000\nlisten = \"here\"\n",
    ));
    for key in ["roles", "clock", "ingress.ack_budget_ms", "ingress.listen"] {
        assert!(
            found.iter().any(|m| m.starts_with(key)),
            "{key} in {found:?}"
        );
    }
}

const ACCOUNT: &str = "[[account]]\nname = \"mi\"\napp_id = \"wx0a1b2c3d4e5f6071\"\noriginal_id = \"gh_3f9c1e7ab204\"\n\
                       token = \"demo\"\n";

#[test]
fn an_account_needs_its_key_unless_it_is_plain() {
    let found = mistakes(&with_file(ACCOUNT));
    assert!(found[0].contains("encoding_aes_key"), "{found:?}");
    let layers = with_file(&format!("{ACCOUNT}mode = \"plain\"\n"));
    let config = Config::from_layers(&layers, &plain).unwrap();
    assert_eq!(config.accounts[0].wire.name, "mi");
    assert_eq!(config.accounts[0].wire.mode, wechat::Mode::Plain);
}

#[test]
fn two_accounts_of_one_name_and_misspelt_keys_are_refused() {
    let one = format!("{ACCOUNT}mode = \"plain\"\n");
    let found = mistakes(&with_file(&format!("{one}{one}modus = \"x\"\n")));
    assert!(
        found.iter().any(|m| m.contains("two accounts")),
        "{found:?}"
    );
    assert!(found.iter().any(|m| m.contains("modus")), "{found:?}");
}

#[test]
fn a_file_that_is_not_there_or_no_toml_is_a_mistake() {
    let mut layers = Layers::defaults();
    layers.file(Path::new("/nowhere/spillway.toml"));
    assert!(mistakes(&layers)[0].contains("cannot be read"));
    assert!(mistakes(&with_file("data = "))[0].contains("is no TOML"));
}

#[test]
fn other_nodes_are_told_the_address_that_is_advertised() {
    let of = |log: &str, admin: &str| {
        let text = format!("[log]\nbackend = \"{log}\"\n[admin]\n{admin}");
        Config::from_layers(&with_file(&text), &plain).unwrap()
    };
    let bound = "0.0.0.0:8081".parse().unwrap();
    let everywhere = "listen = \"0.0.0.0:8081\"\n";
    for (advertise, told) in [
        ("", "0.0.0.0:8081"),
        ("10.0.0.5", "10.0.0.5:8081"),
        ("fd00::5", "[fd00::5]:8081"),
        ("node-1:9", "node-1:9"),
    ] {
        let config = of(
            "kafka",
            &format!("{everywhere}advertise = \"{advertise}\"\n"),
        );
        assert_eq!(config.admin_address(bound), told);
        let named = config
            .unreachable()
            .is_some_and(|why| why.contains("admin.advertise"));
        assert_eq!(named, advertise.is_empty(), "{advertise}");
    }
    // Behind a journal there is no other node, and at an address of its own nothing is missing.
    assert_eq!(of("journal", everywhere).unreachable(), None);
    assert_eq!(
        of("kafka", "listen = \"10.0.0.5:8081\"\n").unreachable(),
        None
    );
    for wrong in ["0.0.0.0", "http://node-1", "node-1:"] {
        let found = mistakes(&with_file(&format!("[admin]\nadvertise = \"{wrong}\"\n")));
        assert!(
            found[0].starts_with("admin.advertise") && found[0].contains(wrong),
            "{found:?}"
        );
    }
}

#[test]
fn the_contests_key_is_digits_or_where_they_stand() {
    let key = |text: &str| {
        let layers = with_file(&format!("[contest]\nkey = \"{text}\"\n"));
        Config::from_layers(&layers, &|text| match text {
            "env:CONTEST_KEY" => Ok("0f".repeat(32)),
            text => Ok(text.to_owned()),
        })
        .map(|config| config.contest_key.map(|key| key.0))
    };
    assert_eq!(key("").unwrap(), None);
    assert_eq!(key("env:CONTEST_KEY").unwrap(), Some([15; 32]));
    assert_eq!(key(&"ab".repeat(32)).unwrap(), Some([0xab; 32]));
    let mistakes = key("short").unwrap_err();
    assert_eq!(mistakes[0].key, "contest.key");
    assert!(mistakes[0].message.contains("openssl rand -hex 32"));
    assert!(!mistakes[0].to_string().contains("short"), "it is a secret");
}
