//! Who this device is: the key that it signs documents with, made once, and a name for people.

use p2psync_bramble::SigningKey;
use p2psync_bramble::bdf::{self, Value};
use p2psync_model::{PEER_NAME_BYTES_MAX, PeerId};
use p2psync_store::Store;
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::Error;

/// Longest name of a device, in bytes of UTF-8.
pub const DEVICE_NAME_BYTES_MAX: usize = PEER_NAME_BYTES_MAX;

/// How many names can be generated.
pub const NAMES_COUNT: usize = COLOURS.len() * ANIMALS.len();

/// The device's identity. The key is sealed in the store, and wiped on drop.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) key: SigningKey,
}

impl Identity {
    /// The identity that the store holds, or a new one that it holds from now on.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for a name that is empty or too long; those of the store.
    pub(crate) fn of(
        store: &mut Store,
        name: Option<&str>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Self, Error> {
        if name.is_some_and(|name| !(1..=DEVICE_NAME_BYTES_MAX).contains(&name.len())) {
            return Err(Error::OutOfBounds("the device's name"));
        }
        let held = store.setting(SETTING)?.map(Zeroizing::new);
        let held = held.map(|encoded| Self::decode(&encoded).ok_or(Error::Damaged("the device's identity")));
        let (mut identity, is_new) = match held {
            Some(held) => (held?, false),
            None => (Self { name: generated_name(random), key: SigningKey::random(random) }, true),
        };
        let renamed = name.filter(|name| *name != identity.name);
        if let Some(name) = renamed {
            name.clone_into(&mut identity.name);
        }
        if is_new || renamed.is_some() {
            let encoded = identity.encode();
            store.batch(|batch| batch.set(SETTING, Some(&encoded), random))?;
        }
        Ok(identity)
    }

    pub(crate) fn id(&self) -> PeerId {
        PeerId::of_key(&self.key.verifying_key())
    }

    /// A BDF list: name, seed.
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut encoded = Zeroizing::new(Vec::new());
        let items = vec![Value::String(self.name.clone()), Value::Raw(self.key.as_seed().to_vec())];
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    fn decode(encoded: &[u8]) -> Option<Self> {
        let value = bdf::parse(encoded).ok()?;
        let [name, seed] = value.as_list()? else { return None };
        let name = name.as_str().filter(|name| (1..=DEVICE_NAME_BYTES_MAX).contains(&name.len()))?;
        Some(Self { name: name.to_owned(), key: SigningKey::from_seed(seed.as_raw()?.try_into().ok()?) })
    }
}

/// On disk: never changes.
const SETTING: &str = "identity";

/// A name that says nothing about its owner, and that people can call across a yard.
fn generated_name(random: &mut dyn CryptoRngCore) -> String {
    let mut number = || usize::try_from(random.next_u32()).unwrap_or(0);
    name_of_numbers(number(), number())
}

/// The name that two numbers stand for, whatever they are.
pub(crate) fn name_of_numbers(colour: usize, animal: usize) -> String {
    let pick = |words: &[&'static str], number: usize| {
        words.get(number % words.len()).copied().expect("a remainder is below the length")
    };
    format!("{} {}", pick(&COLOURS, colour), pick(&ANIMALS, animal))
}

const COLOURS: [&str; 32] = [
    "Amber", "Ash", "Azure", "Bright", "Bronze", "Calm", "Clear", "Copper", "Coral", "Crimson", "Early",
    "Ember", "Golden", "Green", "Grey", "Indigo", "Ivory", "Jade", "Lilac", "Lucky", "Misty", "Ochre",
    "Olive", "Pearl", "Quick", "Quiet", "Ruby", "Sandy", "Silver", "Sunny", "Teal", "Violet",
];

const ANIMALS: [&str; 64] = [
    "Antelope", "Badger", "Bear", "Beaver", "Bison", "Camel", "Crane", "Cricket", "Deer", "Dolphin", "Duck",
    "Eagle", "Egret", "Falcon", "Ferret", "Finch", "Fox", "Gazelle", "Gecko", "Goose", "Hare", "Hawk",
    "Heron", "Hippo", "Horse", "Ibex", "Ibis", "Iguana", "Jackal", "Jay", "Kestrel", "Koala", "Lark",
    "Lemur", "Linnet", "Lion", "Llama", "Lynx", "Magpie", "Marten", "Mole", "Newt", "Ocelot", "Oriole",
    "Osprey", "Otter", "Owl", "Panda", "Pelican", "Plover", "Puffin", "Quail", "Rabbit", "Raven", "Robin",
    "Seal", "Sparrow", "Stork", "Swift", "Tapir", "Tern", "Turtle", "Walrus", "Wren",
];

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn generated_names_are_two_words_within_bounds() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let names: std::collections::BTreeSet<_> = (0..500).map(|_| generated_name(&mut random)).collect();
        assert!(names.len() > 300, "{}", names.len());
        assert!(names.iter().all(|name| name.split(' ').count() == 2 && name.len() <= DEVICE_NAME_BYTES_MAX));
        for words in [&COLOURS[..], &ANIMALS] {
            assert!(words.is_sorted_by(|one, next| one < next), "{words:?}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let identity = Identity { name: "Ruby Fox".into(), key: SigningKey::from_seed([3; 32]) };
        let encoded = identity.encode();
        let decoded = Identity::decode(&encoded).unwrap();
        assert_eq!((decoded.name.as_str(), decoded.id()), ("Ruby Fox", identity.id()));
        assert!((0..encoded.len()).all(|length| Identity::decode(&encoded[..length]).is_none()));
    }
}
