//! The Kubernetes manifests among each other: every name that one uses for another fits, each role is run as what it
//! keeps asks for, and pods are told apart, reached, asked and drained.

use crate::{DRAIN_S, files, list, word, yaml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn manifests() -> Vec<Value> {
    files("yaml").iter().flat_map(|path| yaml(path)).collect()
}

fn of(kind: &str) -> Vec<Value> {
    let mut all = manifests();
    all.retain(|manifest| manifest["kind"] == kind);
    all
}

/// What runs a role: one of each, under the role's name.
fn roles() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for owner in of("StatefulSet").into_iter().chain(of("Deployment")) {
        let labels = &owner["spec"]["template"]["metadata"]["labels"];
        let role = word(&labels["role"], "role").to_owned();
        assert!(found.insert(role, owner).is_none());
    }
    found
}

fn name(manifest: &Value) -> &str {
    word(&manifest["metadata"]["name"], "metadata.name")
}

fn labels(owner: &Value) -> &Value {
    &owner["spec"]["template"]["metadata"]["labels"]
}

fn pod(owner: &Value) -> &Value {
    &owner["spec"]["template"]["spec"]
}

fn container(owner: &Value) -> &Value {
    let containers = list(&pod(owner)["containers"], "containers");
    assert_eq!(containers.len(), 1, "{}", name(owner));
    &containers[0]
}

/// Whether every label of a selector is among the labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().unwrap();
    !selector.is_empty() && selector.iter().all(|(key, value)| labels[key] == *value)
}

#[test]
fn every_manifest_is_named_once() {
    let mut seen = BTreeSet::new();
    for manifest in manifests() {
        let kind = word(&manifest["kind"], "kind").to_owned();
        let once = seen.insert((kind, name(&manifest).to_owned()));
        assert!(once, "{}", name(&manifest));
    }
}

#[test]
fn only_the_spool_of_ingress_outlives_its_pod() {
    let roles = roles();
    let kinds: Vec<(&str, &str)> = roles
        .iter()
        .map(|(role, owner)| (role.as_str(), word(&owner["kind"], "kind")))
        .collect();
    let expected = [
        ("coordinator", "Deployment"),
        ("dedup", "Deployment"),
        ("ingress", "StatefulSet"),
        ("quiz", "Deployment"),
    ];
    assert_eq!(kinds, expected);
    let spec = &roles["ingress"]["spec"];
    assert_eq!(spec["volumeClaimTemplates"][0]["metadata"]["name"], "data");
    let kept = &spec["persistentVolumeClaimRetentionPolicy"];
    assert_eq!(kept["whenDeleted"], "Retain");
    assert_eq!(kept["whenScaled"], "Retain");
    assert_eq!(spec["podManagementPolicy"], "Parallel");
    for role in ["coordinator", "dedup", "quiz"] {
        let data = list(&pod(&roles[role])["volumes"], "volumes")
            .iter()
            .find(|volume| volume["name"] == "data");
        let bound = &data.unwrap()["emptyDir"]["sizeLimit"];
        assert!(word(bound, "sizeLimit").ends_with("Gi"), "{role}");
        // The scheduler must know that the node's disk is used.
        let asked = &container(&roles[role])["resources"]["requests"];
        assert!(asked["ephemeral-storage"].is_string(), "{role}");
    }
}

#[test]
fn two_versions_of_a_step_never_run_beside_each_other() {
    let roles = roles();
    for role in ["dedup", "quiz"] {
        let strategy = &roles[role]["spec"]["strategy"];
        assert_eq!(strategy["type"], "Recreate", "{role}");
        assert!(strategy["rollingUpdate"].is_null(), "{role}");
    }
    let strategy = &roles["coordinator"]["spec"]["strategy"];
    assert_eq!(strategy["type"], "RollingUpdate");
    let lost = strategy["rollingUpdate"]["maxUnavailable"].as_u64();
    assert!(lost < roles["coordinator"]["spec"]["replicas"].as_u64());
}

#[test]
fn every_role_selects_its_own_pods_and_has_time_to_drain() {
    for (role, owner) in roles() {
        let spec = &owner["spec"];
        let selector = &spec["selector"]["matchLabels"];
        assert!(selects(selector, labels(&owner)), "{role}");
        assert_eq!(selector["role"], *role);
        let grace = pod(&owner)["terminationGracePeriodSeconds"].as_u64();
        assert!(grace > Some(DRAIN_S), "{role}");
        let args = list(&container(&owner)["args"], "args");
        let expected = [
            "run",
            "--config",
            "/etc/spillway/spillway.toml",
            "--roles",
            &role,
        ];
        assert_eq!(args.as_slice(), expected);
        let budgets = of("PodDisruptionBudget");
        let budget: Vec<&Value> = budgets
            .iter()
            .filter(|budget| selects(&budget["spec"]["selector"]["matchLabels"], labels(&owner)))
            .collect();
        assert_eq!(budget.len(), 1, "{role}");
        let lost = budget[0]["spec"]["maxUnavailable"].as_u64();
        assert!(lost.is_some() && lost < spec["replicas"].as_u64(), "{role}");
        if owner["kind"] == "StatefulSet" {
            let headless = of("Service")
                .into_iter()
                .find(|service| service["metadata"]["name"] == spec["serviceName"]);
            assert_eq!(headless.unwrap()["spec"]["clusterIP"], "None");
        }
    }
}

#[test]
fn no_pod_has_more_rights_than_it_needs() {
    for owner in roles().into_values().chain(of("Job")) {
        let pod = pod(&owner);
        // SPILLWAY_… of a service would be read as configuration and refused.
        assert_eq!(pod["enableServiceLinks"], false, "{}", name(&owner));
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        let secure = &container(&owner)["securityContext"];
        assert_eq!(secure["readOnlyRootFilesystem"], true);
        assert_eq!(secure["allowPrivilegeEscalation"], false);
        assert_eq!(secure["capabilities"]["drop"][0], "ALL");
    }
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
    for (role, owner) in roles() {
        let environment = list(&container(&owner)["env"], "env");
        let address = environment
            .iter()
            .find(|variable| variable["name"] == "SPILLWAY_ADMIN__ADVERTISE")
            .map(|variable| &variable["valueFrom"]["fieldRef"]["fieldPath"]);
        assert_eq!(address.unwrap(), "status.podIP", "{role}");
        let from_each_other = admin
            .iter()
            .any(|peer| selects(&peer["podSelector"]["matchLabels"], labels(&owner)));
        assert!(from_each_other, "{role}");
    }
}

#[test]
fn probes_ask_the_admin_port_and_services_name_ports_that_are_there() {
    for owner in roles().into_values() {
        let container = container(&owner);
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
            if selects(&service["spec"]["selector"], labels(&owner)) {
                for port in list(&service["spec"]["ports"], "ports") {
                    let target = word(&port["targetPort"], "targetPort");
                    assert_eq!(ports.get(target).copied(), port["port"].as_u64());
                }
            }
        }
    }
    for service in of("Service") {
        let selector = &service["spec"]["selector"];
        let served = roles()
            .values()
            .any(|owner| selects(selector, labels(owner)));
        assert!(served, "{} serves nobody", name(&service));
    }
}

#[test]
fn every_mount_has_its_volume_and_every_volume_its_source() {
    let configs: BTreeSet<String> = of("ConfigMap")
        .iter()
        .map(|config| name(config).to_owned())
        .collect();
    for owner in roles().into_values().chain(of("Job")) {
        let mut volumes: BTreeSet<&str> = BTreeSet::new();
        for volume in list(&pod(&owner)["volumes"], "volumes") {
            assert!(volumes.insert(word(&volume["name"], "volume")));
            if let Some(config) = volume["configMap"]["name"].as_str() {
                assert!(configs.contains(config), "{config}");
            }
        }
        let claims = owner["spec"]["volumeClaimTemplates"].as_array();
        for claim in claims.into_iter().flatten() {
            volumes.insert(word(&claim["metadata"]["name"], "claim"));
        }
        let mounts = list(&container(&owner)["volumeMounts"], "volumeMounts");
        let mounted: BTreeSet<&str> = mounts
            .iter()
            .map(|mount| word(&mount["name"], "mount"))
            .collect();
        assert_eq!(mounted, volumes, "{}", name(&owner));
    }
}
