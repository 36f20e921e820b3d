//! Grafana's files, as types that know every field which is used and refuse any other: Grafana itself passes over what
//! it does not know.

use crate::{one_yaml, text};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Dashboard {
    uid: String,
    title: String,
    tags: Vec<String>,
    timezone: String,
    schema_version: u32,
    version: u32,
    refresh: String,
    editable: bool,
    time: Range,
    templating: Empty,
    annotations: Empty,
    pub(crate) panels: Vec<Panel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    from: String,
    to: String,
}

/// A list that holds nothing here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {
    list: [(); 0],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Panel {
    id: u32,
    pub(crate) title: String,
    #[serde(rename = "type")]
    kind: Kind,
    grid_pos: Place,
    description: Option<String>,
    datasource: Option<Source>,
    field_config: Option<FieldConfig>,
    options: Option<Options>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
    /// Of a table: which columns are left out.
    #[serde(default)]
    transformations: Vec<Transformation>,
    /// Of a row: whether it is folded, and what is folded away in it.
    collapsed: Option<bool>,
    panels: Option<[(); 0]>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Row,
    Stat,
    Table,
    Timeseries,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transformation {
    id: String,
    options: Organize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Organize {
    exclude_by_name: BTreeMap<String, bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    x: u32,
    y: u32,
    w: u32,
    h: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    uid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldConfig {
    defaults: Defaults,
    overrides: [(); 0],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    unit: Option<Unit>,
    min: Option<f64>,
    thresholds: Option<Thresholds>,
}

/// Units by Grafana's ids.
#[derive(Deserialize)]
enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "short")]
    Short,
    #[serde(rename = "reqps")]
    RequestsPerSecond,
    #[serde(rename = "Bps")]
    BytesPerSecond,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    mode: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    color: String,
    value: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    color_mode: Option<String>,
    show_header: Option<bool>,
    reduce_options: Option<Reduce>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reduce {
    calcs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Target {
    ref_id: String,
    datasource: Source,
    pub(crate) expr: String,
    pub(crate) legend_format: String,
    /// Of a table: labels as columns, and the newest of each series.
    format: Option<String>,
    instant: Option<bool>,
}

const FILE: &str = "deploy/grafana/dashboards/spillway.json";

/// The dashboard.
pub(crate) fn read() -> Dashboard {
    serde_json::from_str(&text(FILE)).unwrap_or_else(|error| panic!("{FILE}: {error}"))
}

#[test]
fn the_dashboard_has_no_field_that_grafana_would_pass_over() {
    let dashboard = read();
    assert_eq!(
        (&*dashboard.uid, &*dashboard.title),
        ("spillway", "Spillway")
    );
    assert_eq!(dashboard.tags, ["spillway"]);
    // The scheme of Grafana 11 and 12; a newer one reads it.
    assert_eq!((dashboard.schema_version, dashboard.version), (39, 1));
    assert_eq!(
        (&*dashboard.refresh, &*dashboard.timezone),
        ("5s", "browser")
    );
    assert_eq!(
        (&*dashboard.time.from, &*dashboard.time.to),
        ("now-30m", "now")
    );
    assert!(!dashboard.editable);
    let empty = [&dashboard.templating, &dashboard.annotations];
    assert!(empty.iter().all(|found| found.list.is_empty()));
    let misspelt = text(FILE).replace("\"gridPos\"", "\"gridpos\"");
    let error = serde_json::from_str::<Dashboard>(&misspelt).err().unwrap();
    assert!(error.to_string().contains("gridpos"), "{error}");
}

/// `uid` of the data source that is provisioned.
fn provisioned() -> String {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Sources {
        api_version: u32,
        datasources: [Provisioned; 1],
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Provisioned {
        name: String,
        uid: String,
        #[serde(rename = "type")]
        kind: String,
        access: String,
        url: String,
        is_default: bool,
        editable: bool,
        json_data: Data,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Data {
        time_interval: String,
    }
    let file = "deploy/grafana/provisioning/datasources/prometheus.yml";
    let found: Sources = serde_json::from_value(one_yaml(file)).unwrap();
    assert_eq!(found.api_version, 1);
    let [source] = found.datasources;
    assert_eq!((&*source.kind, &*source.access), ("prometheus", "proxy"));
    assert_eq!(
        (&*source.name, &*source.url),
        ("Prometheus", "http://prometheus:9090")
    );
    assert!(source.is_default && !source.editable);
    // The interval at which Prometheus asks: a shorter step would show gaps.
    let prometheus = one_yaml("deploy/prometheus/prometheus.yml");
    assert_eq!(
        prometheus["global"]["scrape_interval"],
        *source.json_data.time_interval
    );
    source.uid
}

#[test]
fn dashboards_are_looked_for_where_compose_mounts_them() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Providers {
        api_version: u32,
        providers: [Provider; 1],
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Provider {
        name: String,
        folder: String,
        #[serde(rename = "type")]
        kind: String,
        allow_ui_updates: bool,
        options: Place,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Place {
        path: String,
    }
    let file = "deploy/grafana/provisioning/dashboards/spillway.yml";
    let found: Providers = serde_json::from_value(one_yaml(file)).unwrap();
    assert_eq!(found.api_version, 1);
    let [provider] = found.providers;
    assert_eq!(
        (&*provider.name, &*provider.folder),
        ("spillway", "Spillway")
    );
    assert!(provider.kind == "file" && !provider.allow_ui_updates);
    for file in ["docker-compose.yml", "deploy/compose/three-brokers.yml"] {
        let volumes = one_yaml(file)["services"]["grafana"]["volumes"].to_string();
        let mounted = format!("grafana/dashboards:{}:ro", provider.options.path);
        assert!(volumes.contains(&mounted), "{file}");
        assert!(volumes.contains("grafana/provisioning:/etc/grafana/provisioning:ro"));
    }
}

#[test]
fn every_panel_is_whole_and_has_a_place_of_its_own() {
    let uid = provisioned();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in read().panels {
        let title = &panel.title;
        assert!(ids.insert(panel.id), "{title}");
        let at = &panel.grid_pos;
        for x in at.x..at.x + at.w {
            assert!(x < 24, "{title}");
            for y in at.y..at.y + at.h {
                assert!(taken.insert((x, y)), "{title}");
            }
        }
        if panel.kind == Kind::Row {
            assert_eq!(panel.collapsed, Some(false), "{title}");
            assert!(
                panel.panels.is_some() && panel.targets.is_empty(),
                "{title}"
            );
            continue;
        }
        let said = panel.description.as_deref().unwrap_or_default();
        assert!(said.len() > 10, "{title} says nothing");
        let letters: Vec<&str> = panel.targets.iter().map(|t| t.ref_id.as_str()).collect();
        assert_eq!(letters, ["A", "B", "C", "D"][..letters.len()], "{title}");
        let sources = panel.targets.iter().map(|target| &target.datasource);
        for source in sources.chain(&panel.datasource) {
            assert_eq!(
                (&*source.kind, &*source.uid),
                ("prometheus", &*uid),
                "{title}"
            );
        }
        let tables = panel.targets.iter().filter(|target| {
            target.format.as_deref() == Some("table") && target.instant == Some(true)
        });
        let is_table = panel.kind == Kind::Table;
        assert_eq!(tables.count() == panel.targets.len(), is_table, "{title}");
        assert_eq!(panel.transformations.len() == 1, is_table, "{title}");
        for transformation in &panel.transformations {
            assert_eq!(transformation.id, "organize");
            // An information is always 1, and of now.
            let left_out = BTreeMap::from(["Time", "Value"].map(|name| (name.to_owned(), true)));
            assert_eq!(transformation.options.exclude_by_name, left_out, "{title}");
            let options = panel.options.as_ref().unwrap();
            assert_eq!(options.show_header, Some(true), "{title}");
        }
        let fields = panel.field_config.unwrap();
        assert!(fields.overrides.is_empty());
        assert!(fields.defaults.unit.is_some() && fields.defaults.min.is_none_or(|min| min == 0.0));
        assert_eq!(
            panel.kind == Kind::Stat,
            fields.defaults.thresholds.is_some(),
            "{title}"
        );
        if let Some(thresholds) = fields.defaults.thresholds {
            assert_eq!(thresholds.mode, "absolute");
            let steps: Vec<(&str, Option<f64>)> = thresholds
                .steps
                .iter()
                .map(|step| (step.color.as_str(), step.value))
                .collect();
            // Red from the first on: these numbers are 0 while all is well.
            assert_eq!(steps, [("green", None), ("red", Some(1.0))], "{title}");
            let options = panel.options.unwrap();
            assert_eq!(options.color_mode.as_deref(), Some("value"), "{title}");
            let reduced = options.reduce_options.unwrap();
            assert_eq!(reduced.calcs, ["lastNotNull"], "{title}");
        }
    }
}

#[test]
fn nothing_else_lies_in_the_folder_of_dashboards() {
    let all: Value = serde_json::from_str(&text(FILE)).unwrap();
    assert!(all["panels"].is_array());
    assert_eq!(crate::files("json"), [FILE]);
}
