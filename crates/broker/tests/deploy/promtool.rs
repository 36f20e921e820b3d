//! What Prometheus's own tool says: configuration, rules, every expression of the dashboard, and whether each alert
//! rings when it should and is silent when all is well.

use crate::alerts::{CASES, Case, Series};
use crate::{list, monitoring, one_yaml, root, text, tool, word, words};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;

const ALERTS: &str = "deploy/prometheus/alerts.yml";

fn promtool(arguments: &[&str], file: &Path) -> Output {
    tool("promtool").args(arguments).arg(file).output().unwrap()
}

/// Writes a file and lets promtool judge it.
fn judge(arguments: &[&str], text: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("judged.yml");
    std::fs::write(&file, text).unwrap();
    promtool(arguments, &file)
}

#[test]
fn promtool_takes_the_configuration_with_its_rules() {
    let rules = root().join(ALERTS);
    let sound = text("deploy/prometheus/prometheus.yml");
    let mounted = sound.replace("/etc/prometheus/alerts.yml", rules.to_str().unwrap());
    let check = ["check", "config", "--lint=all", "--lint-fatal"];
    let said = judge(&check, &mounted);
    assert!(said.status.success(), "{}", words(&said));
    let file = one_yaml(ALERTS);
    let groups = list(&file["groups"], "groups").iter();
    let count: usize = groups
        .map(|group| list(&group["rules"], "rules").len())
        .sum();
    let counted = format!("{count} rules found");
    assert!(words(&said).contains(&counted), "{}", words(&said));
    // It knows the fields, and what an expression is.
    let said = judge(&check, &mounted.replace("scrape_timeout", "scrape_timout"));
    assert!(words(&said).contains("scrape_timout"), "{}", words(&said));
    let broken = text(ALERTS).replacen("sum(increase(", "sum(increas(", 1);
    assert!(!judge(&["check", "rules"], &broken).status.success());
}

#[test]
fn promtool_reads_every_expression_of_the_dashboard() {
    let rules = |expressions: &[String]| {
        let rules: Vec<Value> = (1..)
            .zip(expressions)
            .map(|(n, expression)| json!({ "record": format!("panel:{n}"), "expr": expression }))
            .collect();
        json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string()
    };
    let expressions = monitoring::of_the_dashboard();
    assert!(expressions.len() > 30);
    let said = judge(&["check", "rules"], &rules(&expressions));
    assert!(said.status.success(), "{}", words(&said));
    let broken = [expressions[0].replace("sum(", "sum((")];
    assert!(!judge(&["check", "rules"], &rules(&broken)).status.success());
}

/// Labels and annotations of an alert as the file has them.
fn rule(name: &str) -> (BTreeMap<String, Value>, Value) {
    let file = one_yaml(ALERTS);
    let groups = list(&file["groups"], "groups").iter();
    let mut rules = groups.flat_map(|group| list(&group["rules"], "rules"));
    let found = rules.find(|rule| rule["alert"] == name);
    let found = found.unwrap_or_else(|| panic!("{name} is no alert"));
    let labels = found["labels"].as_object().unwrap().clone();
    (labels.into_iter().collect(), found["annotations"].clone())
}

fn group(case: &Case, series: &[Series], rings: bool) -> Value {
    let (mut labels, annotations) = rule(case.alert);
    for (label, value) in case.labels {
        labels.insert((*label).to_owned(), Value::from(*value));
    }
    let expected = json!({ "exp_labels": labels, "exp_annotations": annotations });
    let series: Vec<Value> = series
        .iter()
        .map(|(series, values)| json!({ "series": series, "values": values }))
        .collect();
    json!({
        "interval": "5s",
        "input_series": series,
        "alert_rule_test": [{
            "eval_time": case.at,
            "alertname": case.alert,
            "exp_alerts": if rings { vec![expected] } else { Vec::new() },
        }],
    })
}

fn tests(groups: &[Value]) -> String {
    json!({
        "rule_files": [root().join(ALERTS)],
        "evaluation_interval": "5s",
        "tests": groups,
    })
    .to_string()
}

#[test]
fn every_alert_rings_when_it_should_and_is_silent_when_all_is_well() {
    let groups: Vec<Value> = CASES
        .iter()
        .flat_map(|case| [group(case, case.bad, true), group(case, case.good, false)])
        .collect();
    let said = judge(&["test", "rules"], &tests(&groups));
    assert!(said.status.success(), "{}", words(&said));
    // The judge can say no: what rings is expected to be silent.
    let wrong = tests(&[group(&CASES[0], CASES[0].bad, false)]);
    assert!(!judge(&["test", "rules"], &wrong).status.success());
}

#[test]
fn no_alert_is_left_out() {
    let file = one_yaml(ALERTS);
    let groups = list(&file["groups"], "groups").iter();
    let alerts: BTreeSet<&str> = groups
        .flat_map(|group| list(&group["rules"], "rules"))
        .map(|rule| word(&rule["alert"], "alert"))
        .collect();
    let tried: BTreeSet<&str> = CASES.iter().map(|case| case.alert).collect();
    assert_eq!(tried, alerts);
}
