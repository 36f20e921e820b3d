//! A campaign without a fault, with places for faulty fragments, and what must be said of them.

use crate::file::problems;
use campaign::Severity::{self, Error};

/// A campaign without a fault; what begins with `#@` is a place for fragments.
pub(crate) const BASE: &str = r##"id = "c"
title = "t"
account = "mi"
terms = "t"
start = 2013-04-09T13:50:00+08:00
end = 2013-04-09T16:10:00+08:00
#@top

[[round]]
number = 1
open = 2013-04-09T14:00:00+08:00
close = 2013-04-09T14:05:00+08:00
[round.question]
text = "?"
kind = "single"
options = { A = "红米", B = "小米盒子" }
key = ["A"]
#@question
#@tables
[slots]
join = "t"
answer = "t"
wrong_format = "t"
late = "t"
early = "t"
neutral = "t"
not_started = "t"
between_rounds = "t"
after_end = "t"
subscribe = "t"
subscribe_scene = "t"
media = "t"
question = "t"
default = "t"
stale_menu = "t"
out_of_hours = "t"
[templates]
t = "收到"
#@templates
"##;

pub(crate) fn with(place: &str, fragment: &str) -> String {
    let text = BASE.replacen(&format!("#@{place}\n"), &format!("{fragment}\n"), 1);
    assert_ne!(text, BASE, "there is no place {place}");
    text
}

/// Every error stands in the marked line, and one of this weight there says this.
pub(crate) fn told(text: &str, (weight, part): (Severity, &str)) {
    let marked = text.lines().position(|line| line.ends_with("#!"));
    let marked = marked.unwrap_or_else(|| panic!("no line is marked for {part:?}")) + 1;
    let found = problems(text, part);
    let is_it = |p: &&campaign::Problem| {
        p.line == Some(marked) && p.severity == weight && p.message.contains(part)
    };
    assert!(
        found.iter().any(|p| is_it(&p)),
        "line {marked} and {part:?} are not in {found:#?}"
    );
    let elsewhere = |p: &&campaign::Problem| p.severity == Error && p.line != Some(marked);
    let elsewhere: Vec<_> = found.iter().filter(elsewhere).collect();
    assert!(elsewhere.is_empty(), "{part:?}: {elsewhere:#?}");
}
