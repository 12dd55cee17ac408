//! Runs later what must not be lost: claim, retry, schedule, drain
