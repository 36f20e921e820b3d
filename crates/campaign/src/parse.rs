//! From the TOML document to the model: the campaign and its rounds.

use crate::model::{Campaign, Join, JoinPolicy, OnSilentNode, Round, SealPolicy, Words};
use crate::prizes::{
    Correction, DrawLevel, DrawPolicy, EligiblePolicy, OnePrizePer, Ranking, ScorePolicy, Streak,
};
use crate::problem::{Problem, Severity};
use crate::read::{Item, Notes, Section};
use crate::{lint, lint_prizes, lint_templates, parse_prizes, parse_question, parse_rules};
use toml::de::DeTable;

const TOP_KEYS: &[&str] = &[
    "id",
    "title",
    "account",
    "start",
    "end",
    "coalesce_window_s",
    "join",
    "mine",
    "claim",
    "seal",
    "round",
    "rule",
    "menu",
    "slots",
    "templates",
    "detector",
    "service_hours",
    "terms",
    "prize_cap_yuan",
    "correction",
    "draw",
    "score",
    "eligible",
    "prize",
    "award",
];
const ROUND_KEYS: &[&str] = &["number", "open", "close", "question"];
const MAX_FILE_BYTES: usize = 1 << 20;
const DAY_S: i64 = 86_400;

/// Reads and checks a file.
pub(crate) fn campaign(text: &str) -> Result<(Campaign, Vec<Problem>), Vec<Problem>> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!(
            "the file has {} bytes, and at most {MAX_FILE_BYTES} are read; shorten its lists, or make two campaigns",
            text.len()
        );
        return Err(vec![Problem::error(None, "file", message)]);
    }
    let mut notes = Notes::new(text);
    let (document, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        for error in syntax {
            notes.push(syntax_problem(&error, text));
        }
        return Err(finished(notes, text));
    }
    let campaign = read(document.get_ref(), &mut notes);
    lint::check(&campaign, &mut notes);
    let all_rounds = rounds_written(document.get_ref()) == campaign.rounds.len();
    lint_prizes::check(&campaign, all_rounds, &mut notes);
    lint_templates::check(&campaign, &mut notes);
    let problems = finished(notes, text);
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        return Err(problems);
    }
    Ok((campaign, problems))
}

/// What is no TOML, at its very place.
fn syntax_problem(error: &toml::de::Error, text: &str) -> Problem {
    let mut message = error.message().replace('\n', ", ");
    if message == "duplicate key" {
        message.push_str("; a key stands once in its table, and a [table] once in the file");
    } else {
        message.push_str("; a line reads name = value, with texts in double quotes, or [table]");
    }
    // Some spans begin with the line break that should not have come yet.
    let place = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..place).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let mut problem = Problem::error(Some(before.split('\n').count()), "toml", message);
    let width = text[start..]
        .lines()
        .next()
        .map_or(0, |l| l.chars().count());
    let column = text[start..place].chars().count().saturating_add(1);
    problem.column = Some(column.min(width.max(1)));
    problem
}

fn finished(notes: Notes, text: &str) -> Vec<Problem> {
    let mut problems = notes.into_list();
    Problem::place(&mut problems, text);
    Problem::sort(&mut problems);
    problems
}

/// How many rounds the file has, readable or not.
fn rounds_written(table: &DeTable<'_>) -> usize {
    let rounds = table.iter().find(|(name, _)| name.get_ref() == "round");
    rounds.map_or(0, |(_, value)| {
        value.get_ref().as_array().map_or(1, |all| all.len())
    })
}

fn read(table: &DeTable<'_>, notes: &mut Notes) -> Campaign {
    let value = toml::de::DeValue::Table(table.clone());
    let root = Item {
        key: String::new(),
        line: 1,
        value: &value,
    };
    let Some(root) = root.section(notes, Some(TOP_KEYS)) else {
        return Campaign::empty();
    };
    let text = |notes: &mut Notes, key: &str| {
        root.need(notes, key)
            .and_then(|item| item.text(notes))
            .unwrap_or_default()
    };
    let (id, title, account) = (
        text(notes, "id"),
        text(notes, "title"),
        text(notes, "account"),
    );
    let start = root
        .need(notes, "start")
        .and_then(|item| item.instant(notes))
        .unwrap_or(0);
    let end = root
        .need(notes, "end")
        .and_then(|item| item.instant(notes))
        .unwrap_or(i64::MAX);
    let coalesce_window_s = root.integer_in(notes, "coalesce_window_s", 0..=600, 10);
    let mut campaign = Campaign {
        id,
        title,
        account,
        start,
        end,
        coalesce_window_s,
        ..Campaign::empty()
    };
    campaign.join = join(&root, notes);
    campaign.mine = words(&root, notes, "mine", campaign.mine);
    campaign.claim = words(&root, notes, "claim", campaign.claim);
    campaign.seal = seal(&root, notes);
    let rounds = root.tables(notes, "round", ROUND_KEYS);
    campaign.rounds = rounds
        .iter()
        .filter_map(|section| round(section, notes))
        .collect();
    parse_rules::into(&root, notes, &mut campaign);
    parse_prizes::into(&root, notes, &mut campaign);
    campaign
}

impl Campaign {
    /// What parsing starts from.
    fn empty() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            account: String::new(),
            start: 0,
            end: i64::MAX,
            coalesce_window_s: 0,
            join: Join {
                policy: JoinPolicy::Campaign,
                implicit: true,
                keywords: vec![],
                line: 1,
            },
            mine: Words {
                keywords: vec!["我的".to_owned()],
                line: 1,
            },
            claim: Words {
                keywords: vec!["领奖".to_owned()],
                line: 1,
            },
            seal: SealPolicy {
                grace_s: 35,
                max_wait_s: 120,
                on_silent_node: OnSilentNode::SealWithout,
            },
            rounds: Vec::new(),
            rules: Vec::new(),
            menu: Vec::new(),
            slots: crate::Slots::default(),
            templates: std::collections::BTreeMap::new(),
            detector: crate::Detector::default(),
            service_hours: Vec::new(),
            terms: String::new(),
            // The legal limit for prize draws at the time of writing.
            prize_cap_yuan: 50_000,
            correction: Correction::KeepAnnounced,
            draw: DrawPolicy {
                level: DrawLevel::L1,
                ranking: Ranking::SecondThenLot,
                salt: String::new(),
            },
            score: ScorePolicy {
                speed: true,
                streak: Streak::Reset,
            },
            eligible: EligiblePolicy {
                must_follow: true,
                followed_before: None,
                exclude: Vec::new(),
                one_prize_per: OnePrizePer::Class,
                line: 1,
            },
            prizes: Vec::new(),
            awards: Vec::new(),
        }
    }
}

fn join(root: &Section<'_, '_>, notes: &mut Notes) -> Join {
    let mut join = Campaign::empty().join;
    let Some(item) = root.get(notes, "join") else {
        return join;
    };
    let Some(section) = item.section(notes, Some(&["policy", "implicit", "keywords"])) else {
        return join;
    };
    join.line = section.line;
    let policies = [
        ("none", JoinPolicy::None),
        ("campaign", JoinPolicy::Campaign),
        ("round", JoinPolicy::Round),
    ];
    if let Some(policy) = section
        .get(notes, "policy")
        .and_then(|i| i.choice(notes, &policies))
    {
        join.policy = policy;
    }
    if let Some(implicit) = section
        .get(notes, "implicit")
        .and_then(|i| i.boolean(notes))
    {
        join.implicit = implicit;
    }
    if let Some(item) = section.get(notes, "keywords") {
        join.line = item.line;
        join.keywords = item.texts(notes);
    }
    join
}

/// The words of a table; `absent` without them.
fn words(root: &Section<'_, '_>, notes: &mut Notes, key: &str, absent: Words) -> Words {
    let section = root.get(notes, key);
    let section = section.and_then(|item| item.section(notes, Some(&["keywords"])));
    match section.and_then(|section| section.get(notes, "keywords")) {
        Some(item) => Words {
            keywords: item.texts(notes),
            line: item.line,
        },
        None => absent,
    }
}

fn seal(root: &Section<'_, '_>, notes: &mut Notes) -> SealPolicy {
    let mut seal = Campaign::empty().seal;
    let Some(item) = root.get(notes, "seal") else {
        return seal;
    };
    let Some(section) = item.section(notes, Some(&["grace_s", "max_wait_s", "on_silent_node"]))
    else {
        return seal;
    };
    seal.grace_s = section.integer_in(notes, "grace_s", 0..=3600, seal.grace_s);
    seal.max_wait_s = section.integer_in(notes, "max_wait_s", 0..=3600, seal.max_wait_s);
    let choices = [
        ("wait", OnSilentNode::Wait),
        ("seal_without", OnSilentNode::SealWithout),
    ];
    if let Some(choice) = section
        .get(notes, "on_silent_node")
        .and_then(|i| i.choice(notes, &choices))
    {
        seal.on_silent_node = choice;
    }
    seal
}

fn round(section: &Section<'_, '_>, notes: &mut Notes) -> Option<Round> {
    let number = section
        .need(notes, "number")
        .and_then(|item| item.integer(notes));
    let open = section
        .need(notes, "open")
        .and_then(|item| item.instant(notes));
    let close = section
        .need(notes, "close")
        .and_then(|item| item.instant(notes));
    let question = section
        .need(notes, "question")
        .and_then(|item| item.section(notes, Some(parse_question::KEYS)))
        .and_then(|section| parse_question::question(&section, notes));
    let number = match number.map(u16::try_from) {
        Some(Ok(number @ 1..=99)) => Some(number),
        None => None,
        Some(_) => {
            let message = "must lie in 1..=99; a campaign has at most that many rounds";
            notes.error(section.line, section.path_of("number"), message);
            None
        }
    };
    let (open, close) = (open?, close?);
    if close <= open || close - open > DAY_S {
        notes.error(
            section.line,
            section.path_of("close"),
            "must lie after open, within a day",
        );
        return None;
    }
    Some(Round {
        number: number?,
        open,
        close,
        question: question?,
        line: section.line,
    })
}
