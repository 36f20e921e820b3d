//! Every fault of the wire between the nodes and a broker, and a broker that stands still.

use crate::support::event::Event;
use crate::support::fleet::{Fleet, PAIR, asked};
use crate::support::stories::in_turn;
use crate::support::{Scene, until};
use crate::{coming_in, frozen, lasts, spools_are_empty, well_in_the_end};
use broker::{Cluster, Fault};
use std::time::Duration;

/// The first is longer than the hedge waits, the second longer than the client waits for an answer.
const FAULTS: [Fault; 7] = [
    Fault::Delay(Duration::from_millis(300)),
    Fault::Delay(Duration::from_millis(1_500)),
    Fault::Stall,
    Fault::Cut,
    Fault::HalfOpen,
    Fault::Slow {
        bytes_per_s: 10_000,
    },
    Fault::Refuse,
];
/// Messages a second on the whole.
const PER_S: u64 = 76;
/// What mending a wire and draining a spool take at most, each time.
const MENDED: Duration = Duration::from_secs(7);

/// How long each fault lasts.
fn fault() -> Duration {
    Duration::from_secs(asked("SOAK_FAULT_S", 5))
}

pub(crate) fn delay_stall_cut_half_open_slow_refuse_and_freeze() {
    let time = (fault() + MENDED) * FAULTS.len() as u32 + frozen() + MENDED * 2;
    let (mut fleet, mut event) = in_turn(|| {
        let cluster = Cluster::start_behind_proxies(1).expect("a broker starts");
        let scene = Scene::on(cluster, coming_in(time, PER_S), 60);
        let fleet = Fleet::start(scene, &PAIR);
        let mut event = Event::lasting(&fleet, time);
        event.goes_on_past_the_rush();
        (fleet, event)
    });
    for fault_now in FAULTS {
        let fired = fleet.fired("");
        fleet.scene.cluster().proxy(0).set(fault_now);
        event.goes_on(fault(), &format!("{fault_now:?}"));
        let bitten = fleet.scene.cluster().proxy(0).bitten();
        assert!(bitten > 0, "{fault_now:?} has done nothing to the wire");
        let more = fleet.fired("") - fired;
        assert!(
            more > 0,
            "no delivery has needed the spool for {fault_now:?}"
        );
        fleet.scene.cluster().proxy(0).set(Fault::None);
        spools_are_empty(&fleet, &format!("{fault_now:?}"));
    }
    fleet.scene.cluster().stall(0);
    lasts(&fleet, &mut event, frozen(), "the broker went on");
    until("acks from the spool", || fleet.spooled() > Some(0));
    fleet.scene.cluster().resume(0);
    spools_are_empty(&fleet, "the frost");
    well_in_the_end(&fleet, event);
}
