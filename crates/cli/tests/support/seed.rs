//! The seed of the moments that a run of the tests draws: another one in each run, told when it fails, and the same again
//! with `SOAK_SEED`.

use super::fleet::asked;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

/// Seeds that people can type.
const SEEDS: u64 = 1_000_000;

/// The seed. From here on whatever fails says it.
pub(crate) fn of_this_run() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let seed = asked("SOAK_SEED", RandomState::new().hash_one(0) % SEEDS);
        let say = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |failure| {
            say(failure);
            eprintln!("SOAK_SEED={seed} draws the same moments again");
        }));
        seed
    })
}
