//! One fuzz target for each decoder, and the corpus that every test run replays.
