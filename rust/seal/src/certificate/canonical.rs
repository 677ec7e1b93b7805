//! One form for each certificate. What its owner did not sign has no place in it, so that nobody on the way can
//! make a certificate grow until a revocation no longer fits.

use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketTag, SubpacketValue};
use sequoia_openpgp::packet::{Key, Packet, Signature, key};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::{Marshal as _, MarshalInto as _};
use sequoia_openpgp::types::SignatureType;

use p2psync_model::CERTIFICATE_BYTES_MAX;

use crate::Date;

type Primary = Key<key::PublicParts, key::PrimaryRole>;
type Subkey = Key<key::PublicParts, key::SubordinateRole>;

/// The canonical certificate and its bytes. `None` if nothing in it confirms the key, or it is over
/// [`CERTIFICATE_BYTES_MAX`].
pub(super) fn of(cert: &Cert) -> Option<(Cert, Vec<u8>)> {
    let bytes = bytes_of(cert).filter(|bytes| bytes.len() <= CERTIFICATE_BYTES_MAX)?;
    Some((Cert::from_bytes(&bytes).ok()?, bytes))
}

/// When the owner last signed anything in the certificate, by the signature's own word.
pub(super) fn newest_signature(cert: &Cert) -> Date {
    let primary = cert.primary_key();
    let keys = cert
        .keys()
        .subkeys()
        .flat_map(|key| key.self_signatures().chain(key.self_revocations()).collect::<Vec<_>>());
    let ids =
        cert.userids().flat_map(|id| id.self_signatures().chain(id.self_revocations()).collect::<Vec<_>>());
    let own = primary.self_signatures().chain(primary.self_revocations());
    let dates = own.chain(keys).chain(ids).filter_map(|signature| signature.signature_creation_time());
    dates.map(Date::from).max().unwrap_or_default()
}

fn bytes_of(cert: &Cert) -> Option<Vec<u8>> {
    let primary = cert.primary_key().key();
    let mut parts = Parts { bytes: Vec::new(), signatures: 0 };
    let own = cert.primary_key();
    let signatures = own.self_signatures().chain(own.self_revocations());
    parts.add(&Packet::from(primary.clone()), signatures.map(|signature| tidy(signature, primary, None)))?;

    let mut ids: Vec<_> = cert.userids().collect();
    ids.sort_by(|one, other| one.userid().value().cmp(other.userid().value()));
    for id in ids {
        let signatures = id.self_signatures().chain(id.self_revocations());
        parts.add_signed(
            &id.userid().clone().into(),
            signatures.map(|signature| tidy(signature, primary, None)),
        )?;
    }

    let mut subkeys: Vec<_> = cert.keys().subkeys().collect();
    subkeys.sort_by_key(|key| key.key().fingerprint());
    for subkey in subkeys {
        let signatures = subkey.self_signatures().chain(subkey.self_revocations());
        let signatures = signatures.map(|signature| tidy(signature, primary, Some(subkey.key())));
        parts.add_signed(&subkey.key().clone().into(), signatures)?;
    }
    (parts.signatures > 0).then_some(parts.bytes)
}

struct Parts {
    bytes: Vec<u8>,
    signatures: usize,
}

impl Parts {
    /// Adds a component with its signatures, sorted.
    fn add(&mut self, component: &Packet, signatures: impl Iterator<Item = Option<Signature>>) -> Option<()> {
        component.serialize(&mut self.bytes).ok()?;
        let mut serialised = Vec::new();
        for signature in signatures.flatten() {
            serialised.push(Packet::from(signature).to_vec().ok()?);
        }
        serialised.sort_unstable();
        serialised.dedup();
        self.signatures += serialised.len();
        self.bytes.extend(serialised.concat());
        Some(())
    }

    /// The same, if it has signatures at all.
    fn add_signed(
        &mut self,
        component: &Packet,
        signatures: impl Iterator<Item = Option<Signature>>,
    ) -> Option<()> {
        let signatures: Vec<_> = signatures.collect();
        if signatures.is_empty() { Some(()) } else { self.add(component, signatures.into_iter()) }
    }
}

/// A signature without what its maker did not sign. Of the unhashed area only the subkey's own signature stays,
/// which GnuPG puts there, and who signed if nothing else says so.
fn tidy(signature: &Signature, primary: &Primary, subkey: Option<&Subkey>) -> Option<Signature> {
    let mut tidied = signature.clone();
    tidied.unhashed_area_mut().clear();
    name_issuer(&mut tidied, &primary.keyid())?;
    let hashed_has_one = tidied.embedded_signatures().next().is_some();
    if let Some(subkey) = subkey
        && signature.typ() == SignatureType::SubkeyBinding
        && !hashed_has_one
    {
        let verified = signature
            .embedded_signatures()
            .find(|embedded| (*embedded).clone().verify_primary_key_binding(primary, subkey).is_ok());
        if let Some(embedded) = verified {
            let mut embedded = embedded.clone();
            embedded.unhashed_area_mut().clear();
            name_issuer(&mut embedded, &subkey.keyid())?;
            add(&mut tidied, SubpacketValue::EmbeddedSignature(embedded))?;
        }
    }
    Some(tidied)
}

fn name_issuer(signature: &mut Signature, issuer: &sequoia_openpgp::KeyID) -> Option<()> {
    let hashed = signature.hashed_area();
    let named = [SubpacketTag::Issuer, SubpacketTag::IssuerFingerprint];
    if signature.version() != 4 || named.iter().any(|tag| hashed.subpacket(*tag).is_some()) {
        return Some(());
    }
    add(signature, SubpacketValue::Issuer(issuer.clone()))
}

fn add(signature: &mut Signature, value: SubpacketValue) -> Option<()> {
    signature.unhashed_area_mut().add(Subpacket::new(value, false).ok()?).ok()
}
