//! Nodes that listen on all addresses: an act that reaches one which does not lead finds the one that does, at the
//! address that it advertises.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use support::kafka::Seat;
use support::{Scene, alone, finish, run, spillway, succeed, until};

/// A seat whose admin API listens on all addresses.
fn everywhere(scene: &Scene, roles: &str) -> Seat {
    let mut seat = scene.seat(roles, roles);
    seat.admin = SocketAddr::from((Ipv4Addr::UNSPECIFIED, seat.admin.port()));
    seat
}

/// `campaign publish`, sent to the node at `seat` by the name of its machine; the environment says whose token it
/// presents, as in a container.
fn publish(scene: &Scene, seat: &Seat) -> Command {
    let mut command = Command::new(spillway());
    command
        .args(["campaign", "publish", "--expect-version", "0"])
        .arg(scene.with_suffix("campaign.toml"))
        .args(["--node", &format!("localhost:{}", seat.admin.port())])
        .env("SPILLWAY_DATA", scene.path(&seat.data));
    command
}

#[test]
fn an_act_reaches_the_coordinator_at_the_address_that_it_advertises() {
    let _turn = alone();
    let mut scene = Scene::on(Cluster::start(1).expect("a broker starts"), 2_000, 60);
    scene.create_topics();
    let [coordinator, others] =
        ["coordinator", "ingress,dedup,quiz"].map(|roles| everywhere(&scene, roles));
    // As one machine of several would be told, by the name of the machine alone.
    scene.env = vec![("SPILLWAY_ADMIN__ADVERTISE", "localhost".to_owned())];
    let leader = scene.start_at(&coordinator, &[]);
    scene.wait_leads(&leader);
    scene.env.clear();
    let node = scene.start_at(&others, &[]);
    let told = format!("localhost:{}", coordinator.admin.port());
    until("the coordinator's greeting", || {
        node.status()["leader"]["admin"] == told.as_str()
    });
    // Who can be sent to nobody says so; who advertises does not.
    let notices = |node: &support::Node| node.status()["notices"].to_string();
    assert!(
        notices(&node).contains("admin.advertise"),
        "{}",
        notices(&node)
    );
    assert!(
        !notices(&leader).contains("admin.advertise"),
        "{}",
        notices(&leader)
    );
    let published = finish(&mut publish(&scene, &others));
    assert!(
        published.stderr.contains(&format!("asking {told}")),
        "{published:?}"
    );
    assert!(published.well().contains("version 1"));
    // A rehearsal's clock is driven by way of any node, too.
    succeed(&mut scene.replay_at(&others, &others, &["--speed", "max"]));
    node.wait_concluded();

    // One that advertises another node's address leads in a circle; the command line says so and goes no further.
    assert_eq!(leader.terminate().0.code, Some(0));
    let wrong = format!("127.0.0.1:{}", others.admin.port());
    scene.env = vec![("SPILLWAY_ADMIN__ADVERTISE", wrong.clone())];
    let _leader = scene.start_at(&coordinator, &[]);
    until("the coordinator's new greeting", || {
        node.status()["leader"]["admin"] == wrong.as_str()
    });
    finish(&mut publish(&scene, &others)).badly(3, &[&wrong, "admin.advertise", "--node"]);
}

#[test]
fn an_address_that_leads_to_nobody_is_told_with_the_way_out() {
    let scene = Scene::bare("");
    let check = |text: &str| -> support::Ended {
        let file = scene.path("check.toml");
        std::fs::write(&file, text).unwrap();
        run(&format!("config check {}", shown(&file)))
    };
    let kafka = support::kafka::kafka_toml(&["127.0.0.1:9092".to_owned()]);
    let admin = "[admin]\nlisten = \"0.0.0.0:8081\"\n";
    let said = check(&format!("{kafka}\n{admin}")).well();
    assert!(
        said.contains("0.0.0.0:8081") && said.contains("admin.advertise"),
        "{said}"
    );
    let said = check(&format!("{kafka}\n{admin}advertise = \"node-1\"\n")).well();
    assert!(!said.contains("admin.advertise"), "{said}");
    check(&format!("{kafka}\n{admin}advertise = \"0.0.0.0\"\n")).badly(2, &["admin.advertise"]);
    run("status --node nobody.invalid:8081").badly(2, &["--node", "nobody.invalid"]);
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
