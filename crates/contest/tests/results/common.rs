//! What these tests share: a small campaign with prizes, fans by name, and fields of them. No judgement.

use campaign::Campaign;
use contest::{
    Attempt, AttemptId, Commitment, Compiled, EntrantCode, Entrants, Facts, FanInRound, Field,
    Follow, Secret, Standing,
};
use std::borrow::Cow;

/// 2013-04-09 14:00:00 +08:00: round 1 opens; round n opens 600·(n − 1) seconds later, for 300 s.
pub(crate) const START: i64 = 1_365_487_200;

/// A campaign of three single-choice rounds, key A, with these awards and other tables.
pub(crate) fn campaign(more: &str) -> Compiled {
    compiled(&file(more))
}

fn file(more: &str) -> String {
    let mut toml = String::from(
        r#"
id = "fanfest-2013-04-09"
title = "t"
account = "mi"
start = 2013-04-09T13:50:00+08:00
end = 2013-04-09T16:10:00+08:00
terms = "规则见官网"
"#,
    );
    toml.push_str(more);
    for number in 1..=3 {
        let (open, close) = ((number - 1) * 10, (number - 1) * 10 + 5);
        toml.push_str(&format!(
            r#"
[[round]]
number = {number}
open = 2013-04-09T14:{open:02}:00+08:00
close = 2013-04-09T14:{close:02}:00+08:00
[round.question]
text = "q"
kind = "single"
options = {{ A = "雷军", B = "林斌", C = "黎万强" }}
key = ["A"]
"#
        ));
    }
    toml.push_str(SLOTS);
    toml
}

/// The same file thirteen years later, when there is a beacon.
pub(crate) fn campaign_of_2026(more: &str) -> Compiled {
    compiled(&file(more).replace("2013-04-09T", "2026-04-09T"))
}

/// A file that must be free of errors.
pub(crate) fn compiled(toml: &str) -> Compiled {
    match Compiled::from_toml(toml) {
        Ok((compiled, _)) => compiled,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        }
    }
}

/// Every slot and template that a file needs.
pub(crate) const SLOTS: &str = r#"
[slots]
join = "ok"
answer = "ok"
wrong_format = "ok"
late = "ok"
early = "ok"
neutral = "ok"
not_started = "ok"
between_rounds = "ok"
after_end = "ok"
subscribe = "ok"
subscribe_scene = "ok"
media = "ok"
question = "ok"
default = "ok"
stale_menu = "ok"
out_of_hours = "ok"
[templates]
ok = "收到"
"#;

/// A prize and an award of it, to be put into [`campaign`].
pub(crate) fn award(how: &str) -> String {
    format!(
        "[[prize]]\nid = \"phone\"\ntitle = \"手机\"\nunits = 5000\nvalue_yuan = 1999\n\
         [[award]]\nprize = \"phone\"\n{how}\n"
    )
}

/// Code of the n-th fan.
pub(crate) fn code(n: u64) -> EntrantCode {
    Entrants::new(b"demo-salt").code(&format!("o_fan_{n:04}"))
}

/// A fan who follows and joined long ago.
pub(crate) fn fan(n: u64) -> FanInRound {
    let mut follow = Follow::default();
    follow.seen(START - 100);
    FanInRound {
        code: code(n),
        joined: Some(START - 100),
        follow,
    }
}

/// An attempt so many seconds after 14:00.
pub(crate) fn attempt(after: i64, id: u64, value: &str) -> Attempt<'_> {
    Attempt {
        create_time: START + after,
        id: AttemptId::Number(id),
        value,
    }
}

/// A right answer of the n-th fan so many seconds after 14:00, in round 1.
pub(crate) fn right(n: u64, after: i64) -> Standing<'static> {
    Standing {
        code: code(n),
        joined: Some(START),
        answered: 1,
        correct: 1,
        first: START + after,
        at: START + after,
        elapsed: after.unsigned_abs(),
        points: contest::points(1000, START, START + 300, START + after, true),
        value: Cow::Borrowed("A"),
        bar: None,
    }
}

/// A wrong one.
pub(crate) fn wrong(n: u64, after: i64) -> Standing<'static> {
    Standing {
        correct: 0,
        elapsed: 0,
        points: 0,
        value: Cow::Borrowed("B"),
        ..right(n, after)
    }
}

/// A field of these.
pub(crate) fn field(standings: Vec<Standing<'_>>) -> Field<'_> {
    Field::new(standings).unwrap()
}

/// The secret of the specification's vector: bytes 0 to 31.
pub(crate) fn secret() -> Secret {
    let mut bytes = [0; 32];
    for (place, byte) in (0_u8..).zip(&mut bytes) {
        *byte = place;
    }
    Secret(bytes)
}

/// A seal of round 1 at level L1.
pub(crate) fn facts(campaign: &Campaign) -> Facts {
    let draw = contest::draw_name(Some(1));
    Facts {
        round: Some(1),
        config: [7; 32],
        version: 1,
        cut: vec![(1, 40), (0, 30)],
        sealed_at: START + 335,
        listed_at: Some(START + 337),
        commitment: Some(Commitment::Single(contest::commit(
            &campaign.id,
            &draw,
            &secret(),
        ))),
        secret: secret(),
        beacon: None,
        fallback: None,
        correcting: None,
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) fn scatter(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}
