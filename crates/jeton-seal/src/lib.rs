//! Locks secrets: turns Secret into Sealed and back
