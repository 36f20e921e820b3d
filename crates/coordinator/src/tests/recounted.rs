//! Corrections are held against the messages before they are published: what somebody has made up is refused and
//! says where, and everything else goes on while messages are counted.

use super::correct::{correct, corrected, first_results, first_was_wrong, parts, request, sealed};
use super::counted::Counted;
use super::operators::{CLOSE, Desk};
use super::world::World;
use super::{Believes, CONTEST, ID, log};
use crate::corrections::Sealed;
use crate::publish::PublishRequest;
use crate::recount::{Asked, Recount};
use crate::rounds::RoundError;
use contest::{EntrantCode, Field};
use msglog::Log;
use record::acts::Act;
use record::rounds::ResultAct;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

/// A first round with a result.
fn concluded(log: &Arc<msglog::memory::MemoryLog>) -> (World, Desk) {
    let world = World::start(log, true);
    let mut desk = Desk::new(log, CONTEST);
    desk.tick(CLOSE + 35);
    desk.until(|state| state.rounds().result(ID, Some(1)).is_some());
    (world, desk)
}

/// Publishes a version; its number.
fn publishes(desk: &mut Desk, toml: &str) -> u32 {
    let expect_version = desk.around.control.state().version_of(ID);
    let request = PublishRequest {
        toml: toml.to_owned(),
        expect_version,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    desk.lead
        .publish(&desk.around, &Believes, &request)
        .unwrap();
    expect_version + 1
}

/// Brings the standings of a correction of the first round, and the result.
fn brought(desk: &mut Desk, field: &Field<'static>) -> ResultAct {
    let first = first_results(&*desk.around.log);
    let act = corrected(&desk.around, &first[&Some(1)], field);
    for part in parts(&act, field) {
        desk.lead.standings(&desk.around, &Believes, part).unwrap();
    }
    act
}

/// Why it is refused; nothing is published.
fn refused(desk: &mut Desk, act: ResultAct) -> RoundError {
    let error = correct(&mut desk.lead, &desk.around, request(vec![act], None)).unwrap_err();
    let state = desk.around.control.state();
    let (_, stands) = state.rounds().result(ID, Some(1)).unwrap();
    assert_eq!(stands.corrects, None, "{error}");
    error
}

fn first_field(desk: &Desk) -> Field<'static> {
    let first = first_results(&*desk.around.log);
    sealed(&*desk.around.log, first[&Some(1)].1.ctl)
}

/// Standings and winners that agree with each other, and with no message.
#[test]
fn made_up_winners_are_refused_although_they_follow_from_their_standings_q_22() {
    let log = log();
    let (world, mut desk) = concluded(&log);
    *desk.counted.change.lock().unwrap() = first_was_wrong;
    let honest = first_was_wrong(1, &first_field(&desk));
    let mut standings = honest.standings().to_vec();
    let friend = standings
        .iter_mut()
        .find(|s| s.code == EntrantCode([1; 16]));
    let friend = friend.unwrap();
    friend.code = EntrantCode([2; 16]);
    let made_up = Field::new(standings).unwrap();
    let act = brought(&mut desk, &made_up);
    let awards = contest::recorded_awards(act.record.as_bytes()).unwrap();
    assert_eq!(awards[0].given.winners[0].code.0[0], 2, "it is consistent");
    let RoundError::Invalid(said) = refused(&mut desk, act) else {
        panic!("another refusal");
    };
    for part in ["not what the messages give", "standings", "awards"] {
        assert!(said.contains(part), "{said}");
    }
    // A second sooner changes points alone.
    let mut standings = honest.standings().to_vec();
    let first = standings.iter_mut().find(|s| s.correct > 0).unwrap();
    (first.at, first.elapsed) = (first.at - 1, first.elapsed - 1);
    let act = brought(&mut desk, &Field::new(standings).unwrap());
    let said = refused(&mut desk, act).to_string();
    assert!(
        said.contains("standings") && !said.contains("awards"),
        "{said}"
    );
    // Messages that give what stands correct nothing.
    *desk.counted.change.lock().unwrap() = |_, field| field.clone();
    let act = brought(&mut desk, &honest);
    let said = refused(&mut desk, act.clone()).to_string();
    assert!(said.contains("corrects nothing"), "{said}");
    // And what they do give is published.
    *desk.counted.change.lock().unwrap() = first_was_wrong;
    correct(&mut desk.lead, &desk.around, request(vec![act], None)).unwrap();
    drop(world);
}

#[test]
fn a_version_that_changes_more_than_key_window_and_exclusions_corrects_nothing_q_22() {
    let cases = [
        (
            "level = \"L1\"",
            "level = \"L1\"\nranking = \"lot_only\"",
            "`draw.ranking`",
        ),
        ("level = \"L1\"", "level = \"L0\"", "`draw.level`"),
        (
            "mode = \"fastest\"\nn = 1",
            "mode = \"draw\"\nn = 1\namong = \"answered\"",
            "mode of award 1",
        ),
        ("[join]", "[score]\nspeed = false\n[join]", "`score.speed`"),
        (
            "[join]",
            "[eligible]\nmust_follow = false\n[join]",
            "`eligible.must_follow`",
        ),
        (
            "policy = \"first\"",
            "policy = \"last\"",
            "`policy` of round 1",
        ),
    ];
    for (from, to, name) in cases {
        let log = log();
        let (world, mut desk) = concluded(&log);
        let toml = CONTEST.replacen(from, to, 1);
        assert_ne!(toml, CONTEST, "{from}");
        publishes(&mut desk, &toml);
        let counted = Counted::with(first_was_wrong);
        desk.around.recount = Arc::new(counted);
        let field = first_was_wrong(1, &first_field(&desk));
        let act = brought(&mut desk, &field);
        let said = refused(&mut desk, act).to_string();
        // What the record itself shows is seen before anything else.
        let shown = ["ranking", "level"]
            .iter()
            .any(|kept| said.contains(&format!("another {kept}")));
        assert!(shown || said.contains(name), "{name}: {said}");
        drop(world);
    }
}

/// Counts when it is let.
struct Slow {
    inner: Counted,
    begun: AtomicBool,
    may: Arc<Mutex<bool>>,
}

impl Recount for Slow {
    fn count(
        &self,
        log: &dyn Log,
        asked: &Asked,
        ends: &AtomicBool,
    ) -> Result<BTreeMap<u16, Sealed>, String> {
        self.begun.store(true, Ordering::Release);
        while !*self.may.lock().unwrap() {
            if ends.load(Ordering::Acquire) {
                return Err("ended".to_owned());
            }
            std::thread::yield_now();
        }
        self.inner.count(log, asked, ends)
    }
}

fn slow(desk: &mut Desk) -> (Arc<Slow>, Arc<Mutex<bool>>) {
    let may = Arc::new(Mutex::new(false));
    let slow = Arc::new(Slow {
        inner: Counted::with(first_was_wrong),
        begun: AtomicBool::new(false),
        may: Arc::clone(&may),
    });
    desk.around.recount = slow.clone();
    (slow, may)
}

/// Ticks, seals and results of the next round come while messages are counted.
#[test]
fn everything_else_goes_on_while_messages_are_counted() {
    let log = log();
    let (world, mut desk) = concluded(&log);
    let (slow, may) = slow(&mut desk);
    let field = first_was_wrong(1, &first_field(&desk));
    let act = brought(&mut desk, &field);
    let (reply, answer) = sync_channel(1);
    desk.lead
        .correct(&desk.around, request(vec![act.clone()], None), reply);
    // Another one has to wait for it.
    let (second, refusal) = sync_channel(1);
    desk.lead
        .correct(&desk.around, request(vec![act], None), second);
    assert!(matches!(
        refusal.try_recv(),
        Ok(Err(RoundError::Conflict(_)))
    ));
    desk.tick(CLOSE + 600 + 35);
    desk.until(|state| state.rounds().result(ID, Some(2)).is_some());
    assert!(answer.try_recv().is_err(), "it is not published yet");
    // The final draw was made of the first result meanwhile: so the correction has to be computed again, with it.
    desk.until(|state| state.rounds().result(ID, None).is_some());
    *may.lock().unwrap() = true;
    desk.until(|_| slow.begun.load(Ordering::Acquire));
    let mut done = None;
    while done.is_none() {
        desk.lead.go_on(&desk.around, &Believes).unwrap();
        done = answer.try_recv().ok();
    }
    let said = done.unwrap().unwrap_err().to_string();
    assert!(
        said.contains("final draw") && said.contains("compute the correction again"),
        "{said}"
    );
    drop(world);
}

/// Whoever loses the role publishes nothing more, ends the recount and says so.
#[test]
fn a_lead_that_ends_answers_whoever_waits_for_its_recount() {
    let log = log();
    let (world, mut desk) = concluded(&log);
    let (slow, _may) = slow(&mut desk);
    let field = first_was_wrong(1, &first_field(&desk));
    let act = brought(&mut desk, &field);
    let (reply, answer) = sync_channel(1);
    desk.lead
        .correct(&desk.around, request(vec![act], None), reply);
    desk.until(|_| slow.begun.load(Ordering::Acquire));
    desk.lead.correcting = None;
    assert!(matches!(answer.try_recv(), Ok(Err(RoundError::NotOwner))));
    let results = log.read_all(record::topics::CONTROL, 0).unwrap();
    let results = results
        .iter()
        .filter(|stored| matches!(serde_json::from_slice(&stored.value), Ok(Act::Result(_))));
    assert_eq!(results.count(), 1);
    drop(world);
}
