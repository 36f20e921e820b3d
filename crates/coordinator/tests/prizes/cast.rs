//! A small campaign of three rounds with prizes, and fans by number. No judgement.

use contest::{Bar, EntrantCode, Entrants, Standing};
use control::ledger::Place;
use std::borrow::Cow;

pub(crate) const ID: &str = "show";
/// 14:00: round 1 opens; round n opens 600·(n − 1) seconds later, for 300 s.
pub(crate) const START: i64 = 1_365_487_200;

/// Second of the seal of a round.
pub(crate) fn sealed(round: u16) -> i64 {
    START + 600 * i64::from(round) - 265
}

/// A campaign file with these prizes and awards.
pub(crate) fn file(more: &str) -> String {
    let mut toml = format!(
        "id = \"{ID}\"\ntitle = \"t\"\naccount = \"mi\"\nterms = \"规则见官网\"\n\
         start = 2013-04-09T13:50:00+08:00\nend = 2013-04-09T16:10:00+08:00\n{more}\n"
    );
    for number in 1..=3 {
        let (open, close) = ((number - 1) * 10, (number - 1) * 10 + 5);
        toml.push_str(&format!(
            "[[round]]\nnumber = {number}\nopen = 2013-04-09T14:{open:02}:00+08:00\n\
             close = 2013-04-09T14:{close:02}:00+08:00\n[round.question]\ntext = \"q\"\nkind = \"single\"\n\
             options = {{ A = \"雷军\", B = \"林斌\" }}\nkey = [\"A\"]\n"
        ));
    }
    toml.push_str("[slots]\n");
    for slot in [
        "join",
        "answer",
        "wrong_format",
        "late",
        "early",
        "neutral",
        "not_started",
        "between_rounds",
        "after_end",
        "subscribe",
        "media",
        "question",
        "default",
    ] {
        toml.push_str(&format!("{slot} = \"ok\"\n"));
    }
    toml + "[templates]\nok = \"收到\"\n"
}

/// A phone after each round for the first `n`, some units and a reserve.
pub(crate) fn phones(units: u32, reserve: u32, n: u32) -> String {
    format!(
        "[[prize]]\nid = \"phone\"\ntitle = \"手机\"\nunits = {units}\nreserve = {reserve}\nvalue_yuan = 1999\n\
         [[award]]\nprize = \"phone\"\nafter = \"each_round\"\nmode = \"fastest\"\nn = {n}\n"
    )
}

/// Code of the n-th fan.
pub(crate) fn code(n: u64) -> EntrantCode {
    Entrants::new(ID.as_bytes()).code(&format!("o_fan_{n:04}"))
}

/// A right answer of the n-th fan so many seconds after the opening of round 1.
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

/// The same by one who cannot win.
pub(crate) fn barred(n: u64, after: i64, bar: Bar) -> Standing<'static> {
    Standing {
        bar: Some(bar),
        ..right(n, after)
    }
}

/// Right answers of these fans, one second after another.
pub(crate) fn in_order(fans: &[u64]) -> Vec<Standing<'static>> {
    (1..).zip(fans).map(|(after, n)| right(*n, after)).collect()
}

/// A slot of the first award.
pub(crate) fn slot(round: u16, slot: u32) -> Place {
    Place {
        round: Some(round),
        award: 1,
        slot,
    }
}
