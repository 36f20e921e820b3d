//! Keyword rules, menu entries and the words of the question detector. Never the matching itself.

/// How a rule's keywords are compared with a text, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleMatch {
    /// The text is a keyword.
    Exact,
    /// The text begins with a keyword.
    Prefix,
    /// All words of a keyword stand in the text.
    AllWords,
    /// One word of a keyword stands in the text.
    AnyWord,
    /// A keyword stands anywhere in the text.
    Contains,
    /// A regular expression, in time linear in the text.
    Regex,
}

impl RuleMatch {
    /// Every kind with its name in the file.
    pub const ALL: [(&'static str, Self); 6] = [
        ("exact", Self::Exact),
        ("prefix", Self::Prefix),
        ("all_words", Self::AllWords),
        ("any_word", Self::AnyWord),
        ("contains", Self::Contains),
        ("regex", Self::Regex),
    ];
}

/// Which normal form of a text a rule sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Steps 0–6 of the pipeline: spaces and punctuation stay.
    Plain,
    /// All steps: what is left are letters, digits and characters.
    Tight,
}

impl Profile {
    /// Every profile with its name in the file.
    pub const ALL: [(&'static str, Self); 2] = [("plain", Self::Plain), ("tight", Self::Tight)];
}

/// Kinds of messages that a rule listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Text a fan typed.
    Text,
    /// The platform's recognition of a voice message.
    Voice,
}

impl MessageKind {
    /// Every kind with its name in the file.
    pub const ALL: [(&'static str, Self); 2] = [("text", Self::Text), ("voice", Self::Voice)];
}

/// When in a campaign a rule speaks, by the CreateTime of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Before the first round opens and after the last has closed.
    Idle,
    /// From the opening of the first round to the close of the last.
    Live,
    /// While a round is open.
    RoundOpen,
}

impl Scope {
    /// Every scope with its name in the file.
    pub const ALL: [(&'static str, Self); 3] = [
        ("idle", Self::Idle),
        ("live", Self::Live),
        ("round_open", Self::RoundOpen),
    ];
}

/// A part of every day, in seconds since midnight in the display zone; it may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyHours {
    /// First second.
    pub from_s: i64,
    /// First second after it.
    pub until_s: i64,
}

impl DailyHours {
    /// Whether a second of the day lies in it.
    #[must_use]
    pub fn contains(&self, day_second: i64) -> bool {
        if self.from_s < self.until_s {
            (self.from_s..self.until_s).contains(&day_second)
        } else {
            day_second >= self.from_s || day_second < self.until_s
        }
    }
}

/// When a rule is valid, by the CreateTime of the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// First second; none: from ever.
    pub from: Option<i64>,
    /// First second after it; none: for ever.
    pub until: Option<i64>,
    /// Hours of each day; empty: all day.
    pub daily: Vec<DailyHours>,
}

impl Schedule {
    /// Whether a message of this CreateTime is in it.
    #[must_use]
    pub fn contains(&self, create_time: i64) -> bool {
        self.from.is_none_or(|from| from <= create_time)
            && self.until.is_none_or(|until| create_time < until)
            && (self.daily.is_empty() || {
                let second = crate::time::day_second(create_time);
                self.daily.iter().any(|hours| hours.contains(second))
            })
    }
}

/// One keyword rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its identity; replies name it as `keyword:ID`.
    pub id: String,
    /// Whether it is in use.
    pub enabled: bool,
    /// Whether it goes before joins and answers (C.5 step 2); such rules match exactly.
    pub preempt: bool,
    /// How keywords are compared.
    pub match_kind: RuleMatch,
    /// The keywords, or regular expressions.
    pub keywords: Vec<String>,
    /// Which normal form it sees.
    pub profile: Profile,
    /// Which kinds of messages it listens to.
    pub kinds: Vec<MessageKind>,
    /// When it speaks; empty: always.
    pub scopes: Vec<Scope>,
    /// When it is valid.
    pub schedule: Schedule,
    /// Higher goes first.
    pub priority: i64,
    /// Its replies; several are spread over the fans, stable for a fan and day.
    pub templates: Vec<String>,
    /// Line of the rule in the file.
    pub line: usize,
}

/// What a menu entry does (C.5 step 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MenuAction {
    /// It answers a round's question with this value.
    Answer {
        /// Number of the round.
        round: u16,
        /// The letter.
        value: String,
    },
    /// It is answered by one of these templates.
    Reply {
        /// Names of the templates.
        templates: Vec<String>,
    },
}

/// A line of a msgmenu, by its id, or an entry of the account's menu, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuItem {
    /// The id or key that the platform sends.
    pub id: String,
    /// What it does.
    pub action: MenuAction,
    /// Line of the entry in the file.
    pub line: usize,
}

/// Words and weights of the question detector (H-1).
///
/// The score of a text is the sum of the weights whose condition holds, over its plain normal form;
/// it is a question when the score reaches `threshold`. All words are compared as they stand
/// anywhere in that form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detector {
    /// Words that ask, weight 3 when one is there.
    pub interrogatives: Vec<String>,
    /// Things that people ask about, weight 2 when one is there.
    pub service_nouns: Vec<String>,
    /// Words of complaint, weight 1 when one is there.
    pub complaints: Vec<String>,
    /// From so many characters on (spaces not counted), weight 1.
    pub long_from_chars: usize,
    /// The score from which on a text is a question.
    pub threshold: u32,
}

impl Detector {
    /// Weight of an interrogative.
    pub const INTERROGATIVE: u32 = 3;
    /// Weight of a service noun.
    pub const SERVICE_NOUN: u32 = 2;
    /// Weight of a complaint.
    pub const COMPLAINT: u32 = 1;
    /// Weight of length.
    pub const LENGTH: u32 = 1;
}

impl Default for Detector {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Self {
            interrogatives: words(&[
                "?",
                "吗",
                "呢",
                "么",
                "怎样",
                "为啥",
                "为何",
                "何时",
                "多少",
                "哪",
                "几时",
                "几点",
                "几题",
                "第几",
                "咋",
                "啥",
                "谁",
                "如何",
                "可不可以",
                "能不能",
                "是不是",
                "有没有",
            ]),
            service_nouns: words(&[
                "订单", "物流", "快递", "发货", "退款", "退货", "换货", "维修", "保修", "售后",
                "f码", "密码", "账号", "帐号", "发票", "预约", "付款", "支付", "收货", "客服",
            ]),
            complaints: words(&[
                "投诉",
                "骗",
                "垃圾",
                "差评",
                "没反应",
                "没有反应",
                "没收到",
                "太慢",
                "坑",
                "失望",
            ]),
            long_from_chars: 5,
            threshold: 3,
        }
    }
}
