//! A budget for the processor time of a build, package by package.
//!
//! Processor time depends on the machine, and on what else it does. So a build is compared after scaling: packages of the same
//! version, which the kit only uses, should take the same time as in the budget, and the other ones are measured by them.

use std::{collections::BTreeMap, fmt};

/// The part by which a build may be over its budget.
pub const TOLERANCE: f64 = 0.05;

/// The version that stands for a package of the kit itself.
pub const OWN: &str = "kit";

/// The processor time of each package of a build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    packages: BTreeMap<String, Package>,
}

#[derive(Clone, Debug, PartialEq)]
struct Package {
    version: String,
    seconds: f64,
}

impl Build {
    /// Reads lines of `NAME VERSION SECONDS`, and adds up those of the same package. The version [`OWN`] marks the kit's own.
    ///
    /// # Errors
    ///
    /// The line that has another form.
    pub fn parse(text: &str) -> Result<Build, String> {
        let mut build = Build::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, version, seconds] = words[..] else { return Err(line.to_owned()) };
            let seconds: f64 = seconds.parse().map_err(|_| line.to_owned())?;
            let new = || Package { version: version.to_owned(), seconds: 0.0 };
            build.packages.entry(name.to_owned()).or_insert_with(new).seconds += seconds;
        }
        Ok(build)
    }

    /// Returns the mean of several builds of the same packages.
    #[must_use]
    pub fn mean(builds: &[Build]) -> Build {
        let mut mean = builds.first().cloned().unwrap_or_default();
        for (name, package) in &mut mean.packages {
            let all = builds.iter().filter_map(|build| build.packages.get(name));
            package.seconds = all.map(|package| package.seconds).sum::<f64>() / builds.len() as f64;
        }
        mean
    }

    /// Returns the processor time of the whole build, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.packages.values().map(|package| package.seconds).sum()
    }

    /// Returns the number of packages.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.packages.len()
    }

    /// Compares a build with this budget.
    #[must_use]
    pub fn compare(&self, build: &Build) -> Comparison {
        let shared = |(name, package): (&String, &Package)| {
            let other = build.packages.get(name)?;
            (package.version != OWN && package.version == other.version).then_some((package.seconds, other.seconds))
        };
        let (before, now) = self
            .packages
            .iter()
            .filter_map(shared)
            .fold((0.0, 0.0), |(before, now), pair| (before + pair.0, now + pair.1));
        let scale = if before > 0.0 && now > 0.0 { before / now } else { 1.0 };
        let dearer = build.packages.iter().map(|(name, package)| {
            let before = self.packages.get(name).map_or(0.0, |package| package.seconds);
            (name.clone(), before, package.seconds * scale)
        });
        let mut dearer: Vec<_> = dearer.filter(|(_, before, now)| now > before).collect();
        dearer.sort_by(|one, other| (other.2 - other.1).total_cmp(&(one.2 - one.1)));
        Comparison { budget: self.seconds(), scaled: build.seconds() * scale, dearer }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.packages
            .iter()
            .try_for_each(|(name, Package { version, seconds })| writeln!(to, "{name} {version} {seconds:.2}"))
    }
}

/// A build beside its budget. All times are in seconds, on the machine of the budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The budget.
    pub budget: f64,
    /// The build.
    pub scaled: f64,
    /// The packages that take longer than in the budget: name, budget, build. The one with the largest excess is first.
    pub dearer: Vec<(String, f64, f64)>,
}

impl Comparison {
    /// Returns whether the build is within its budget.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.scaled <= self.budget * (1.0 + TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: &str = "contracts kit 3.00\nlapin 4.12.3 3.00\ntokio 1.54.1 4.00\n";

    fn compared(build: &str) -> Comparison {
        Build::parse(BUDGET).unwrap().compare(&Build::parse(build).unwrap())
    }

    #[test]
    fn a_budget_is_read_as_it_was_written() {
        let budget = Build::parse(BUDGET).unwrap();
        assert_eq!((budget.to_string().as_str(), budget.packages(), budget.seconds()), (BUDGET, 3, 10.0));
        assert_eq!(Build::parse("tokio 1.54.1\n"), Err("tokio 1.54.1".to_owned()));
        assert_eq!(Build::parse("tokio 1.54.1 many\n"), Err("tokio 1.54.1 many".to_owned()));
    }

    #[test]
    fn the_mean_is_taken_package_by_package() {
        let builds = ["lapin 4.12.3 3.00\n", "lapin 4.12.3 4.00\n"].map(|text| Build::parse(text).unwrap());
        assert_eq!(Build::mean(&builds).to_string(), "lapin 4.12.3 3.50\n");
    }

    #[test]
    fn a_slow_machine_is_no_excess() {
        let twice = compared("contracts kit 6.00\nlapin 4.12.3 6.00\ntokio 1.54.1 8.00\n");
        assert_eq!((twice.scaled, twice.is_within()), (10.0, true));
        assert_eq!(twice.dearer, []);
    }

    #[test]
    fn the_package_with_the_largest_excess_is_named_first() {
        let over = compared("contracts kit 3.70\nlapin 4.12.3 3.00\nsyn 2.0.1 0.20\ntokio 1.54.1 4.00\n");
        assert!(!over.is_within(), "{over:?}");
        assert_eq!(over.dearer, [("contracts".to_owned(), 3.0, 3.7), ("syn".to_owned(), 0.0, 0.2)]);
        assert!(compared("contracts kit 3.40\nlapin 4.12.3 3.00\ntokio 1.54.1 4.00\n").is_within());
    }

    #[test]
    fn an_update_of_a_package_is_measured_by_the_others() {
        let update = compared("contracts kit 3.00\nlapin 4.12.3 3.00\ntokio 2.0.0 5.00\n");
        assert_eq!((update.scaled, update.is_within()), (11.0, false));
        assert_eq!(update.dearer, [("tokio".to_owned(), 4.0, 5.0)]);
    }
}
