//! The words of jeton: types that refuse wrong states, and nothing that does I/O
