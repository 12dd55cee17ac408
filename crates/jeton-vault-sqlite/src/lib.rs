//! The vault on SQLite
