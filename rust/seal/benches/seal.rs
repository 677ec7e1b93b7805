//! What sealing and believing cost, as tables: each line beside the bare cryptography that the formats ask for, and
//! beside GnuPG where it is installed. The lines of a table are measured in turn, so read the ratios, not the absolute
//! times. GnuPG is a process for each document or receipt, as a server of twenty lines would start it.
//!
//!     cargo bench -p p2psync-seal          with --quick in a tenth of the time
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark"
)]

#[path = "../tests/gnupg/mod.rs"]
mod gnupg;
#[path = "../tests/keys/mod.rs"]
mod keys;
#[path = "seal/receipts.rs"]
mod receipts;
#[path = "seal/sealing.rs"]
mod sealing;
#[path = "seal/table.rs"]
mod table;

use gnupg::{Gnupg, fixture};
use keys::{NOW, builder, clock, encryption, server_key};
use p2psync_seal::{Certificate, ServerKey};
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::SerializeInto as _;

fn main() {
    let effort = table::Effort::of_arguments(std::env::args());
    let servers = Servers::new();
    for content_bytes in [2_048, 3_000_000] {
        sealing::sealing(&servers, content_bytes, effort);
        sealing::opening(&servers, content_bytes, effort);
    }
    receipts::verifying(&servers, effort);
    receipts::signing(&servers, effort);
}

/// A server for each kind of key that a deployment may have.
struct Servers {
    curve25519: ServerKey,
    version_6: ServerKey,
    /// Its secrets are GnuPG's alone: RSA is not opened here.
    rsa3072: Cert,
    gnupg: Option<Gnupg>,
}

impl Servers {
    fn new() -> Self {
        let curve25519 = server_key();
        let version_6 = builder().set_profile(sequoia_openpgp::Profile::RFC9580).unwrap();
        let version_6 = version_6.add_signing_subkey().add_subkey(encryption(), None, None);
        let version_6 = version_6.generate().unwrap().0.as_tsk().to_vec().unwrap();
        let rsa3072 = fixture("gnupg-rsa3072.asc");
        let gnupg = Gnupg::new();
        if let Some(gnupg) = &gnupg {
            gnupg.import(&curve25519.to_bytes().unwrap());
            gnupg.import(&rsa3072);
        }
        let rsa3072 = Cert::from_bytes(&rsa3072).unwrap();
        Self { curve25519, version_6: ServerKey::parse(&version_6).unwrap(), rsa3072, gnupg }
    }

    fn rsa3072_certificate(&self) -> Certificate {
        Certificate::parse(&keys::public_bytes(&self.rsa3072), clock(NOW)).unwrap()
    }
}
