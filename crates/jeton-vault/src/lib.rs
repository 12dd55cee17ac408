//! What a database must do for jeton, and the tests that each must pass
