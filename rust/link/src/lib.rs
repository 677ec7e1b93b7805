//! Any byte stream to an authenticated, encrypted one.
