//! BTP 4 in rotation mode, as Bramble speaks it (BRAMBLE 5): version 0 of the link.
//!
//! A peer's streams are recognised by tags under keys that change with the date, so both clocks must agree within
//! a day, and a clock that was once ahead cannot be brought back. [`crate::Link`] has neither fault; this is for
//! peers that speak nothing else.

mod keys;
mod period;
mod session;
mod window;

pub use keys::{IncomingStream, OutgoingStream, PeriodKeys, RotationKeys, TooFarAhead};
pub use period::Transport;
pub use session::{BtpLink, Recognised, TagBook};
pub use window::{OutsideWindow, ReorderingWindow};
