//! The vault on PostgreSQL
