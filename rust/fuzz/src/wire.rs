//! The way between two honest sides, and what a script does to the bytes on it.

use crate::script::Script;

/// Which of the two sides: 0 or 1.
pub type Side = usize;

/// Bytes that have left one side and not reached the other.
#[derive(Debug, Default)]
pub struct Wire {
    to: [Vec<u8>; 2],
    is_disturbed: bool,
}

impl Wire {
    /// Puts what `from` sends on its way.
    pub fn send(&mut self, from: Side, bytes: &[u8]) {
        if let Some(to) = self.to.get_mut(1 - from) {
            to.extend_from_slice(bytes);
        }
    }

    /// At most `bytes_max` of the bytes under way to `side`.
    pub fn take(&mut self, side: Side, bytes_max: usize) -> Vec<u8> {
        let Some(to) = self.to.get_mut(side) else { return Vec::new() };
        to.drain(..bytes_max.min(to.len())).collect()
    }

    /// Changes a bit, loses, repeats or adds bytes.
    pub fn disturb(&mut self, side: Side, script: &mut Script<'_>) {
        let Some(to) = self.to.get_mut(side) else { return };
        let before = to.clone();
        let place = script.number().min(to.len());
        match script.byte() % 4 {
            0 => {
                let bit = 1 << (script.byte() % 8);
                to.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= bit);
            }
            1 => to.truncate(place),
            2 => to.extend_from_within(place..),
            _ => {
                let length = script.byte().into();
                to.splice(place..place, script.bytes(length).iter().copied());
            }
        }
        self.is_disturbed |= *to != before;
    }

    /// Notes that something other than the bytes was meddled with: the clock, a person, the connection.
    pub const fn note_disturbance(&mut self) {
        self.is_disturbed = true;
    }

    /// Whether everything went as two honest sides would have it.
    pub const fn is_undisturbed(&self) -> bool {
        !self.is_disturbed
    }
}
