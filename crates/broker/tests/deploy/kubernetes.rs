//! The Kubernetes manifests: known kinds, and every name that one uses for another fits.

use crate::{DRAIN_S, files, list, word, yaml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds that are used here, with the version that serves them.
const KINDS: [(&str, &str); 6] = [
    ("StatefulSet", "apps/v1"),
    ("Service", "v1"),
    ("ConfigMap", "v1"),
    ("PodDisruptionBudget", "policy/v1"),
    ("NetworkPolicy", "networking.k8s.io/v1"),
    ("Job", "batch/v1"),
];

fn manifests() -> Vec<Value> {
    files("yaml").iter().flat_map(|path| yaml(path)).collect()
}

fn of(kind: &str) -> Vec<Value> {
    let mut all = manifests();
    all.retain(|manifest| manifest["kind"] == kind);
    all
}

fn name(manifest: &Value) -> &str {
    word(&manifest["metadata"]["name"], "metadata.name")
}

/// Whether every label of a selector is among the labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().unwrap();
    !selector.is_empty() && selector.iter().all(|(key, value)| labels[key] == *value)
}

#[test]
fn every_manifest_is_of_a_known_kind_and_named_once() {
    let mut seen = BTreeSet::new();
    for manifest in manifests() {
        let kind = word(&manifest["kind"], "kind");
        let version = KINDS.iter().find(|(known, _)| *known == kind);
        let version = version.unwrap_or_else(|| panic!("{kind} is not known"));
        assert_eq!(manifest["apiVersion"], version.1, "{kind}");
        let once = seen.insert((kind.to_owned(), name(&manifest).to_owned()));
        assert!(once, "{kind} {}", name(&manifest));
    }
    assert_eq!(of("StatefulSet").len(), 4);
}

#[test]
fn every_set_selects_its_own_pods_and_runs_its_role_with_time_to_drain() {
    let mut roles = BTreeMap::new();
    for set in of("StatefulSet") {
        let (name, spec) = (name(&set).to_owned(), &set["spec"]);
        let pod = &spec["template"]["spec"];
        let labels = &spec["template"]["metadata"]["labels"];
        assert!(selects(&spec["selector"]["matchLabels"], labels), "{name}");
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(grace > DRAIN_S, "{name}");
        // SPILLWAY_… of a service would be read as configuration and refused.
        assert_eq!(pod["enableServiceLinks"], false, "{name}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        let args = list(&pod["containers"][0]["args"], "args");
        let role = word(args.last().unwrap(), "role").to_owned();
        assert_eq!(
            args[..3],
            ["run", "--config", "/etc/spillway/spillway.toml"]
        );
        assert_eq!(labels["role"], *role);
        let replicas = spec["replicas"].as_u64().unwrap();
        roles.insert(role, replicas);
        let headless = of("Service")
            .into_iter()
            .find(|service| service["metadata"]["name"] == spec["serviceName"])
            .unwrap();
        assert_eq!(headless["spec"]["clusterIP"], "None");
        let budgets = of("PodDisruptionBudget");
        let budget = budgets
            .iter()
            .filter(|budget| selects(&budget["spec"]["selector"]["matchLabels"], labels))
            .collect::<Vec<_>>();
        assert_eq!(budget.len(), 1, "{name}");
        let lost = budget[0]["spec"]["maxUnavailable"].as_u64().unwrap();
        assert!(lost < replicas, "{name}");
    }
    let names: Vec<&str> = roles.keys().map(String::as_str).collect();
    assert_eq!(names, ["coordinator", "dedup", "ingress", "quiz"]);
}

#[test]
fn every_pod_is_sent_to_at_its_own_address_and_lets_the_others_in() {
    let policies = of("NetworkPolicy");
    let admin = policies.iter().flat_map(|policy| {
        let rules = list(&policy["spec"]["ingress"], "ingress");
        rules
            .iter()
            .filter(|rule| rule["ports"][0]["port"] == 8081)
            .flat_map(|rule| list(&rule["from"], "from"))
    });
    let admin: Vec<&Value> = admin.collect();
    for set in of("StatefulSet") {
        let template = &set["spec"]["template"];
        let environment = list(&template["spec"]["containers"][0]["env"], "env");
        let address = environment
            .iter()
            .find(|variable| variable["name"] == "SPILLWAY_ADMIN__ADVERTISE")
            .map(|variable| &variable["valueFrom"]["fieldRef"]["fieldPath"]);
        assert_eq!(address.unwrap(), "status.podIP", "{}", name(&set));
        let labels = &template["metadata"]["labels"];
        let from_each_other = admin
            .iter()
            .any(|peer| selects(&peer["podSelector"]["matchLabels"], labels));
        assert!(from_each_other, "{}", name(&set));
    }
}

#[test]
fn probes_ask_the_admin_port_and_services_name_ports_that_are_there() {
    for set in of("StatefulSet") {
        let template = &set["spec"]["template"];
        let container = &template["spec"]["containers"][0];
        let ports: BTreeMap<&str, u64> = list(&container["ports"], "ports")
            .iter()
            .map(|port| {
                let number = port["containerPort"].as_u64().unwrap();
                (word(&port["name"], "port"), number)
            })
            .collect();
        assert_eq!(ports["admin"], 8081);
        for (probe, path) in [
            ("startupProbe", "/health/live"),
            ("livenessProbe", "/health/live"),
            ("readinessProbe", "/health/ready"),
        ] {
            assert_eq!(container[probe]["httpGet"]["path"], path);
            assert_eq!(container[probe]["httpGet"]["port"], "admin");
        }
        for service in of("Service") {
            let labels = &template["metadata"]["labels"];
            if selects(&service["spec"]["selector"], labels) {
                for port in list(&service["spec"]["ports"], "ports") {
                    let target = word(&port["targetPort"], "targetPort");
                    assert_eq!(ports.get(target).copied(), port["port"].as_u64());
                }
            }
        }
    }
    for service in of("Service") {
        let served = of("StatefulSet").iter().any(|set| {
            let labels = &set["spec"]["template"]["metadata"]["labels"];
            selects(&service["spec"]["selector"], labels)
        });
        assert!(served, "{} serves nobody", name(&service));
    }
}

#[test]
fn every_mount_has_its_volume_and_every_volume_its_source() {
    let configs: BTreeSet<String> = of("ConfigMap")
        .iter()
        .map(|config| name(config).to_owned())
        .collect();
    for owner in of("StatefulSet").into_iter().chain(of("Job")) {
        let pod = &owner["spec"]["template"]["spec"];
        let mut volumes: BTreeSet<&str> = BTreeSet::new();
        for volume in list(&pod["volumes"], "volumes") {
            volumes.insert(word(&volume["name"], "volume"));
            if let Some(config) = volume["configMap"]["name"].as_str() {
                assert!(configs.contains(config), "{config}");
            }
        }
        for claim in owner["spec"]["volumeClaimTemplates"]
            .as_array()
            .into_iter()
            .flatten()
        {
            volumes.insert(word(&claim["metadata"]["name"], "claim"));
        }
        let container = &pod["containers"][0];
        for mount in list(&container["volumeMounts"], "volumeMounts") {
            let volume = word(&mount["name"], "mount");
            assert!(volumes.contains(volume), "{volume}");
        }
        let secure = &container["securityContext"];
        assert_eq!(secure["readOnlyRootFilesystem"], true);
        assert_eq!(secure["allowPrivilegeEscalation"], false);
    }
}

#[test]
fn the_spool_of_ingress_outlives_its_pod() {
    let sets = of("StatefulSet");
    let ingress = sets.iter().find(|set| name(set) == "spillway-ingress");
    let spec = &ingress.unwrap()["spec"];
    assert_eq!(spec["volumeClaimTemplates"][0]["metadata"]["name"], "data");
    let kept = &spec["persistentVolumeClaimRetentionPolicy"];
    assert_eq!(kept["whenDeleted"], "Retain");
    assert_eq!(kept["whenScaled"], "Retain");
    assert_eq!(spec["podManagementPolicy"], "Parallel");
}
