//! Prometheus and Grafana: whatever they ask for exists, and every alert says what to do.

use crate::{list, one_yaml, text, word};
use serde_json::Value;
use std::collections::BTreeSet;

const DASHBOARD: &str = "deploy/grafana/dashboards/spillway.json";
const ALERTS: &str = "deploy/prometheus/alerts.yml";

/// Every metric of ours in an expression.
fn metrics(expression: &str) -> BTreeSet<String> {
    expression
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|name| name.starts_with("spillway_"))
        .map(|name| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name)
                .to_owned()
        })
        .collect()
}

fn rules() -> Vec<Value> {
    let document = one_yaml(ALERTS);
    list(&document["groups"], "groups")
        .iter()
        .flat_map(|group| list(&group["rules"], "rules").clone())
        .collect()
}

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).unwrap();
    list(&dashboard["panels"], "panels").clone()
}

fn expressions() -> Vec<String> {
    let mut found: Vec<String> = rules()
        .iter()
        .map(|rule| word(&rule["expr"], "expr").to_owned())
        .collect();
    for panel in panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push(word(&target["expr"], "expr").to_owned());
        }
    }
    found
}

#[test]
fn every_metric_that_is_asked_for_is_documented() {
    let documented = text("docs/metrics.md");
    let mut seen = 0;
    for expression in expressions() {
        let names = metrics(&expression);
        assert!(
            !names.is_empty() || expression.starts_with("up{"),
            "{expression}"
        );
        for name in names {
            seen += 1;
            assert!(
                documented.contains(&format!("`{name}`")),
                "{name} is in no line of docs/metrics.md: {expression}"
            );
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn histograms_are_asked_as_histograms_and_counters_as_rates() {
    let documented = text("docs/metrics.md");
    let kind = |name: &str| -> String {
        let line = documented
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}`")))
            .unwrap_or_else(|| panic!("{name}"));
        line.split('|').nth(2).unwrap().trim().to_owned()
    };
    for expression in expressions() {
        for name in metrics(&expression) {
            let kind = kind(&name);
            let is_bucket = expression.contains(&format!("{name}_bucket"));
            assert_eq!(is_bucket, kind.starts_with("histogram"), "{expression}");
            // The mismatches of a process never go away, so their plain sum is what must be 0.
            if kind.starts_with("counter") && name != "spillway_audit_mismatch_total" {
                let grows = ["rate(", "increase("]
                    .iter()
                    .any(|f| expression.contains(&format!("{f}{name}")));
                assert!(grows, "{expression}");
            }
        }
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let rules = rules();
    let names: BTreeSet<&str> = rules.iter().map(|r| word(&r["alert"], "alert")).collect();
    assert_eq!(names.len(), rules.len());
    for rule in &rules {
        let name = word(&rule["alert"], "alert");
        let severity = word(&rule["labels"]["severity"], name);
        assert!(["page", "look"].contains(&severity), "{name}");
        for key in ["summary", "action"] {
            assert!(word(&rule["annotations"][key], name).len() > 20, "{name}");
        }
    }
}

#[test]
fn prometheus_asks_every_process_of_spillway_and_finds_the_rules() {
    let prometheus = one_yaml("deploy/prometheus/prometheus.yml");
    assert_eq!(prometheus["rule_files"][0], "/etc/prometheus/alerts.yml");
    let job = &prometheus["scrape_configs"][0];
    assert_eq!(job["job_name"], "spillway");
    let asked: BTreeSet<String> = list(&job["static_configs"], "static_configs")
        .iter()
        .flat_map(|group| list(&group["targets"], "targets"))
        .map(|target| word(target, "target").to_owned())
        .collect();
    for file in ["docker-compose.yml", "deploy/compose/three-brokers.yml"] {
        let compose = one_yaml(file);
        let services = compose["services"].as_object().unwrap();
        let run: BTreeSet<String> = services
            .iter()
            .filter(|(_, service)| service["command"][0] == "run")
            .map(|(name, _)| format!("{name}:8081"))
            .collect();
        assert_eq!(run, asked, "{file}");
    }
}

#[test]
fn the_dashboard_uses_the_provisioned_source_and_its_panels_do_not_overlap() {
    let sources = one_yaml("deploy/grafana/provisioning/datasources/prometheus.yml");
    let uid = word(&sources["datasources"][0]["uid"], "uid").to_owned();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            assert!(x < 24);
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{}", panel["title"]);
            }
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], uid);
            assert!(word(&panel["description"], "description").len() > 10);
        }
    }
}
