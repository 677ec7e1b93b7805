//! SipHash-2-4 as its paper has it (Aumasson and Bernstein, 2012, section 2).

pub fn siphash(key: [u8; 16], message: &[u8]) -> [u8; 8] {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let (k0, k1) = (word(&key[..8]), word(&key[8..]));
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut padded = message.to_vec();
    padded.resize(message.len() / 8 * 8 + 7, 0);
    padded.push(message.len().to_le_bytes()[0]);
    for block in padded.chunks_exact(8).map(word) {
        v[3] ^= block;
        round(&mut v);
        round(&mut v);
        v[0] ^= block;
    }
    v[2] ^= 0xff;
    (0..4).for_each(|_| round(&mut v));
    (v[0] ^ v[1] ^ v[2] ^ v[3]).to_le_bytes()
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[test]
fn vectors_of_the_paper() {
    // Appendix A: key 00 to 0f, message 00 to 0e.
    let key: [u8; 16] = core::array::from_fn(|place| u8::try_from(place).unwrap());
    let message: Vec<u8> = (0..15).collect();
    assert_eq!(siphash(key, &message), 0xa129_ca61_49be_45e5_u64.to_le_bytes());
}
