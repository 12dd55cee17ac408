//! Decides: who gets which credential, mints it once, renews it ahead, revokes it
