//! Values of the right type that each field must not have, with a part of what is said about them.

use crate::file::Field;

type Spoilt = Vec<(String, &'static str)>;

/// What spoils a field; `None` when nobody has thought of it.
pub(crate) fn spoilt(field: &Field) -> Option<Spoilt> {
    let table = field.path.strip_suffix(&field.name)?.trim_end_matches('.');
    let found = match table {
        "slots" => vec![("\"nope\"", "no template 'nope'; "), ("[]", "at least one")],
        "templates" => return Some(template()),
        "round" => round(&field.name)?,
        "round.question" => question(field)?,
        "prize" | "award" => prize(&field.name)?,
        "rule" => rule(&field.name)?,
        "" => top(&field.name)?,
        _ => policy(&field.path)?,
    };
    let own = |(value, part): (&str, &'static str)| (value.to_owned(), part);
    Some(found.into_iter().map(own).collect())
}

const CHOICE: &str = "known are ";
const NO_OFFSET: (&str, &str) = ("2013-04-09T14:00:00", "with its offset");
const FRACTION: (&str, &str) = ("2013-04-09T14:00:00.5+08:00", "whole second");
const NO_DATE: (&str, &str) = ("2013-04-09", "with its offset");
const NAMES: [(&str, &str); 3] = [
    ("\"\"", "1 to 64"),
    ("\"A b\"", "1 to 64"),
    ("\"米\"", "1 to 64"),
];

fn top(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    Some(match name {
        "id" | "account" => NAMES.to_vec(),
        "title" => vec![("\" \"", "must not be empty")],
        "start" => vec![NO_OFFSET, FRACTION, NO_DATE],
        "end" => vec![
            NO_OFFSET,
            FRACTION,
            ("1999-01-01T00:00:00+08:00", "after start"),
        ],
        "terms" => vec![("7", "must be a text")],
        "coalesce_window_s" => vec![("-1", "0..=600"), ("601", "0..=600")],
        "correction" => vec![("\"zzzz\"", CHOICE), ("\"void \"", "did you mean 'void'?")],
        _ => return None,
    })
}

fn policy(path: &str) -> Option<Vec<(&'static str, &'static str)>> {
    Some(match path {
        "join.policy"
        | "draw.level"
        | "draw.ranking"
        | "score.streak"
        | "seal.on_silent_node"
        | "eligible.one_prize_per" => vec![("\"zzzzzzz\"", CHOICE), ("\"\"", CHOICE)],
        "join.implicit" | "score.speed" | "eligible.must_follow" => vec![("1", "true or false")],
        "join.keywords" => vec![
            ("[\"\"]", "joins nobody"),
            ("[\"！\"]", "nothing left"),
            ("[\"A\"]", "is an answer to round 1"),
        ],
        "mine.keywords" => vec![
            ("[\"\"]", "asks for nothing"),
            ("[\"！\"]", "nothing left"),
            ("[\"A\"]", "is an answer to round 1"),
            ("[\"GO\"]", "is a join"),
        ],
        "claim.keywords" => vec![
            ("[\"\"]", "claims nothing"),
            ("[\"！\"]", "nothing left"),
            ("[\"A\"]", "is an answer to round 1"),
            ("[\"GO\"]", "is a join"),
        ],
        "eligible.exclude" => vec![("[\"a b\"]", "is no OpenID"), ("[\"\"]", "is no OpenID")],
        "eligible.followed_before" => {
            vec![NO_OFFSET, ("2099-01-01T00:00:00+08:00", "excludes nobody")]
        }
        "seal.grace_s" | "seal.max_wait_s" => vec![("-1", "0..=3600"), ("3601", "0..=3600")],
        "detector.threshold" => vec![("0", "1..=7"), ("8", "1..=7")],
        "detector.long_from_chars" => vec![("0", "1..=1000"), ("1001", "1..=1000")],
        "detector.interrogatives" | "detector.service_nouns" | "detector.complaints" => {
            vec![("[\"\"]", "in every text"), ("[7]", "must be a text")]
        }
        _ => return None,
    })
}

fn round(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    Some(match name {
        "number" => vec![("0", "1..=99"), ("100", "1..=99"), ("-1", "1..=99")],
        "open" => vec![NO_OFFSET, FRACTION, NO_DATE],
        "close" => vec![
            NO_OFFSET,
            FRACTION,
            ("1999-01-01T00:00:00+08:00", "after open"),
            ("2099-01-01T00:00:00+08:00", "within a day"),
        ],
        _ => return None,
    })
}

fn question(field: &Field) -> Option<Vec<(&'static str, &'static str)>> {
    let row = field.value == "[\"CDBA\"]";
    let number = field.value == "[1999]";
    let text = field.value.contains("小米");
    Some(match field.name.as_str() {
        "text" => vec![("\"\"", "must not be empty")],
        "kind" => vec![
            ("\"zzzzzzzz\"", CHOICE),
            ("\"singel\"", "did you mean 'single'?"),
        ],
        "policy" => vec![
            ("\"zzzzzzzz\"", CHOICE),
            ("\"frist\"", "did you mean 'first'?"),
        ],
        "points" => vec![("-1", "0..=1000000"), ("1000001", "0..=1000000")],
        "options" => vec![
            ("{ A = \"x\" }", "at least two"),
            ("{}", "at least two"),
            ("{ A = \"x\", C = \"y\" }", "without a gap"),
            ("{ A = \"x\", b = \"y\" }", "capital letter"),
            ("{ A = \"x\", AB = \"y\" }", "one letter"),
            ("{ A = \"x\", B = \"\" }", "without text"),
            ("{ A = \"x\", B = 7 }", "must be a text"),
            ("{ A = \"x\", A = \"y\" }", "once in its table"),
        ],
        "aliases" => vec![
            ("{ K = [\"x\"] }", "not there"),
            ("{ A = [7] }", "must be a text"),
        ],
        "key" if row => vec![
            ("[\"CDB\"]", "once; write it like"),
            ("[\"CDBB\"]", "once; write it like"),
            ("[]", "at least one"),
        ],
        "key" if number => vec![
            ("[\"x\"]", "is no number"),
            ("[1.5]", "must be a text"),
            ("[]", "at least one"),
        ],
        "key" if text => vec![
            ("[\"\"]", "no answer"),
            ("[\"！\"]", "nothing left"),
            ("[\"go\"]", "is a join"),
            ("[]", "at least one"),
        ],
        "key" => vec![
            ("[\"K\"]", "none of the options"),
            ("[\"\"]", "none of the options"),
            ("[]", "at least one"),
        ],
        "tolerance" => vec![
            ("\"-1\"", "from 0 on"),
            ("\"0.00001\"", "from 0 on"),
            ("\"x\"", "from 0 on"),
        ],
        "units" => vec![("[\"\"]", "empty unit"), ("[7]", "must be a text")],
        "only_key" => vec![("1", "true or false")],
        _ => return None,
    })
}

fn prize(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    Some(match name {
        "id" => NAMES.to_vec(),
        "title" => vec![("\"\"", "must not be empty")],
        "value_yuan" => vec![
            ("-1", "0..="),
            ("50001", "the lawyers"),
            ("10000001", "0..="),
        ],
        "units" => vec![("0", "1..="), ("10000001", "1..="), ("1", "slots but only")],
        "reserve" => vec![("-1", "0..="), ("1000", "takes all")],
        "claim_hours" => vec![("0", "1..=8760"), ("8761", "1..=8760")],
        "prize" => vec![("\"nope\"", "no prize 'nope'"), ("\"\"", "no prize ''")],
        "after" => vec![
            ("[98]", "there is no round 98"),
            ("[]", "names no round"),
            ("[1, 1]", "each once"),
            ("[-1]", "each once"),
            ("\"zzzzzzzzzz\"", CHOICE),
        ],
        "mode" => vec![("\"zzzzzzzz\"", CHOICE), ("\"\"", CHOICE)],
        "n" => vec![("0", "1..="), ("-1", "1..="), ("10000001", "1..=")],
        "among" => vec![("\"zzzzzzzz\"", CHOICE)],
        _ => return None,
    })
}

fn rule(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    Some(match name {
        "id" => NAMES.to_vec(),
        "preempt" => vec![("1", "true or false")],
        "match" => vec![("\"zzzzzzzz\"", CHOICE)],
        "keywords" => vec![
            ("[]", "at least one"),
            ("[\"\"]", "matches nothing"),
            ("[\"gogogo\"]", "is a join"),
            ("[7]", "must be a text"),
        ],
        "priority" => vec![("1001", "-1000..=1000"), ("-1001", "-1000..=1000")],
        "templates" => vec![("[]", "at least one"), ("[\"nope\"]", "no template 'nope'")],
        _ => return None,
    })
}

fn template() -> Spoilt {
    let long = format!("\"{}\"", "长".repeat(683));
    let mut spoilt = vec![(long, "can become 2049 bytes; a reply has at most 2047")];
    let more = [
        ("\"\"", "says nothing"),
        ("\" \\t\"", "says nothing"),
        ("\"\\u0001\\uFFFE\\u001F\"", "says nothing"),
        ("\"{nope}\"", "did you mean"),
        ("\"{round\"", "{"),
        ("\"{score}\"", "not known when"),
        ("\"{fan}\"", "may have no value"),
        ("\"{answer}{round}{next_open}{fan}\"", "give it one, like"),
        ("\"恭喜你中奖了\"", "receipt, never effect"),
    ];
    spoilt.extend(more.map(|(value, part)| (value.to_owned(), part)));
    spoilt
}
