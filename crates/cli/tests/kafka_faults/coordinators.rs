//! The role that runs once: a coordinator that is frozen or killed is replaced, and one that comes back says nothing. How
//! soon it is replaced is told elsewhere, by the ticks that are missing.

use crate::support::event::EVENT_S;
use crate::support::fleet::{Fleet, asked, during, whole};
use crate::support::stories::in_turn;
use crate::support::{Scene, front, until, wire};
use broker::Cluster;
use std::time::Duration;

/// What the surge goes on for beside the frost.
const BESIDE: Duration = Duration::from_secs(80);
const SEATS: [(&str, &str); 4] = [
    ("coordinator-1", "coordinator"),
    ("coordinator-2", "coordinator"),
    ("ingress-1", "ingress"),
    ("workers", "dedup,quiz"),
];

pub(crate) fn are_replaced_and_do_not_speak_again() {
    let mut fleet = in_turn(|| {
        let cluster = Cluster::start(1).expect("a broker starts");
        Fleet::start(Scene::on(cluster, 10_000, 60), &SEATS)
    });
    let freeze = Duration::from_secs(asked("SOAK_FREEZE_S", 30));
    let speed = EVENT_S / (freeze + BESIDE).as_secs_f64();
    let mut replay = fleet.replay(&["--speed", &speed.to_string(), "--until-acked"]);
    assert!(during(&mut replay, Duration::from_secs(3)));
    let first = fleet.leader();
    let second = ["coordinator-1", "coordinator-2"]
        .into_iter()
        .find(|name| *name != first)
        .unwrap();
    not_the_leader(&fleet, second, first);

    fleet.freeze(first);
    fleet.acts.set(vec![fleet.seat(second).admin]);
    until("the second coordinator's lead", || {
        front::leads(fleet.seat(second).admin)
    });
    assert!(during(&mut replay, freeze));
    fleet.thaw(first);
    until("the first coordinator's insight", || {
        !front::leads(fleet.seat(first).admin)
    });
    not_the_leader(&fleet, first, second);

    let both = ["coordinator-1", "coordinator-2"].map(|name| fleet.seat(name).admin);
    fleet.acts.set(both.to_vec());
    fleet.kill(second);
    assert_eq!(fleet.leader(), first);
    fleet.launch(&[second]);
    assert!(
        during(&mut replay, Duration::ZERO),
        "the surge was over too soon"
    );
    whole(replay);
    fleet.judge();
}

/// An act that reaches `name` is sent on to the one that leads.
#[track_caller]
fn not_the_leader(fleet: &Fleet, name: &str, leader: &str) {
    let bearer = fleet.bearer();
    let headers = [("Authorization", bearer.as_str())];
    let admin = fleet.seat(name).admin;
    let wanted = fleet.seat(leader).admin.to_string();
    // It may be about to learn who leads.
    until(&format!("{name} to know that {leader} leads"), || {
        let answer = wire::request(admin, "POST", "/v1/clock", &headers, b"{\"tick\":1}").unwrap();
        assert_eq!(answer.status() / 100, 4, "{answer:?}");
        answer.status() == 421 && answer.text().contains(&wanted)
    });
}
