//! Every mistake of a file is named with its line, its key and the way out.

use crate::common::{FILE, changed, find, problems, refused};
use campaign::{Campaign, Severity};
use proptest::prelude::*;

#[test]
fn unknown_keys_name_the_nearest() {
    refused(
        "coalesce_window_s =",
        "coalesce_windows =",
        "coalesce_windows",
        "did you mean 'coalesce_window_s'?",
        "coalesce_windows",
    );
    refused(
        "implicit = true",
        "implict = true",
        "join.implict",
        "did you mean 'implicit'?",
        "implict",
    );
    refused(
        "late = \"late\"",
        "lates = \"late\"",
        "slots.lates",
        "did you mean 'late'?",
        "lates",
    );
    refused(
        "policy = \"first\"\n",
        "policy = \"frist\"\n",
        "question.policy",
        "did you mean 'first'?",
        "frist",
    );
    refused(
        "match = \"contains\"",
        "match = \"contain\"",
        "match",
        "did you mean 'contains'?",
        "contain",
    );
    refused(
        "grace_s = 35",
        "xyzzy = 35",
        "seal.xyzzy",
        "known are grace_s",
        "xyzzy",
    );
}

#[test]
fn what_is_no_toml_names_its_line() {
    let way_out = "a line reads name = value";
    refused("title = \"", "title = ", "toml", way_out, "title");
    let twice = changed("account = \"mi\"", "account = \"mi\"\naccount = \"mi\"");
    assert_eq!(find(&twice, "toml", "duplicate").0, Severity::Error);
}

#[test]
fn wrong_types_and_ranges() {
    refused(
        "grace_s = 35",
        "grace_s = \"35\"",
        "seal.grace_s",
        "must be a whole number",
        "grace_s",
    );
    refused(
        "max_wait_s = 120",
        "max_wait_s = -1",
        "seal.max_wait_s",
        "must lie in 0..=3600",
        "max_wait_s",
    );
    refused(
        "implicit = true",
        "implicit = 1",
        "join.implicit",
        "true or false",
        "implicit",
    );
    refused(
        "start = 2013-04-09T13:50:00+08:00",
        "start = 2013-04-09T13:50:00",
        "start",
        "with its offset",
        "start",
    );
    refused(
        "start = 2013-04-09T13:50:00+08:00",
        "start = 2013-04-09T13:50:00.5+08:00",
        "start",
        "whole second",
        "start",
    );
    refused(
        "id = \"fanfest-2013-04-09\"",
        "id = \"Fan Fest\"",
        "id",
        "lower-case",
        "",
    );
    refused(
        "title = \"小米米粉节微信抢答\"",
        "title = \" \"",
        "title",
        "must not be empty",
        "",
    );
    refused("account = \"mi\"", "", "account", "is missing", "");
}

#[test]
fn rounds_are_ordered_and_inside_the_span() {
    refused(
        "number = 2\n",
        "number = 1\n",
        "round[1].number",
        "greater than 1",
        "number = ",
    );
    refused(
        "open = 2013-04-09T14:10:00+08:00",
        "open = 2013-04-09T14:04:59+08:00",
        "round[2].open",
        "before round 1 has closed; move its open, or the close before it",
        "open = ",
    );
    refused(
        "close = 2013-04-09T14:15:00+08:00",
        "close = 2013-04-09T14:10:00+08:00",
        "close",
        "after open",
        "close = ",
    );
    refused(
        "end = 2013-04-09T16:10:00+08:00",
        "end = 2013-04-09T15:50:00+08:00",
        "round[12].open",
        "outside",
        "open = ",
    );
    refused(
        "number = 12\n",
        "number = 100\n",
        "number",
        "1..=99",
        "number = ",
    );
}

#[test]
fn questions_have_a_key_among_their_options() {
    refused(
        "key = [\"D\"]",
        "key = [\"E\"]",
        "round[1].question.key",
        "'E' is none of the options",
        "key = ",
    );
    refused(
        "key = [\"D\"]",
        "key = []",
        "round[1].question.key",
        "at least one",
        "",
    );
    refused(
        "A = \"林斌\", ",
        "",
        "round[1].question.options",
        "from A without a gap",
        "",
    );
    refused(
        "A = \"林斌\"",
        "a = \"林斌\"",
        "options.a",
        "capital letter",
        "a = ",
    );
    refused(
        "A = \"林斌\"",
        "AB = \"林斌\"",
        "options.AB",
        "one letter",
        "AB",
    );
    refused(
        "A = \"林斌\"",
        "A = \"\"",
        "round[1].question.options",
        "without text",
        "",
    );
}

#[test]
fn questions_have_what_their_kind_and_policy_need() {
    refused(
        "aliases = { A = [\"金山\"] }",
        "aliases = { E = [\"金山\"] }",
        "aliases.E",
        "not there",
        "aliases",
    );
    refused(
        "policy = \"first\"\n",
        "policy = \"best_of\"\n",
        "tries",
        "best of how many",
        "",
    );
    refused(
        "policy = \"first\"\n",
        "tries = 3\n",
        "tries",
        "only goes with",
        "tries",
    );
    refused(
        "policy = \"first\"\n",
        "units = [\"元\"]\n",
        "units",
        "numeric",
        "",
    );
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let toml = changed("implicit = true", "implicit = 3").replacen("grace_s = 35", "grace = 35", 1);
    let lines: Vec<Option<usize>> = problems(&toml).iter().map(|problem| problem.line).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.is_sorted());
    assert!(problems(&toml)[0].to_string().starts_with("line "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        prop_assert!(Campaign::parse(&text).is_err());
    }

    /// A file with any piece cut out is a campaign or a list of errors.
    #[test]
    fn a_torn_file_is_read_without_panic(from in 0_usize..12_000, length in 0_usize..400) {
        let chars: Vec<char> = FILE.chars().collect();
        let from = from.min(chars.len());
        let until = (from + length).min(chars.len());
        let torn: String = chars[..from].iter().chain(&chars[until..]).collect();
        match Campaign::parse(&torn) {
            Ok((campaign, _)) => prop_assert!(campaign.rounds.len() <= 12),
            Err(problems) => prop_assert!(problems.iter().any(|p| p.severity == Severity::Error)),
        }
    }
}
