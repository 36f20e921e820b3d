//! What the tests of this crate share: the shipped campaign and small ones, and messages. No judgement.

use contest::{Class, Compiled, Message, Spoken};

/// The Fan Festival's file, as shipped.
pub(crate) const FANFEST: &str =
    include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml");
/// 2013-04-09 14:00:00 +08:00: the first round opens.
pub(crate) const START: i64 = 1_365_487_200;

/// The Fan Festival, ready.
pub(crate) fn fanfest() -> Compiled {
    compiled(FANFEST)
}

/// A campaign that must be free of errors, ready.
pub(crate) fn compiled(toml: &str) -> Compiled {
    match Compiled::from_toml(toml) {
        Ok((compiled, _)) => compiled,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        }
    }
}

/// A campaign with one open round (14:00:00–14:05:00) around this question, and all slots filled.
pub(crate) fn with_question(question: &str, more: &str) -> String {
    format!(
        r#"
id = "small"
title = "t"
account = "mi"
start = 2013-04-09T13:50:00+08:00
end = 2013-04-09T16:10:00+08:00
{more}
[[round]]
number = 1
open = 2013-04-09T14:00:00+08:00
close = 2013-04-09T14:05:00+08:00
[round.question]
{question}
[slots]
join = "ok"
answer = "answer"
wrong_format = "ok"
late = "ok"
early = "ok"
neutral = "ok"
not_started = "ok"
between_rounds = "ok"
after_end = "ok"
subscribe = "ok"
media = "ok"
question = "ok"
default = "ok"
[templates]
ok = "消息收到"
answer = "收到：{{answer}}"
"#
    )
}

/// A text of one fan at a number of seconds after 14:00:00.
pub(crate) fn text(text: &str, after: i64) -> Message<'_> {
    Message {
        kind: "text",
        text,
        from: "o_fan_0001",
        create_time: START + after,
        ..Message::default()
    }
}

/// Class of a text.
pub(crate) fn class(compiled: &Compiled, words: &str, after: i64) -> Class {
    compiled.classify(&text(words, after))
}

/// Reply to a text; there must be one.
pub(crate) fn reply(compiled: &Compiled, words: &str, after: i64) -> Spoken {
    let message = text(words, after);
    compiled
        .reply(&message, &compiled.classify(&message))
        .expect("no message stays without words")
}

/// An answer to a round.
pub(crate) fn answer(round: u16, value: &str) -> Class {
    Class::Answer {
        round,
        value: value.to_owned(),
    }
}
