//! What Prometheus and Grafana ask for: every metric and label exists, and every alert says what to do.

use crate::{dashboard, list, one_yaml, text, word};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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

/// Every expression of the dashboard's panels.
pub(crate) fn of_the_dashboard() -> Vec<String> {
    let panels = dashboard::read().panels;
    let targets = panels.iter().flat_map(|panel| &panel.targets);
    targets.map(|target| target.expr.clone()).collect()
}

fn expressions() -> Vec<String> {
    let rules = rules();
    let of_alerts = rules
        .iter()
        .map(|rule| word(&rule["expr"], "expr").to_owned());
    of_alerts.chain(of_the_dashboard()).collect()
}

/// The labels of each metric, from its line in the documentation.
fn labels() -> BTreeMap<String, BTreeSet<String>> {
    let documented = text("docs/metrics.md");
    let lines = documented
        .lines()
        .filter(|line| line.starts_with("| `spillway_"));
    lines
        .map(|line| {
            let mut columns = line.split('|').skip(1);
            let name = columns.next().unwrap().trim().trim_matches('`');
            let kind = columns.next().unwrap();
            let labels = kind.split_once(':').map_or("", |(_, labels)| labels);
            let labels = labels.split(',').map(|label| label.trim().to_owned());
            (
                name.to_owned(),
                labels.filter(|label| !label.is_empty()).collect(),
            )
        })
        .collect()
}

/// Every label that an expression groups by or selects with.
fn labels_in(expression: &str) -> BTreeSet<String> {
    let grouped = expression.split(" by (").skip(1).flat_map(|rest| {
        let inside = rest.split(')').next().unwrap();
        inside.split(',')
    });
    let selected = expression.split('{').skip(1).flat_map(|rest| {
        let inside = rest.split('}').next().unwrap();
        inside
            .split(',')
            .map(|pair| pair.split(['=', '!', '~']).next().unwrap())
    });
    grouped
        .chain(selected)
        .map(|label| label.trim().to_owned())
        .collect()
}

/// Labels that Prometheus itself gives.
const OF_PROMETHEUS: [&str; 3] = ["instance", "job", "le"];

#[test]
fn every_label_that_is_asked_for_is_one_of_its_metric() {
    let documented = labels();
    let mut seen = 0;
    for expression in expressions() {
        for name in metrics(&expression) {
            for label in labels_in(&expression) {
                seen += 1;
                let known = OF_PROMETHEUS.contains(&label.as_str());
                assert!(
                    known || documented[&name].contains(&label),
                    "{name} has no label {label}: {expression}"
                );
            }
        }
    }
    assert!(seen > 20, "{seen}");
    // What a legend shows must have survived the expression.
    for target in dashboard::read()
        .panels
        .iter()
        .flat_map(|panel| &panel.targets)
    {
        let shown = target.legend_format.split("{{").skip(1);
        for label in shown.map(|rest| rest.split("}}").next().unwrap()) {
            let expression = &target.expr;
            let is_grouped = labels_in(expression).contains(label);
            let is_kept = !expression.contains('(') && label == "instance";
            assert!(is_grouped || is_kept, "{label} is not in {expression}");
        }
    }
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
