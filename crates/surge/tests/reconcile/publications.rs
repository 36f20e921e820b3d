//! Publications that hold and that are void by what they do to a round that has a result.

use crate::made::START;
use crate::sealed::{TOML, publication, run};

/// What is said of a publication of this schema that changes the file, two minutes after the round was sealed.
fn said(schema: u64, (from, to): (&str, &str)) -> String {
    let toml = TOML.replace(from, to);
    assert_ne!(toml, TOML, "{from}");
    let mut run = run();
    let mut act = publication(2, &toml);
    (act["v"], act["effective"]) = (schema.into(), (START + 460).into());
    run.control.push(act);
    run.reconcile().notes.join("; ")
}

#[test]
fn what_a_publication_may_not_do_makes_it_void() {
    const CLOSE: &str = "close = 2013-04-09T14:05:00+08:00";
    let earlier = (CLOSE, "close = 2013-04-09T14:04:00+08:00");
    let seal = (CLOSE, "close = 2013-04-09T14:05:36+08:00");
    let beyond = (CLOSE, "close = 2013-04-09T14:05:37+08:00");
    let salt = ("demo-salt", "other-salt");
    let gone = ("number = 1\n", "number = 2\n");
    let added = "[[round]]\nnumber = 2\nopen = 2013-04-09T14:06:00+08:00\nclose = 2013-04-09T14:07:00+08:00\n\
        [round.question]\ntext = \"?\"\nkind = \"single\"\noptions = { A = \"x\", B = \"y\" }\nkey = [\"A\"]\n[slots]\n";
    let past = ("[slots]\n", added);
    let later = added.replace("14:06", "14:26").replace("14:07", "14:27");
    let to_come = ("[slots]\n", later.as_str());
    for (schema, change, void) in [
        (1, earlier, None),
        (2, earlier, Some("it moves round 1")),
        (3, earlier, None),
        (3, seal, None),
        (
            3,
            beyond,
            Some("it corrects the window of round 1 beyond its cut"),
        ),
        (2, salt, Some("it changes the salt")),
        (1, salt, None),
        (3, gone, Some("it takes round 1 away")),
        (2, past, Some("it adds a round that would be open already")),
        (3, to_come, None),
    ] {
        let notes = said(schema, change);
        let is_void = notes.contains("of control are void");
        match void {
            Some(why) => assert!(notes.contains(why), "{schema} {change:?}: {notes}"),
            None => assert!(!is_void, "{schema} {change:?}: {notes}"),
        }
    }
}
