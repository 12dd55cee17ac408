use std::time::Duration;

/// How long to wait before try number `attempt` + 1: `first` doubled each time, up to `longest`, and of that a part
/// between one half and all, drawn from `random`, so that many who failed together do not come back together.
pub fn backoff(attempt: u32, first: Duration, longest: Duration, random: u8) -> Duration {
    let doubled = first
        .saturating_mul(1_u32.checked_shl(attempt.min(16)).unwrap_or(u32::MAX))
        .min(longest);
    let share = 0.5 + f64::from(random) / 510.0;
    doubled.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::backoff;

    #[test]
    fn grows_within_its_bounds() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        for attempt in 0..40 {
            for random in [0, 128, 255] {
                let pause = backoff(attempt, first, longest, random);
                assert!(pause <= longest && pause >= first / 2, "{attempt} {random} {pause:?}");
            }
        }
        assert_eq!(backoff(0, first, longest, 255), first);
        assert_eq!(backoff(1, first, longest, 0), first);
        assert_eq!(backoff(40, first, longest, 255), longest);
    }
}
