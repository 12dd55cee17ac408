//! The forges as real HTTP servers with state, clock and faults
