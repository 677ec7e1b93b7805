//! The reordering window: which stream numbers of one key are still expected (BRAMBLE 5.3).

/// Thirty-two stream numbers from a base upwards, each good once. Slides so that the number just seen is not above
/// the midpoint, and the lowest number is unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReorderingWindow {
    base: u64,
    /// Bit i stands for number base + i.
    seen: u32,
}

impl ReorderingWindow {
    /// Numbers in a window.
    pub const SIZE: u32 = 32;

    /// A window as it was stored: its base, and its bitmap with the base as the most significant bit.
    pub const fn from_stored(base: u64, bitmap: [u8; 4]) -> Self {
        Self { base, seen: u32::from_be_bytes(bitmap).reverse_bits() }
    }

    /// The lowest number expected.
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// The bitmap with the base as the most significant bit, as it is stored.
    pub const fn bitmap(&self) -> [u8; 4] {
        self.seen.reverse_bits().to_be_bytes()
    }

    /// The numbers that have not come, ascending. Those above 2^32 - 1 never will: no stream has such a number.
    pub fn unseen(&self) -> impl Iterator<Item = u64> {
        let Self { base, seen } = *self;
        (0..Self::SIZE)
            .filter(move |place| seen & (1 << place) == 0)
            .map(move |place| base.saturating_add(place.into()))
    }

    /// Notes that `number` came.
    ///
    /// # Errors
    /// [`OutsideWindow`] if it is not expected; nothing changes then.
    pub fn mark_seen(&mut self, number: u64) -> Result<(), OutsideWindow> {
        let outside = OutsideWindow { number };
        let place = number.checked_sub(self.base).ok_or(outside)?;
        let place = u32::try_from(place).map_err(|_| outside)?;
        let bit = 1_u32.checked_shl(place).ok_or(outside)?;
        if number > u32::MAX.into() || self.seen & bit != 0 {
            return Err(outside);
        }
        self.seen |= bit;
        self.slide(place.saturating_sub(MIDPOINT));
        self.slide(self.seen.trailing_ones());
        Ok(())
    }

    fn slide(&mut self, places: u32) {
        self.base = self.base.saturating_add(places.into());
        self.seen = self.seen.checked_shr(places).unwrap_or_default();
    }
}

/// The highest place in a window at which the number just seen may stay.
const MIDPOINT: u32 = ReorderingWindow::SIZE / 2 - 1;

/// A stream number that is not expected: seen already, or too far from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stream number {number} is not expected")]
pub struct OutsideWindow {
    /// The number.
    pub number: u64,
}
