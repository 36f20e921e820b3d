//! Campaign versions made ready to judge: one copy in memory for all partitions. Pure but for the memory of
//! what was compiled, which never changes a result.

use campaign::Campaign;
use contest::Compiled;
use record::acts::CampaignAct;
use record::hexed::Hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Compiled campaign files by their SHA-256, as long as a partition uses them.
#[derive(Debug, Default)]
pub struct Versions {
    known: Mutex<BTreeMap<(Hex<32>, Moved), Weak<Compiled>>>,
    /// Judges in the place of the published file of the same campaign.
    file: Option<Arc<Compiled>>,
}

/// Windows that are not the file's, by round: opening and close.
pub type Moved = BTreeMap<u16, (i64, i64)>;

/// Why a published campaign cannot be applied. Publication refuses all of these, so that one stands in the
/// log only by a fault.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The text is not the one that was published.
    #[error(
        "campaign {id:?} version {version}: the file's sha-256 is {found}, not the published one"
    )]
    Altered {
        /// Campaign.
        id: String,
        /// Version.
        version: u32,
        /// What was found.
        found: Hex<32>,
    },
    /// The file is of another campaign or account than the act.
    #[error(
        "campaign {id:?} version {version}: the file is of campaign {file:?}, account {account:?}"
    )]
    Other {
        /// Campaign.
        id: String,
        /// Version.
        version: u32,
        /// Campaign of the file.
        file: String,
        /// Account of the file.
        account: String,
    },
    /// The file has errors.
    #[error("campaign {id:?} version {version} does not pass the check: {problem}")]
    Faulty {
        /// Campaign.
        id: String,
        /// Version.
        version: u32,
        /// The first error.
        problem: String,
    },
}

impl Versions {
    /// Versions of which this file stands for every publication of its campaign.
    #[must_use]
    pub fn with_file(file: Arc<Compiled>) -> Self {
        Self {
            known: Mutex::default(),
            file: Some(file),
        }
    }

    /// The campaign of an act with these windows moved, as far as it has such rounds; `filed` are those of rounds that are
    /// sealed, in the files that judged them. `None` when the windows do not fit it.
    ///
    /// # Errors
    /// As [`Versions::compile`].
    pub fn compile_moved(
        &self,
        act: &CampaignAct,
        (windows, filed): (&Moved, &Moved),
    ) -> Result<Option<Arc<Compiled>>, VersionError> {
        let published = self.compile(act)?;
        let file = self.file.as_ref().filter(|file| file.campaign.id == act.id);
        let base = file.unwrap_or(&published);
        let window = |of: &Compiled, number| of.campaign.round(number).map(|r| (r.open, r.close));
        let mut moved = Moved::new();
        for (&number, &to) in windows {
            let own = window(base, number);
            // A window that another file changes on purpose is not overruled by the log's.
            let filed = filed.get(&number).copied().filter(|_| file.is_some());
            let known = filed.or_else(|| window(&published, number));
            if own.is_some() && own != Some(to) && own == known {
                moved.insert(number, to);
            }
        }
        if moved.is_empty() {
            return Ok(Some(Arc::clone(base)));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (act.sha256, moved);
        if let Some(compiled) = known.get(&key).and_then(Weak::upgrade) {
            return Ok(Some(compiled));
        }
        let list: Vec<_> = key
            .1
            .iter()
            .map(|(n, (open, close))| (*n, *open, *close))
            .collect();
        let Ok(campaign) = base.campaign.with_windows(&list) else {
            return Ok(None);
        };
        let mut compiled = Compiled::clone(base);
        compiled.campaign = campaign;
        let compiled = Arc::new(compiled);
        known.retain(|_, version| version.strong_count() > 0);
        known.insert(key, Arc::downgrade(&compiled));
        Ok(Some(compiled))
    }

    /// The campaign of an act, ready to judge.
    ///
    /// # Errors
    /// [`VersionError`] when the file is not what the act says.
    pub fn compile(&self, act: &CampaignAct) -> Result<Arc<Compiled>, VersionError> {
        let (id, version) = (act.id.clone(), act.version);
        let found = Hex(Sha256::digest(&act.toml).into());
        if found != act.sha256 {
            return Err(VersionError::Altered { id, version, found });
        }
        let compiled = self
            .of_file(&act.toml, found)
            .map_err(|problem| VersionError::Faulty {
                id: id.clone(),
                version,
                problem,
            })?;
        let campaign = &compiled.campaign;
        if campaign.id != act.id || campaign.account != act.account {
            let (file, account) = (campaign.id.clone(), campaign.account.clone());
            return Err(VersionError::Other {
                id,
                version,
                file,
                account,
            });
        }
        Ok(compiled)
    }

    fn of_file(&self, toml: &str, sha256: Hex<32>) -> Result<Arc<Compiled>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = known.get(&(sha256, Moved::new())).and_then(Weak::upgrade) {
            return Ok(compiled);
        }
        let (campaign, _) = Campaign::parse(toml).map_err(first_error)?;
        let (compiled, _) = Compiled::new(campaign).map_err(first_error)?;
        let compiled = Arc::new(compiled);
        known.retain(|_, version| version.strong_count() > 0);
        known.insert((sha256, Moved::new()), Arc::downgrade(&compiled));
        Ok(compiled)
    }
}

fn first_error(problems: Vec<campaign::Problem>) -> String {
    let first = problems
        .iter()
        .find(|problem| problem.severity == campaign::Severity::Error);
    first.map_or_else(|| "it has errors".to_owned(), ToString::to_string)
}
