//! How often this device lets itself be compared: three comparisons in ten minutes may come to nothing, whatever
//! restarts meanwhile.
//!
//! Who stands between two devices hits six digits once in a million, and could try as often as people let it.

use p2psync_bramble::Millis;
use p2psync_store::Store;
use rand_core::CryptoRngCore;

use crate::Error;

/// Comparisons that may be out.
pub(super) const COMPARISONS_MAX: u8 = 3;

/// They are forgotten so long after the last one.
const FORGOTTEN_AFTER_MS: u64 = 10 * 60 * 1000;

/// Comparisons that our person has not accepted.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    out: u8,
    /// Unknown after a restart: then the time begins anew with the next attempt.
    forgotten_at: Option<Millis>,
}

impl Comparisons {
    /// As the store holds them.
    pub(super) fn of(store: &Store) -> Result<Self, Error> {
        let out = match store.setting(SETTING)?.as_deref() {
            None => 0,
            Some(&[out]) => out,
            Some(_) => return Err(Error::Damaged("the count of comparisons")),
        };
        Ok(Self { out, forgotten_at: None })
    }

    /// Takes one, on disk when this returns: before anything of ours goes out.
    pub(super) fn take(
        &mut self,
        now: Millis,
        store: &mut Store,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        let forgotten_at = *self.forgotten_at.get_or_insert(now.plus(FORGOTTEN_AFTER_MS));
        let out = if now >= forgotten_at { 0 } else { self.out };
        if out >= COMPARISONS_MAX {
            return Err(Error::TooManyComparisons);
        }
        self.write(out + 1, store, random)?;
        self.forgotten_at = Some(now.plus(FORGOTTEN_AFTER_MS));
        Ok(())
    }

    /// Gives one back that our person accepted.
    pub(super) fn give_back(
        &mut self,
        store: &mut Store,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.write(self.out.saturating_sub(1), store, random)
    }

    fn write(&mut self, out: u8, store: &mut Store, random: &mut dyn CryptoRngCore) -> Result<(), Error> {
        store.batch(|batch| batch.set(SETTING, Some(&[out]), random))?;
        self.out = out;
        Ok(())
    }
}

/// On disk: never changes.
const SETTING: &str = "comparisons";
