//! Questions of every kind: each mistake with its message, its line, its way out; and columns.

use crate::common::{FILE, changed, find, problems};

/// The first question, of another kind.
fn first_question(kind: &str, rest: &str) -> String {
    let from = FILE.find("kind = \"single\"").unwrap();
    let to = FILE.find("policy = \"first\"").unwrap();
    format!(
        "{}kind = \"{kind}\"\n{rest}\n{}",
        &FILE[..from],
        &FILE[to..]
    )
}

#[test]
fn questions_of_every_kind_have_their_keys() {
    let options = "options = { A = \"甲一\", B = \"乙二\", C = \"丙三\" }\n";
    let with = |kind: &str, key: &str| first_question(kind, &format!("{options}{key}"));
    assert_eq!(problems(&with("ordering", "key = [\"BCA\"]")), []);
    for bad in ["BC", "BCAA", "BCD", ""] {
        find(
            &with("ordering", &format!("key = [\"{bad}\"]")),
            "question.key",
            "every option's letter once",
        );
    }
    find(
        &with("poll", ""),
        "award[phone].among",
        "a poll has no right answer",
    );
    find(
        &with("poll", "key = [\"A\"]"),
        "question.key",
        "leave it out",
    );
    find(
        &with("multi", "key = [\"D\"]"),
        "question.key",
        "'D' is none of the options",
    );
    find(&with("multi", ""), "question.key", "is missing");
    find(
        &with("numeric", "key = [1]"),
        "options",
        "only goes with kind",
    );
    find(
        &with("single", "key = [\"A\"]\nonly_key = true"),
        "only_key",
        "kind = \"text\"",
    );
    find(
        &first_question("order", "key = [\"A\"]"),
        "question.kind",
        "did you mean 'ordering'?",
    );
}

#[test]
fn every_message_has_a_column() {
    let toml = changed("    # a fan's equal", "    # a fan's equal").replacen(
        "units = 14",
        "unit = 14",
        1,
    );
    let all = problems(&toml);
    let unit = all.iter().find(|p| p.key.ends_with("unit")).unwrap();
    assert_eq!(unit.column, Some(1));
    assert!(unit.to_string().contains(", column 1: error: "));
    let toml = changed("level = \"L1\"", "  level = \"L9\"");
    let level = &problems(&toml)[0];
    assert_eq!(level.column, Some(12), "where the value stands: {level}");
    assert!(problems(&toml).iter().all(|p| p.column.is_some()));
}
