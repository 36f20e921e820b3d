//! More answers than a campaign file can name: as many texts, numbers, rows and sets as there are fans, all in one
//! partition. The round is sealed, its records have a bound, and the oracle counts the same.

use crate::world::{EVERY, OPEN, T, accepted, sealed, utc};
use campaign::Campaign;
use quiz::{Book, MemoryShelf, Shelf, Versions};
use record::acts::{Act, CampaignAct};
use record::hexed::Hex;
use record::inband::{Copy, Tick};
use record::rounds::{SHARE_MAX_BYTES, Share};
use record::tally::Tally;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use surge::manifest::Manifest;
use surge::oracle::Judge;
use surge::recording::{Part, Row, Written};

/// Letters of eleven options, the most that a question has.
const LETTERS: &str = "ABCDEFGHIJK";
/// Bytes of the largest tally: one of all 2,047 sets of eleven letters.
const TALLY_MAX: usize = 64 << 10;
/// Bytes of a tally of any other question of these.
const TALLY_SMALL: usize = 512;

fn questions(text_key: &str) -> [String; 4] {
    let options: Vec<String> = LETTERS
        .chars()
        .map(|letter| format!("{letter} = \"物{letter}\""))
        .collect();
    let options = options.join(", ");
    [
        format!("kind = \"text\"\nkey = [\"{text_key}\"]\nmax_chars = 100"),
        "kind = \"numeric\"\nkey = [1999, 2000]\ntolerance = 1000".to_owned(),
        format!("kind = \"ordering\"\noptions = {{ {options} }}\nkey = [\"{LETTERS}\"]"),
        format!("kind = \"multi\"\noptions = {{ {options} }}\nkey = [\"A\", \"K\"]"),
    ]
}

fn toml(text_key: &str) -> String {
    let mut toml = format!(
        "id = \"fest\"\ntitle = \"t\"\naccount = \"mi\"\nterms = \"t\"\nstart = {}\nend = {}\n\
         [draw]\nlevel = \"L1\"\nsalt = \"demo-salt\"\n",
        utc(T - 600),
        utc(T + 7200)
    );
    for (place, question) in (0..).zip(questions(text_key)) {
        let open = T + EVERY * place;
        write!(
            toml,
            "[[round]]\nnumber = {}\nopen = {}\nclose = {}\n[round.question]\ntext = \"?\"\n{question}\n",
            place + 1,
            utc(open),
            utc(open + OPEN)
        )
        .unwrap();
    }
    toml.push_str("[slots]\n");
    for (slot, _, _) in campaign::Slot::ALL {
        writeln!(toml, "{slot} = \"t\"").unwrap();
    }
    toml.push_str("[templates]\nt = \"收到\"\n");
    toml
}

fn copy(toml: &str, version: u32, ctl: u64, prev_ctl: Option<u64>) -> Vec<u8> {
    let act = CampaignAct {
        v: 1,
        id: "fest".into(),
        account: "mi".into(),
        version,
        expect_version: version - 1,
        sha256: Hex(Sha256::digest(toml).into()),
        toml: toml.to_owned(),
        effective: 0,
        actor: "ann".into(),
        reason: "test".into(),
    };
    serde_json::to_vec(&Copy::new(ctl, prev_ctl, Act::Campaign(act))).unwrap()
}

/// A text of a hundred characters that nobody else writes.
fn text_of(fan: usize) -> String {
    format!("{}{fan:06}", "雷".repeat(94))
}

/// Another row of the letters for each of 39,916,800 fans.
fn row_of(fan: usize) -> String {
    let (mut rest, mut letters) = (fan, LETTERS.chars().collect::<Vec<_>>());
    let mut row = String::new();
    for left in (1..=letters.len()).rev() {
        row.push(letters.remove(rest % left));
        rest /= left;
    }
    row
}

/// Another set of the letters for each of 2,047 fans.
fn set_of(fan: usize) -> String {
    let set = fan % 2_047 + 1;
    let has = |(place, letter): (usize, char)| (set >> place & 1 == 1).then_some(letter);
    LETTERS.chars().enumerate().filter_map(has).collect()
}

/// What fans say in a round, each fan something else; and behind them ten who say what is right.
fn said(round: u16) -> Vec<String> {
    let (fans, what): (usize, fn(usize) -> String) = match round {
        1 => (70_000, text_of),
        2 => (20_000, |fan| fan.to_string()),
        3 => (20_000, row_of),
        _ => (20_000, set_of),
    };
    let right = match round {
        1 => "小米",
        2 => "1999",
        3 => LETTERS,
        _ => "AK",
    };
    let right = std::iter::repeat_n(right.to_owned(), 10);
    (0..fans).map(what).chain(right).collect()
}

fn bodies() -> Vec<String> {
    let mut bodies = Vec::new();
    for round in 1..=4 {
        let open = T + EVERY * (i64::from(round) - 1);
        for (fan, text) in said(round).iter().enumerate() {
            let at = open + i64::try_from(fan).unwrap() % OPEN;
            let id = usize::from(round) * 1_000_000 + fan;
            bodies.push(format!(
                "<xml><ToUserName>gh_1</ToUserName><FromUserName>o{fan}</FromUserName><CreateTime>{at}</CreateTime>\
                 <MsgType>text</MsgType><Content>{text}</Content><MsgId>{id}</MsgId></xml>"
            ));
        }
    }
    bodies
}

/// quiz in one partition.
#[derive(Default)]
struct Partition {
    book: Book,
    shelf: MemoryShelf,
    versions: Versions,
}

impl Partition {
    fn take(&mut self, value: &[u8]) -> Vec<Tally> {
        let mut tallies = Vec::new();
        self.book
            .step(value, &mut self.shelf, &self.versions, &mut tallies)
            .unwrap();
        tallies
    }

    fn tick(&mut self, t: i64) -> Vec<Tally> {
        self.take(&serde_json::to_vec(&Tick::new(t)).unwrap())
    }

    /// Bytes of the books that are written with every commit.
    fn saved(&mut self) -> usize {
        self.book.save(&mut self.shelf).unwrap();
        self.shelf.get(b"book").unwrap().unwrap().len()
    }
}

fn size(record: &impl serde::Serialize) -> usize {
    serde_json::to_vec(record).unwrap().len()
}

fn by_the_oracle(toml: &str, bodies: &[String]) -> Manifest {
    let mut judge = Judge::new(&Campaign::parse(toml).unwrap().0).unwrap();
    for (n, body) in (0..).zip(bodies) {
        judge.row(&Row {
            at_us: 1,
            part: Part::Event,
            n,
            attempt: 1,
            body: body.as_str().into(),
        });
    }
    let nothing = Written {
        rows: 0,
        bytes: 0,
        sha256: String::new(),
    };
    judge.manifest("r", &nothing, toml)
}

#[track_caller]
fn agree(tallies: &[Tally], manifest: &Manifest) {
    assert_eq!(tallies.len(), 4);
    for (tally, round) in tallies.iter().zip(&manifest.rounds) {
        assert_eq!(tally.round, round.round);
        // Told by its size first: what differs there has no place on a screen.
        let bytes = size(tally);
        assert!(bytes <= TALLY_MAX, "{:?}: {bytes} bytes", tally.round);
        assert_eq!(
            (&tally.answers, tally.others, tally.lines, tally.joins),
            (&round.answers, round.others, round.lines, round.joins)
        );
        assert_eq!(tally.digest.to_string(), round.sum);
        assert_eq!(
            tally.answers.values().sum::<u64>() + tally.others,
            tally.lines
        );
    }
}

/// A round in which every fan has an answer of his own is sealed like any other (Q-5, Q-8): what is written of it is as
/// large as the campaign file makes it and not as fans do.
#[test]
fn q_8_as_many_answers_as_fans_make_no_record_larger() {
    let (before, bodies) = (toml("小米"), bodies());
    let mut quiz = Partition::default();
    quiz.take(&copy(&before, 1, 0, None));
    for body in &bodies {
        assert!(quiz.take(&accepted(body)).is_empty());
    }
    let tallies = quiz.tick(T + 1_000);
    let manifest = by_the_oracle(&before, &bodies);
    agree(&tallies, &manifest);
    let before_it = tallies.clone();
    assert_eq!(
        (tallies[0].answers.len(), tallies[0].others),
        (1, 70_000),
        "one key and everything else"
    );
    assert_eq!(tallies[0].answers["小米"], 10);
    // 999 to 2999 are near the first key; 3000 is near the second only.
    let near = [("1999", 2_001 + 10), ("2000", 1)].map(|(key, fans)| (key.to_owned(), fans));
    assert_eq!(tallies[1].answers, near.into());
    assert_eq!(
        (tallies[2].answers[LETTERS], tallies[2].others),
        (11, 19_999)
    );
    assert_eq!(
        (tallies[3].answers.len(), tallies[3].others),
        (2_047, 0),
        "every set of eleven letters"
    );
    for (tally, most) in tallies
        .iter()
        .zip([TALLY_SMALL, TALLY_SMALL, TALLY_SMALL, TALLY_MAX])
    {
        let bytes = size(tally);
        assert!(bytes <= most, "{:?}: {bytes} bytes", tally.round);
    }
    let saved = quiz.saved();
    assert!(saved <= TALLY_MAX + 4 * TALLY_SMALL, "{saved} bytes");
    // From here on what was saved goes on.
    quiz.book = Book::load(&mut quiz.shelf, &quiz.versions).unwrap();

    for round in 1..=4 {
        quiz.take(&sealed(&before, round, 7));
    }
    let shares = quiz.book.take_shares();
    for (round, expected) in (1..=4).zip(&manifest.rounds) {
        let of_round: Vec<&Share> = shares.iter().filter(|share| share.round == round).collect();
        let standings: String = of_round.iter().map(|s| s.standings.as_str()).collect();
        assert_eq!(standings.lines().count(), said(round).len());
        let digest = Hex(<[u8; 32]>::from(Sha256::digest(&standings)));
        assert_eq!(digest.to_string(), expected.standings, "round {round}");
        for share in of_round {
            // Quotes and backslashes of the lines are escaped once more in the record.
            let bytes = size(share);
            assert!(bytes <= 2 * SHARE_MAX_BYTES, "{bytes} bytes of a share");
        }
    }

    // A key that is corrected after the seal: what was counted by the old one is counted anew, and nothing is judged.
    let after = toml(&text_of(7));
    quiz.take(&copy(&after, 2, 5, Some(4)));
    assert!(quiz.book.take_shares().is_empty());
    let tallies = quiz.tick(T + 2_000);
    agree(&tallies, &by_the_oracle(&after, &bodies));
    assert_eq!(
        tallies[1..]
            .iter()
            .map(|tally| &tally.answers)
            .collect::<Vec<_>>(),
        before_it[1..]
            .iter()
            .map(|tally| &tally.answers)
            .collect::<Vec<_>>()
    );
    assert!(tallies.iter().all(|tally| tally.version == 2));
    assert_eq!(tallies[0].answers, [(text_of(7), 1)].into());
    assert_eq!(tallies[0].others, 70_000 + 10 - 1);
    assert!(size(&tallies[0]) <= TALLY_SMALL + text_of(7).len());
}
