//! A whole jeton in one process, for tests
