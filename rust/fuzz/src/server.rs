//! The server of the vectors, whose key the targets of seal use. What comes from `test/vectors/seal` is genuine, and
//! nothing else is.

use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use p2psync_bramble::WallClock;
use p2psync_seal::{Certificate, ServerKey};

/// The clock of the vectors.
pub const NOW: WallClock = WallClock(1_796_169_600_000);

/// The key of the vectors.
pub static SERVER: LazyLock<ServerKey> = LazyLock::new(|| {
    let key = hex_fields(VECTORS, "key").next().expect("the vectors have a key");
    ServerKey::parse(&key).expect("the key of the vectors is good")
});

/// The genuine certificate to that key.
pub fn genuine() -> &'static Certificate {
    SERVER.certificate()
}

/// The texts that the server of the vectors has signed, each with its signature. Receipts come first in the file, and
/// have verdicts.
pub static SIGNED: LazyLock<Vec<(Vec<u8>, Vec<u8>)>> = LazyLock::new(|| {
    let verdicts = fields(VECTORS, "verdict").chain(core::iter::repeat("good"));
    let signed = hex_fields(VECTORS, "text").zip(hex_fields(VECTORS, "signature")).zip(verdicts);
    signed.filter(|(_, verdict)| *verdict == "good").map(|(signed, _)| signed).collect()
});

/// What somebody may give as the server's certificate: what it became in time, and what is another or none.
pub static GIVEN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| hex_fields(CERTIFICATES, "input").collect());

/// The strings under `name`, in the order of the file. The library has no JSON, and these files are our own.
fn fields(file: &'static str, name: &str) -> impl Iterator<Item = &'static str> {
    let field = format!("\"{name}\": \"");
    file.lines().filter_map(move |line| line.split_once(&field)?.1.split('"').next())
}

fn hex_fields(file: &'static str, name: &str) -> impl Iterator<Item = Vec<u8>> {
    fields(file, name).map(|digits| HEXLOWER.decode(digits.as_bytes()).expect("the vectors have hex here"))
}

const VECTORS: &str = include_str!("../../../test/vectors/seal/seal.json");
const CERTIFICATES: &str = include_str!("../../../test/vectors/seal/certificates.json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_are_found() {
        assert!(VECTORS.contains(&format!("\"now_ms\": {}", NOW.0)));
        assert_eq!((SIGNED.len(), GIVEN.len()), (4, 20));
        assert_eq!(genuine().check(NOW), Ok(()));
    }
}
