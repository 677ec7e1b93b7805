//! What is remembered of one message and one contact, and how it changes (BRAMBLE 6.3).

use p2psync_bramble::WallClock;

/// How a message stands between this device and one contact. A plain value for the store; [`Self::after`] is the
/// only thing that happens to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The contact has the message: it is never offered or sent again.
    pub is_seen: bool,
    /// The contact waits to be told that we have it.
    pub is_to_ack: bool,
    /// The contact asked for it.
    pub is_requested: bool,
    /// Not offered or sent again before this date, 0 at first.
    pub expiry: WallClock,
    /// How often it was offered or sent since the contact last asked for it.
    pub transmissions: u32,
    /// Greatest latency of the transport of the last transmission, in milliseconds; 0 before the first.
    pub latency_ms: u64,
}

/// What happens to a message between this device and one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The contact offered or sent it, and we hold it durably: it must be acknowledged.
    ToAck,
    /// An acknowledgement of ours is on its way.
    AckSent,
    /// The contact acknowledged it.
    Acked,
    /// The contact asked for it.
    Requested,
    /// It was offered.
    Offered {
        /// When.
        date: WallClock,
        /// Greatest latency of the transport.
        latency_ms: u64,
    },
    /// It was sent.
    Sent {
        /// When.
        date: WallClock,
        /// Greatest latency of the transport.
        latency_ms: u64,
    },
}

impl Status {
    /// Length of every encoding.
    pub const BYTES: usize = 21;

    /// The status after `change`.
    #[must_use]
    pub const fn after(self, change: Change) -> Self {
        match change {
            Change::ToAck => Self { is_seen: true, is_to_ack: true, ..self },
            Change::AckSent => Self { is_to_ack: false, ..self },
            Change::Acked => Self { is_seen: true, ..self },
            Change::Requested => Self { is_requested: true, expiry: WallClock(0), transmissions: 0, ..self },
            Change::Offered { date, latency_ms } => self.transmitted(date, latency_ms),
            Change::Sent { date, latency_ms } => {
                Self { is_requested: false, ..self.transmitted(date, latency_ms) }
            }
        }
    }

    /// Whether it may be offered or sent at `date` over a transport of `latency_ms`: the wait is over, or the
    /// transport is quicker than the last one. A wait longer than any that was ever begun shows that the clock
    /// was set back since, and counts as over.
    pub const fn is_due(&self, date: WallClock, latency_ms: u64) -> bool {
        let begun = expiry(date, self.latency_ms, self.transmissions.saturating_sub(1));
        date.0 >= self.expiry.0 || latency_ms < self.latency_ms || self.expiry.0 > begun.0
    }

    /// u8 (1 seen, 2 to acknowledge, 4 requested) ‖ u64 expiry ‖ u32 transmissions ‖ u64 latency.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let flags = u8::from(self.is_seen) | u8::from(self.is_to_ack) << 1 | u8::from(self.is_requested) << 2;
        let mut encoded = [0; Self::BYTES];
        let parts: [&[u8]; 4] = [
            &[flags],
            &self.expiry.0.to_be_bytes(),
            &self.transmissions.to_be_bytes(),
            &self.latency_ms.to_be_bytes(),
        ];
        for (place, byte) in encoded.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
        encoded
    }

    /// Reads what [`Self::encode`] writes.
    ///
    /// # Errors
    /// [`MalformedStatus`] for anything else.
    pub fn decode(encoded: &[u8]) -> Result<Self, MalformedStatus> {
        let parts = encoded.split_first().and_then(|(flags, rest)| {
            let (expiry, rest) = rest.split_first_chunk()?;
            let (transmissions, rest) = rest.split_first_chunk()?;
            Some((*flags, *expiry, *transmissions, rest.try_into().ok()?))
        });
        let (flags, expiry, transmissions, latency) = parts.ok_or(MalformedStatus)?;
        if flags > 7 {
            return Err(MalformedStatus);
        }
        Ok(Self {
            is_seen: flags & 1 != 0,
            is_to_ack: flags & 2 != 0,
            is_requested: flags & 4 != 0,
            expiry: WallClock(u64::from_be_bytes(expiry)),
            transmissions: u32::from_be_bytes(transmissions),
            latency_ms: u64::from_be_bytes(latency),
        })
    }

    const fn transmitted(self, date: WallClock, latency_ms: u64) -> Self {
        Self {
            expiry: expiry(date, latency_ms, self.transmissions),
            transmissions: self.transmissions.saturating_add(1),
            latency_ms,
            ..self
        }
    }
}

/// Until when a message that is offered or sent at `date`, after `transmissions` earlier times, is not offered or
/// sent again: date + 2 · latency · 2^transmissions, at most `i64::MAX` (BRAMBLE 6.3).
pub const fn expiry(date: WallClock, latency_ms: u64, transmissions: u32) -> WallClock {
    let round_trip_ms = latency_ms.saturating_mul(2);
    let wait_ms = match 1_u64.checked_shl(transmissions) {
        Some(factor) => round_trip_ms.saturating_mul(factor),
        None if round_trip_ms == 0 => 0,
        None => EXPIRY_MS_MAX,
    };
    let end = date.0.saturating_add(wait_ms);
    WallClock(if end > EXPIRY_MS_MAX { EXPIRY_MS_MAX } else { end })
}

/// A stored status is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not the status of a message")]
pub struct MalformedStatus;

/// The last date of Java's: Bramble's numbers are signed.
const EXPIRY_MS_MAX: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAN_MS: u64 = 30_000;
    const DAY_MS: u64 = 86_400_000;

    fn offered(times: u64) -> Status {
        (0..times).fold(Status::default(), |status, time| {
            status.after(Change::Offered { date: WallClock(time), latency_ms: LAN_MS })
        })
    }

    #[test]
    fn each_transmission_doubles_the_wait_and_a_request_ends_it() {
        for (times, wait_ms) in [(1, 60_000), (2, 120_001), (3, 240_002)] {
            let status = offered(times);
            assert!(!status.is_due(WallClock(wait_ms - 1), LAN_MS), "{times}");
            assert!(status.is_due(WallClock(wait_ms), LAN_MS), "{times}");
            assert!(status.after(Change::Requested).is_due(WallClock(1), LAN_MS));
        }
        let again = offered(3).after(Change::Requested);
        let sent = again.after(Change::Sent { date: WallClock(9), latency_ms: LAN_MS });
        assert_eq!((sent.is_requested, sent.transmissions, sent.expiry), (false, 1, WallClock(60_009)));
    }

    #[test]
    fn a_quicker_transport_does_not_wait() {
        let date = WallClock(5);
        let by_drive = Status::default().after(Change::Sent { date, latency_ms: 28 * DAY_MS });
        assert!(by_drive.is_due(date, LAN_MS));
        assert!(!by_drive.is_due(date, 28 * DAY_MS));
    }

    #[test]
    fn a_clock_that_was_years_ahead_silences_nothing() {
        let (wrong, right) = (WallClock(4_000_000 * DAY_MS), WallClock(20_000 * DAY_MS));
        for times in 1..5 {
            let status = (0..times).fold(Status::default(), |status, _| {
                status.after(Change::Offered { date: wrong, latency_ms: LAN_MS })
            });
            assert!(status.is_due(right, LAN_MS));
            assert!(!status.is_due(wrong, LAN_MS));
        }
    }

    #[test]
    fn seen_is_for_good() {
        let seen = Status::default().after(Change::Acked);
        assert!(seen.after(Change::Requested).after(Change::ToAck).after(Change::AckSent).is_seen);
        assert!(seen.after(Change::ToAck).is_to_ack && !seen.is_to_ack);
    }

    proptest! {
        #[test]
        fn what_decodes_has_one_encoding(encoded in proptest::collection::vec(any::<u8>(), 20..23), flags in 0..9_u8) {
            let encoded = [&[flags], &encoded[1..]].concat();
            match Status::decode(&encoded) {
                Ok(status) => prop_assert_eq!(status.encode().to_vec(), encoded),
                Err(MalformedStatus) => prop_assert!(encoded.len() != Status::BYTES || flags == 8),
            }
        }

        #[test]
        fn no_date_is_too_late(date: u64, latency_ms: u64, transmissions: u32) {
            let until = expiry(WallClock(date), latency_ms, transmissions);
            prop_assert!(until.0 >= date.min(EXPIRY_MS_MAX) && until.0 <= EXPIRY_MS_MAX);
        }
    }
}
