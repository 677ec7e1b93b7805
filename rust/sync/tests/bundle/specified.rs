//! A bundle by the formulas of `docs/protocol/bundle.md` alone: made of any records, and read.

use p2psync_bramble::{SecretKey, derive_key, hash, mac, open, seal};

const B: &str = "org.sahana.p2psync.bundle/";
const FRONT_BYTES: usize = 32 + 1_024;

/// A record: type and payload.
pub type Record = (u8, Vec<u8>);

/// The key of a pair, by the X25519 agreement of the two static keys.
pub fn pair_key(agreed: &[u8; 32], pairing: &[u8]) -> SecretKey {
    SecretKey::from_bytes(hash(&format!("{B}PAIR_KEY"), &[agreed, pairing]))
}

/// A bundle with one slot used, the first, and no padding, whose maker is Alice; `secret` stands in the slot, and
/// `records` in frames of at most 988 bytes.
pub fn bundle(key: &SecretKey, salt: [u8; 32], secret: &[u8], records: &[u8]) -> Vec<u8> {
    let mut bytes = [salt.as_slice(), &[0; 1_024]].concat();
    bytes.extend_from_slice(&mac(&format!("{B}ALICE_TAG"), key, &[&salt])[..16]);
    seal(&derive_key(&format!("{B}ALICE_SLOT"), key, &[&salt]), &[0; 24], secret, &mut bytes);
    bytes.resize(FRONT_BYTES + 16 * 66, 0);
    stream(secret, &salt, records, &mut bytes);
    bytes
}

/// The same bundle with other records, by who can open it.
#[allow(dead_code, reason = "for the tests of engines")]
pub fn rewrite(bundle: &[u8], secret: &[u8], records: &[u8]) -> Vec<u8> {
    let slots = 16 * 4_usize.pow(secret[1].into());
    let mut bytes = bundle[..FRONT_BYTES + slots * 66].to_vec();
    stream(secret, &bundle[..32], records, &mut bytes);
    bytes
}

fn stream(secret: &[u8], salt: &[u8], records: &[u8], bytes: &mut Vec<u8>) {
    let bundle_key = SecretKey::from_bytes(secret[2..34].try_into().unwrap());
    let header_key = derive_key(&format!("{B}STREAM"), &bundle_key, &[salt]);
    let frame_key = [7; 32];
    bytes.extend_from_slice(&[9; 24]);
    let header = [&4_u16.to_be_bytes(), 0_u64.to_be_bytes().as_slice(), &frame_key].concat();
    seal(&header_key, &[9; 24], &header, bytes);
    let frame_key = SecretKey::from_bytes(frame_key);
    let count = records.chunks(988).count() as u64;
    for (number, content) in (0_u64..).zip(records.chunks(988)) {
        let [body_nonce, header_nonce] = nonces(number);
        let is_final = u16::from(number + 1 == count) << 15;
        let length = u16::try_from(content.len()).unwrap() | is_final;
        seal(&frame_key, &header_nonce, &[length.to_be_bytes(), [0; 2]].concat(), bytes);
        seal(&frame_key, &body_nonce, content, bytes);
    }
}

pub fn record(version: u8, kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    [[version, kind].as_slice(), &length.to_be_bytes(), payload].concat()
}

/// The records of a bundle that is for who has `key` with its maker, Alice or Bob.
#[allow(dead_code, reason = "the other test that includes it makes bundles only")]
pub fn records(key: &SecretKey, maker: &str, bundle: &[u8]) -> Option<Vec<Record>> {
    let salt = &bundle[..32];
    let tag = &mac(&format!("{B}{maker}_TAG"), key, &[salt])[..16];
    let slot_key = derive_key(&format!("{B}{maker}_SLOT"), key, &[salt]);
    let slot = bundle[FRONT_BYTES..].chunks_exact(66).find(|slot| &slot[..16] == tag)?;
    let mut secret = Vec::new();
    assert!(open(&slot_key, &[0; 24], &slot[16..], &mut secret));
    Some(records_with(&secret, bundle))
}

/// What the server's place holds.
#[allow(dead_code, reason = "the other test that includes it makes bundles only")]
pub fn sealed_to_server(group: &[u8], fingerprint: &[u8], bundle: &[u8]) -> Option<Vec<u8>> {
    let key = SecretKey::from_bytes(hash(&format!("{B}SERVER_SLOT"), &[group, fingerprint, &bundle[..32]]));
    let mut plain = Vec::new();
    let is_there = open(&key, &[0; 24], &bundle[32..FRONT_BYTES], &mut plain);
    is_there.then(|| plain[2..2 + usize::from(u16::from_be_bytes([plain[0], plain[1]]))].to_vec())
}

/// The records, by what the slots say.
#[allow(dead_code, reason = "the other test that includes it makes bundles only")]
pub fn records_with(secret: &[u8], bundle: &[u8]) -> Vec<Record> {
    assert_eq!((secret[0], secret.len()), (1, 34));
    let slots = 16 * 4_usize.pow(secret[1].into());
    let bundle_key = SecretKey::from_bytes(secret[2..].try_into().unwrap());
    let header_key = derive_key(&format!("{B}STREAM"), &bundle_key, &[&bundle[..32]]);
    let mut place = FRONT_BYTES + slots * 66;
    let (mut header, mut content) = (Vec::new(), Vec::new());
    let nonce = bundle[place..place + 24].try_into().unwrap();
    assert!(open(&header_key, &nonce, &bundle[place + 24..place + 82], &mut header));
    let frame_key = SecretKey::from_bytes(header[10..].try_into().unwrap());
    place += 82;
    for number in 0.. {
        let [body_nonce, header_nonce] = nonces(number);
        let mut header = Vec::new();
        assert!(open(&frame_key, &header_nonce, &bundle[place..place + 20], &mut header));
        let field = u16::from_be_bytes([header[0], header[1]]);
        let length = usize::from(field & 0x7fff);
        let padding = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let body = place + 20..place + 36 + length + padding;
        place = body.end;
        let kept = content.len() + length;
        assert!(open(&frame_key, &body_nonce, &bundle[body], &mut content));
        content.truncate(kept);
        if field & 0x8000 != 0 {
            break;
        }
    }
    assert_eq!(place, bundle.len(), "the stream ends with the bundle");
    split(&content)
}

fn split(mut content: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let [1, kind, high, low, rest @ ..] = content {
        let (payload, more) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        records.push((*kind, payload.to_vec()));
        content = more;
    }
    assert!(content.is_empty());
    records
}

fn nonces(number: u64) -> [[u8; 24]; 2] {
    [number, number | 1 << 63].map(|number| {
        let mut nonce = [0; 24];
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        nonce
    })
}
