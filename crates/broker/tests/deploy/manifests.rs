//! The Kubernetes manifests, read by the API's own types: what a type does not know does not come back out of it.

use crate::{files, word, yaml};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a manifest as a type of the API and writes it again.
type ThroughType = fn(&Value) -> Result<Value, serde_json::Error>;

fn through<T: DeserializeOwned + Serialize>(manifest: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(T::deserialize(manifest)?)
}

/// Kinds that are used here, with the version that serves them.
const KINDS: [(&str, &str, ThroughType); 7] = [
    ("StatefulSet", "apps/v1", through::<StatefulSet>),
    ("Deployment", "apps/v1", through::<Deployment>),
    ("Job", "batch/v1", through::<Job>),
    ("Service", "v1", through::<Service>),
    ("ConfigMap", "v1", through::<ConfigMap>),
    (
        "PodDisruptionBudget",
        "policy/v1",
        through::<PodDisruptionBudget>,
    ),
    (
        "NetworkPolicy",
        "networking.k8s.io/v1",
        through::<NetworkPolicy>,
    ),
];

/// What is wrong with a manifest, if anything.
fn fault(manifest: &Value) -> Option<String> {
    let kind = word(&manifest["kind"], "kind");
    let Some((_, version, through)) = KINDS.iter().find(|(known, _, _)| *known == kind) else {
        return Some(format!("{kind} is not known"));
    };
    if manifest["apiVersion"] != *version {
        return Some(format!("{kind} is served by {version}"));
    }
    match through(manifest) {
        Err(error) => Some(error.to_string()),
        Ok(known) => lost(manifest, &known, kind),
    }
}

/// The first place at which `known` is not what was written.
fn lost(written: &Value, known: &Value, place: &str) -> Option<String> {
    match (written, known) {
        (Value::Object(written), Value::Object(known)) => {
            if let Some(made_up) = known.keys().find(|key| !written.contains_key(*key)) {
                return Some(format!("{place}: the type wants {made_up}"));
            }
            written.iter().find_map(|(key, value)| {
                let place = format!("{place}.{key}");
                match known.get(key) {
                    Some(known) => lost(value, known, &place),
                    None => Some(format!("{place} is no field")),
                }
            })
        }
        (Value::Array(written), Value::Array(known)) if written.len() == known.len() => written
            .iter()
            .zip(known)
            .find_map(|(written, known)| lost(written, known, place)),
        _ if written == known => None,
        _ => Some(format!("{place}: {written} was read as {known}")),
    }
}

fn manifests() -> Vec<Value> {
    files("yaml").iter().flat_map(|path| yaml(path)).collect()
}

#[test]
fn the_types_of_the_api_know_every_field() {
    let all = manifests();
    assert!(all.len() >= 12, "{}", all.len());
    for manifest in all {
        assert_eq!(fault(&manifest), None, "{}", manifest["metadata"]["name"]);
    }
}

/// Maps whose keys are the author's own, by the end of their path; that of a service is a bare map, too.
const FREE: [&str; 5] = ["/labels", "/matchLabels", "/data", "/requests", "/limits"];
const FREE_IN_SERVICE: &str = "Service/spec/selector";

/// The paths of all fields in a value.
fn fields(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is_free = FREE.iter().any(|free| at.ends_with(free)) || at == FREE_IN_SERVICE;
            for (key, value) in members {
                if !is_free {
                    found.push(format!("{at}/{key}"));
                }
                fields(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                fields(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_misspelt_field_is_seen_wherever_it_stands() {
    let mut seen = 0;
    for manifest in manifests() {
        let mut paths = Vec::new();
        let kind = word(&manifest["kind"], "kind");
        fields(&manifest, kind, &mut paths);
        for path in paths.iter().map(|path| &path[kind.len()..]) {
            let (parent, key) = path.rsplit_once('/').unwrap();
            if parent.is_empty() && (key == "kind" || key == "apiVersion") {
                continue;
            }
            let mut wrong = manifest.clone();
            let members = wrong.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let value = members.remove(key).unwrap();
            members.insert(format!("{key}x"), value);
            assert!(fault(&wrong).is_some(), "{path} may be misspelt");
            seen += 1;
        }
    }
    assert!(seen > 400, "{seen}");
}

#[test]
fn a_value_of_the_wrong_sort_is_seen() {
    let manifests = manifests();
    let set = manifests.iter().find(|m| m["kind"] == "StatefulSet");
    for (path, value) in [
        ("/spec/replicas", Value::from("two")),
        ("/spec/template/spec/containers", Value::from("spillway")),
        (
            "/spec/template/spec/terminationGracePeriodSeconds",
            Value::from("30s"),
        ),
        ("/apiVersion", Value::from("apps/v1beta1")),
    ] {
        let mut wrong = set.unwrap().clone();
        *wrong.pointer_mut(path).unwrap() = value;
        assert!(fault(&wrong).is_some(), "{path}");
    }
}
