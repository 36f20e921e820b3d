//! The profiles: named bursts with their fixed numbers. Nothing here is drawn or computed.

use std::fmt;
use std::str::FromStr;

/// Seed of a recording unless another is asked for.
pub const DEFAULT_SEED: u64 = 20_130_409;

/// A burst that the traffic model describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Twelve rounds of a prize quiz on 9 April 2013, 14:00–16:00 in China.
    Fanfest0409,
    /// The same two hours with every kind of question, each twice: a rehearsal, for tests.
    Kinds,
    /// A park's account on 7 May 2013: a whole day with a burst at 20:00.
    Guose0507,
    /// The launch of a phone: one minute.
    Mi11Minute,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 4] = [
        Self::Fanfest0409,
        Self::Kinds,
        Self::Guose0507,
        Self::Mi11Minute,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fanfest0409 => "fanfest-0409",
            Self::Kinds => "kinds",
            Self::Guose0507 => "guose-0507",
            Self::Mi11Minute => "mi11-minute",
        }
    }

    /// Messages N, unless another number is asked for.
    #[must_use]
    pub fn messages(self) -> u64 {
        match self {
            Self::Fanfest0409 => 2_800_000,
            Self::Kinds => 280_000,
            Self::Guose0507 => 173_734,
            Self::Mi11Minute => 2_000_000,
        }
    }

    /// Length D of the window, in seconds.
    #[must_use]
    pub fn seconds(self) -> usize {
        match self {
            Self::Fanfest0409 | Self::Kinds => 7_200,
            Self::Guose0507 => 86_400,
            Self::Mi11Minute => 60,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no profile has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no profile is called `{0}`; there are fanfest-0409, kinds, guose-0507 and mi11-minute")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == name);
        found.ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_no_other_is() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        let error = "fanfest".parse::<Profile>().unwrap_err();
        assert!(error.to_string().contains("`fanfest`"));
    }
}
