//! No broker for a minute, while most comes: acks from the spool at once, and the spool drains beside live ones.

use crate::support::event::{Event, attempts, falls_on_the_peak, now_us, offered};
use crate::support::fleet::{Fleet, PAIR, asked};
use crate::support::stories::in_turn;
use crate::support::{Scene, until};
use crate::{coming_in, lasts, spools_are_empty, well_in_the_end};
use broker::Cluster;
use std::time::Duration;

/// Messages a second on the whole, however long the outage is.
const PER_S: u64 = 190;
/// What the surge goes on for beside the outage.
const BESIDE: Duration = Duration::from_secs(45);

/// Of the outage, what the rush takes: others begin behind it.
const RUSH: Duration = Duration::from_secs(6);

/// How long no broker is there.
fn away() -> Duration {
    Duration::from_secs(asked("SOAK_AWAY_S", 60))
}

pub(crate) fn kafka_is_away_at_the_peak() {
    let (mut fleet, mut event, began) = in_turn(|| {
        let cluster = Cluster::start(1).expect("a broker starts");
        let time = away() + BESIDE;
        let scene = Scene::on(cluster, coming_in(time, PER_S), 60);
        let mut fleet = Fleet::start(scene, &PAIR);
        let mut event = Event::lasting(&fleet, time);
        event.goes_on_to_the_rush();
        let began = now_us();
        fleet.scene.cluster().kill(0);
        event.goes_on(RUSH, "the rush was over");
        (fleet, event, began)
    });
    until("records in the spool", || fleet.spooled() > Some(0));
    lasts(&fleet, &mut event, away() - RUSH, "the end of the outage");
    let (mut waiting, at_once) = (None, fleet.fired("away"));
    until("word of the spool", || {
        waiting = fleet.spooled();
        waiting.is_some()
    });
    let waiting = waiting.unwrap();
    let back = now_us();
    fleet.scene.cluster().restart(0).expect("the broker starts");
    spools_are_empty(&fleet, "the outage");
    let drained = now_us();
    event.goes_on(Duration::from_secs(2), "the spool was empty");
    well_in_the_end(&fleet, event);

    let attempts = attempts(&fleet.scene);
    falls_on_the_peak(&attempts, &(began..back));
    let missed = offered(&attempts, &(began..back));
    assert!(
        waiting * 4 > missed * 3,
        "{waiting} of {missed} stood in the spool only"
    );
    // Once it was known that no broker is there, nobody waited for one.
    assert!(
        at_once * 4 > missed * 3,
        "{at_once} of {missed} were not waited for"
    );
    let live = offered(&attempts, &(back..drained));
    assert!(live > 0, "the spool was drained beside live deliveries");
}
