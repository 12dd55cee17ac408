/// How long each of many answers took, in microseconds, shortest first.
#[derive(Debug)]
pub(crate) struct Spread(Vec<u32>);

impl Spread {
    /// Of at least one measurement; none would make every quantile zero, which reads as "fast".
    pub(crate) fn of(mut micros: Vec<u32>) -> anyhow::Result<Self> {
        anyhow::ensure!(!micros.is_empty(), "nothing was measured");
        micros.sort_unstable();
        Ok(Self(micros))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time within which `thousandths` of all answers came (nearest rank).
    pub(crate) fn within(&self, thousandths: usize) -> u32 {
        let rank = (self.0.len() * thousandths).div_ceil(1_000).max(1);
        self.0[rank.min(self.0.len()) - 1]
    }

    pub(crate) fn slowest(&self) -> u32 {
        self.within(1_000)
    }
}

/// The one in the middle; of an even number the mean of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, median};

    #[test]
    fn quantiles_are_measured_values() {
        let spread = Spread::of((1..=200).rev().collect()).unwrap();
        assert_eq!(
            (spread.within(500), spread.within(990), spread.slowest()),
            (100, 198, 200)
        );
        assert_eq!(Spread::of(vec![7]).unwrap().within(10), 7);
        assert!(Spread::of(Vec::new()).is_err());
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these are exact")]
    fn one_bad_run_does_not_move_the_median() {
        assert_eq!(median(vec![1.0, 0.9, 40.0]), 1.0);
        assert_eq!(median(vec![1.0, 2.0]), 1.5);
    }
}
