//! Three brokers that hold everything three times: killed in turn, one of them frozen, two and all of them away.

use crate::support::event::Event;
use crate::support::fleet::{Fleet, PAIR, asked};
use crate::support::stories::in_turn;
use crate::support::{Scene, until};
use crate::{coming_in, frozen, lasts, spools_are_empty, well_in_the_end};
use broker::Cluster;
use std::time::Duration;

/// A broker is noticed to be dead within 3 s; so long it stays dead.
const TURN: Duration = Duration::from_secs(5);
/// What starting brokers again, replicas that catch up and spools that are drained may take together.
const REPAIRS: Duration = Duration::from_secs(140);
/// Messages a second on the whole.
const PER_S: u64 = 51;

/// How long too few brokers for an ack are there.
fn too_few() -> Duration {
    Duration::from_secs(asked("SOAK_AWAY_S", 10))
}

pub(crate) fn die_in_turn_freeze_and_die_together() {
    let time = TURN * 3 + frozen() + too_few() * 2 + REPAIRS;
    let (mut fleet, mut event) = in_turn(|| {
        let cluster = Cluster::start(3).expect("three brokers start");
        let scene = Scene::on(cluster, coming_in(time, PER_S), 60);
        let fleet = Fleet::start(scene, &PAIR);
        let mut event = Event::lasting(&fleet, time);
        event.goes_on_past_the_rush();
        (fleet, event)
    });
    // Each in turn: every partition loses its leader once.
    for broker in 0..3 {
        let fired = fleet.fired("");
        fleet.scene.cluster().kill(broker);
        event.goes_on(TURN, "a broker was back");
        if broker == 2 {
            more_replicas_are_asked_for_than_there_are(&mut fleet, &mut event);
        }
        let cluster = fleet.scene.cluster();
        cluster.restart(broker).expect("the broker starts again");
        cluster.wait_in_sync().expect("its replicas catch up");
        assert!(fleet.fired("") > fired, "broker {broker} was missed");
    }
    spools_are_empty(&fleet, "three deaths");

    // Its sockets stay open and it says nothing; the others take over what it led.
    let fired = fleet.fired("");
    fleet.scene.cluster().stall(0);
    lasts(&fleet, &mut event, frozen(), "the frozen broker went on");
    assert!(fleet.fired("") > fired, "the frozen broker was missed");
    fleet.scene.cluster().resume(0);
    spools_are_empty(&fleet, "the frost");
    let in_sync = fleet.scene.cluster().wait_in_sync();
    in_sync.expect("its replicas catch up");

    // Two of three: no record has replicas enough, acks come from the spool.
    together(&mut fleet, &mut event, &[0, 1]);
    together(&mut fleet, &mut event, &[0, 1, 2]);
    well_in_the_end(&fleet, event);
}

/// One broker is dead, and somebody asks for three replicas: the two that answer refuse every record.
fn more_replicas_are_asked_for_than_there_are(fleet: &mut Fleet, event: &mut Event) {
    spools_are_empty(fleet, "a death");
    fleet.scene.set_topic("inbound", "min.insync.replicas=3");
    until("acks from the spool", || fleet.spooled() > Some(0));
    let fired = fleet.fired("");
    event.goes_on(TURN, "as many were asked for as there are");
    assert!(fleet.fired("") > fired, "the spool was not needed");
    fleet.scene.set_topic("inbound", "min.insync.replicas=2");
    // The third one is still dead.
    spools_are_empty(fleet, "as many were asked for as there are");
}

/// These die at once, stay away, and come back.
fn together(fleet: &mut Fleet, event: &mut Event, brokers: &[usize]) {
    for broker in brokers {
        fleet.scene.cluster().kill(*broker);
    }
    until("records in the spool", || fleet.spooled() > Some(0));
    event.goes_on(too_few(), "they were back");
    for broker in brokers {
        let cluster = fleet.scene.cluster();
        let started = cluster.restart_without_waiting(*broker);
        started.expect("the broker starts again");
    }
    spools_are_empty(fleet, "their return");
    let in_sync = fleet.scene.cluster().wait_in_sync();
    in_sync.expect("all replicas catch up");
}
