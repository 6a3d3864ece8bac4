//! The numbers that the clients ask for, and the answers, chosen at random so that no program can know them.

use fastrand::Rng;

use crate::serving::fibonacci;

/// The numbers of the scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The numbers that the clients are started with, in the order of [`ROLES`](super::ROLES).
    pub asks: [u64; 4],
    /// The source of the answers.
    seed: u64,
}

impl Plan {
    /// Returns the plan for this seed.
    #[must_use]
    pub fn chosen(seed: u64) -> Plan {
        let mut rng = Rng::with_seed(seed);
        let mut numbers: Vec<u64> = (3..=20).collect();
        rng.shuffle(&mut numbers);
        Plan { asks: [numbers[0], numbers[1], numbers[2], numbers[3]], seed: rng.u64(..) }
    }

    /// Returns the answers, which no program can compute: no two are equal, and none is a Fibonacci number.
    pub fn answers(&self) -> impl Iterator<Item = u64> {
        let fibonaccis: Vec<u64> = (0..40).map(fibonacci).collect();
        let mut rng = Rng::with_seed(self.seed);
        // Each is in a range of its own.
        let numbers = (1..).map(move |range: u64| range * 100_000 + rng.u64(0..100_000));
        numbers.filter(move |number| !fibonaccis.contains(number))
    }

    /// Returns an id that no client has.
    #[must_use]
    pub fn foreign_id(&self) -> String {
        format!("foreign-{:x}", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_chosen_by_the_seed_and_no_two_are_equal() {
        let plan = Plan::chosen(7);
        assert_eq!(plan, Plan::chosen(7));
        assert_ne!(plan, Plan::chosen(8));
        let answers: Vec<u64> = plan.answers().take(100).collect();
        assert_eq!(answers, plan.answers().take(100).collect::<Vec<_>>());
        let mut sorted = answers.clone();
        sorted.dedup();
        assert_eq!((sorted.len(), answers.is_sorted()), (100, true));
        let mut asks = plan.asks.to_vec();
        asks.sort_unstable();
        asks.dedup();
        assert_eq!(asks.len(), 4);
    }
}
