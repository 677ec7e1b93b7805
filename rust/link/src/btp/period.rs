//! Time periods (BRAMBLE 5.1).

use p2psync_bramble::WallClock;

/// A Bramble transport: its name goes into the keys, its latency into the length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Bramble's identifier.
    pub id: &'static str,
    /// Longest time that a stream may be under way.
    pub latency_ms_max: u64,
}

impl Transport {
    /// Bluetooth sockets.
    pub const BLUETOOTH: Self = Self { id: "org.briarproject.bramble.bluetooth", latency_ms_max: 30_000 };
    /// TCP in one network.
    pub const LAN: Self = Self { id: "org.briarproject.bramble.lan", latency_ms_max: 30_000 };
    /// Files on a removable drive.
    pub const DRIVE: Self =
        Self { id: "org.briarproject.bramble.drive", latency_ms_max: 28 * CLOCK_DIFFERENCE_MS_MAX };
    /// Mailboxes.
    pub const MAILBOX: Self =
        Self { id: "org.briarproject.bramble.mailbox", latency_ms_max: 14 * CLOCK_DIFFERENCE_MS_MAX };

    /// How long one set of keys is current, in milliseconds.
    pub const fn period_ms(self) -> u64 {
        self.latency_ms_max + CLOCK_DIFFERENCE_MS_MAX
    }

    /// The period in which `date` falls.
    pub const fn period(self, date: WallClock) -> u64 {
        date.0 / self.period_ms()
    }
}

/// How far two devices' clocks may differ: a day.
const CLOCK_DIFFERENCE_MS_MAX: u64 = 24 * 60 * 60 * 1000;
