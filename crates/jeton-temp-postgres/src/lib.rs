//! A PostgreSQL server for the length of a test
