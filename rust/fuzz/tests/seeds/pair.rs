//! Seeds of the targets of pairing.

use p2psync_bramble::{AgreementPrivateKey, Role, SecretKey, SigningKey, WallClock};
use p2psync_pair::{
    Authenticated, CLOCK_MIN, Code, CodeSecret, ContactInfo, EXTENSION_ID, Extension, Identity, LinkOffer,
    Payload,
};

use super::{Seeds, disturbances, hex_fields};

pub fn payload() -> Seeds {
    let mut seeds = hex_fields("bqp_payload.json", "encode", "/encoded");
    seeds.extend(hex_fields("bqp_payload.json", "parse_edge", "/encoded"));
    seeds
}

/// Each payload as a Bramble code's characters, as one of our codes' content, and as our code's text.
pub fn code() -> Seeds {
    let mut seeds = Seeds::new();
    for (name, payload) in hex_fields("bqp_payload.json", "encode", "/encoded") {
        seeds.push((format!("{name}-bramble"), [&[0], payload.as_slice()].concat()));
        let content = [&[2, 1, 0x6a, 0xb1, 0x3b, 0x80], [5; 16].as_slice(), &payload].concat();
        seeds.push((format!("{name}-content"), content));
        let payload = Payload::parse(&payload).unwrap();
        let code = Code::new(payload, CodeSecret::from_bytes([5; 16]), WallClock(1_790_000_000_000)).unwrap();
        seeds.push((format!("{name}-text"), [&[1], code.to_text().as_bytes()].concat()));
    }
    for (name, payload) in hex_fields("bqp_payload.json", "parse_edge", "/encoded") {
        seeds.push((format!("{name}-content"), [&[2, 1, 0, 0, 0, 0], [5; 16].as_slice(), &payload].concat()));
    }
    seeds.push(("other-app".to_owned(), b"\x01https://example.org/".to_vec()));
    seeds
}

pub fn contact() -> Seeds {
    let mut seeds = Seeds::new();
    for side in ["alice", "bob"] {
        for (name, info) in hex_fields("contact_exchange.json", "cases", &format!("/{side}/contact_info_bdf"))
        {
            seeds.push((format!("{name}-{side}"), info));
        }
    }
    let offer = LinkOffer {
        link_versions: [1, 2].into(),
        static_key: AgreementPrivateKey::from_bytes([8; 32]).public_key(),
        advertising_key: SecretKey::from_bytes([9; 32]),
    };
    let key = SigningKey::from_seed([10; 32]);
    let identity = Identity::new(" anna ", key.verifying_key()).unwrap();
    for authenticated in [Authenticated::Code, Authenticated::Digits, Authenticated::Skipped] {
        let extension = Extension { offer: offer.clone(), authenticated };
        let properties = [(EXTENSION_ID.to_owned(), extension.to_properties())].into();
        let master_key = SecretKey::from_bytes([11; 32]);
        let info = ContactInfo::sign(identity.clone(), &key, properties, CLOCK_MIN, Role::Alice, &master_key);
        seeds.push((format!("extension-{authenticated:?}").to_lowercase(), info.unwrap().to_bytes()));
    }
    seeds
}

/// Every way without a fault, and faults in the first rounds of each.
pub fn pair() -> Seeds {
    let ways = [("digits", 0), ("both-scanned", 1), ("scanner-scanned", 2), ("one-scanned", 3)];
    let mut seeds = Seeds::new();
    for (name, way) in ways {
        seeds.push((name.to_owned(), vec![way]));
        let faults = disturbances(&[way], 5);
        // All rounds of each way would be more than it takes: each way begins with another fault.
        let chosen = faults.into_iter().skip(usize::from(way)).step_by(3);
        seeds.extend(chosen.map(|(fault, script)| (format!("{name}-{fault}"), script)));
    }
    seeds.push(("digits-rejected".to_owned(), [&[0], [0x00, 0x80].repeat(6).as_slice(), &[0x17]].concat()));
    seeds.push(("digits-skipped".to_owned(), [&[128], [0x00, 0x80].repeat(6).as_slice(), &[0x0f]].concat()));
    seeds
}
