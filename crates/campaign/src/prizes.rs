//! What a contest gives away and by what rules (C.9–C.12): prizes, awards, draws, scores, eligibility. Never
//! parsing, never who wins.

/// What the public can check of a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DrawLevel {
    /// The seed is recorded.
    L0,
    /// The secret is committed to before anything is known, and the list is published before it is revealed.
    L1,
    /// Besides, a public beacon enters that nobody knows when the list is published.
    L2,
}

impl DrawLevel {
    /// Its name in files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::L0, Self::L1, Self::L2]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

/// What goes before the lot among right answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ranking {
    /// The second of the answer, then the lot.
    SecondThenLot,
    /// The lot alone.
    LotOnly,
}

impl Ranking {
    /// Its name in files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecondThenLot => "second_then_lot",
            Self::LotOnly => "lot_only",
        }
    }

    /// The ranking of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::SecondThenLot, Self::LotOnly]
            .into_iter()
            .find(|ranking| ranking.name() == name)
    }
}

/// How draws are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawPolicy {
    /// What the public can check.
    pub level: DrawLevel,
    /// What goes before the lot.
    pub ranking: Ranking,
    /// What keeps the entrant codes of two campaigns apart; the campaign's id when the file has none.
    pub salt: String,
}

/// What a missed round does to a row of right answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Streak {
    /// There is no bonus.
    Off,
    /// It ends the row.
    Reset,
    /// It changes nothing.
    Keep,
}

/// How right answers score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScorePolicy {
    /// Whether an early answer is worth more than a late one.
    pub speed: bool,
    /// The bonus for right answers in a row.
    pub streak: Streak,
}

/// How many prizes one fan can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnePrizePer {
    /// One of each class.
    Class,
    /// One in the campaign.
    Campaign,
    /// As many as he wins.
    Nothing,
}

/// Who can win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EligiblePolicy {
    /// Whether a winner must follow the account.
    pub must_follow: bool,
    /// A winner must have followed before this time.
    pub followed_before: Option<i64>,
    /// OpenIDs that win nothing: staff, partners, others by hand.
    pub exclude: Vec<String>,
    /// How many prizes one fan can have.
    pub one_prize_per: OnePrizePer,
    /// Line in the file.
    pub line: usize,
}

/// What a correction does to winners that were announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Correction {
    /// They keep; the rightful ones get units of the reserve.
    KeepAnnounced,
    /// Winners that were not yet notified are replaced.
    Replace,
    /// The round is void.
    Void,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrizeKind {
    /// A thing that is sent.
    Goods,
    /// A secret, like an F-code, that is told to the winner alone.
    Code,
}

impl PrizeKind {
    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::Code => "code",
        }
    }
}

/// A pool of equal units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prize {
    /// Its id in records.
    pub id: String,
    /// What fans read.
    pub title: String,
    /// One fan gets one prize of a class; the id when the file names none.
    pub class: String,
    /// What a unit is.
    pub kind: PrizeKind,
    /// Value of a unit in yuan.
    pub value_yuan: u32,
    /// Units in stock, the reserve among them.
    pub units: u32,
    /// Units kept back for corrections.
    pub reserve: u32,
    /// How long a winner has to claim.
    pub claim_hours: u32,
    /// When how much of the stock can be given: times ascending, shares in 1/1000 ascending to 1000.
    /// Empty: all at once.
    pub release: Vec<(i64, u32)>,
    /// Line in the file.
    pub line: usize,
}

impl Prize {
    /// Units that awards can give at a time: `floor((units − reserve) · share)`.
    #[must_use]
    pub fn available(&self, at: i64) -> u32 {
        let stock = self.units.saturating_sub(self.reserve);
        if self.release.is_empty() {
            return stock;
        }
        let due = self.release.iter().rev().find(|(time, _)| *time <= at);
        let share = due.map_or(0, |(_, share)| (*share).min(1000));
        u32::try_from(u64::from(stock) * u64::from(share) / 1000).unwrap_or(stock)
    }
}

/// After which rounds an award is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// After each one.
    EachRound,
    /// After these.
    Rounds(Vec<u16>),
    /// Once, after the last, over the whole campaign.
    LastRound,
}

/// Who wins (C.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WinnerMode {
    /// The first `n` of the right answers.
    Fastest {
        /// How many.
        n: u32,
    },
    /// `n` by lot.
    Draw {
        /// How many.
        n: u32,
    },
    /// The first `n` of the final board.
    Top {
        /// How many.
        n: u32,
    },
    /// The one in this place.
    Nth {
        /// Which place, from 1.
        k: u32,
    },
    /// Each one whose place is a multiple of `k`.
    Every {
        /// The step.
        k: u32,
        /// How many at most.
        most: u32,
    },
    /// `n` by lot, with a ticket for each right round, twelve at most.
    Weighted {
        /// How many.
        n: u32,
    },
}

impl WinnerMode {
    /// Its name in files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fastest { .. } => "fastest",
            Self::Draw { .. } => "draw",
            Self::Top { .. } => "top",
            Self::Nth { .. } => "nth",
            Self::Every { .. } => "every",
            Self::Weighted { .. } => "weighted",
        }
    }

    /// Units it can give each time.
    #[must_use]
    pub fn slots(self) -> u32 {
        match self {
            Self::Fastest { n } | Self::Draw { n } | Self::Top { n } | Self::Weighted { n } => n,
            Self::Nth { .. } => 1,
            Self::Every { most, .. } => most,
        }
    }
}

/// Among whom is drawn or counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Among {
    /// Who has joined, with or without an answer.
    Joined,
    /// Who has answered.
    Answered,
    /// Who was right.
    Correct,
}

impl Among {
    /// Its name in files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Answered => "answered",
            Self::Correct => "correct",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Joined, Self::Answered, Self::Correct]
            .into_iter()
            .find(|among| among.name() == name)
    }
}

/// Units given to winners after rounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Award {
    /// Id of the prize.
    pub prize: String,
    /// After which rounds.
    pub after: After,
    /// Who wins.
    pub mode: WinnerMode,
    /// Among whom.
    pub among: Among,
    /// Line in the file.
    pub line: usize,
}

impl Award {
    /// Whether it is made after this round.
    #[must_use]
    pub fn follows(&self, round: u16) -> bool {
        match &self.after {
            After::EachRound => true,
            After::Rounds(rounds) => rounds.contains(&round),
            After::LastRound => false,
        }
    }
}
