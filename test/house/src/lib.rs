//! Tests of the house itself: which crate may know which, how long a file may be.
