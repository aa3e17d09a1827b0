//! Chance that a seed decides, and how much of it.

use mailgrant_base::{Random as _, SeededRandom, SystemRandom};

/// How many processes each test runs, unless `MAILGRANT_RUNS` says else.
const RUNS: u64 = 8;

/// What a test was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) seed: u64,
    pub(super) runs: u64,
}

impl Asked {
    /// From `MAILGRANT_SEED` and `MAILGRANT_RUNS`; without them a new seed.
    pub(super) fn of_environment() -> Self {
        let number = |name: &str| {
            let value = std::env::var(name).ok()?;
            let number = value.parse::<u64>();
            Some(number.unwrap_or_else(|_| panic!("{name} is no number")))
        };
        let new = || u64::from(u32::from_le_bytes(SystemRandom.bytes()));
        Self {
            seed: number("MAILGRANT_SEED").unwrap_or_else(new),
            runs: number("MAILGRANT_RUNS").unwrap_or(RUNS),
        }
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "MAILGRANT_SEED={} MAILGRANT_RUNS={}",
            self.seed, self.runs
        )
    }
}

/// Chance in the numbers that the tests need.
pub(super) struct Chance(SeededRandom);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&self, end: u64) -> u64 {
        u64::from_le_bytes(self.0.bytes()) % end
    }

    /// From 0 (included) to 1 (excluded).
    pub(super) fn fraction(&self) -> f64 {
        self.0.fraction()
    }
}
