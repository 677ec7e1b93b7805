//! Somebody who speaks the protocol with keys of its own, and says of itself what it likes.
#![allow(dead_code, reason = "each test uses what it needs")]

use p2psync_bramble::stream::{StreamEncoder, StreamStart, StreamWriter};
use p2psync_bramble::{Role, SecretKey};
use p2psync_pair::{Agreed, Error, Input, KeyAgreement, Offer, Paired, Payload, header_key};

use crate::cast::START;
use crate::stage::Side;

/// An impostor in front of one victim.
pub struct Impostor {
    pub victim: Side,
    agreement: KeyAgreement,
    out: Vec<u8>,
}

impl Impostor {
    /// Begins BQP with a victim that expects `offer`; `opening` goes before it.
    pub fn new(victim: Side, victims_payload: &Payload, offer: Offer, opening: Vec<u8>) -> Self {
        let role = offer.role_towards(victims_payload);
        let mut agreement = KeyAgreement::new(offer, victims_payload, role);
        let mut out = opening;
        agreement.start(&mut out, &mut Vec::new()).unwrap();
        Self { victim, agreement, out }
    }

    /// Meets a victim that compares digits.
    pub fn in_clear(mut victim: Side, offer: Offer) -> Self {
        let said = victim.pull(START);
        let victims_payload = Payload::parse(&said[4..]).unwrap();
        let payload = offer.payload().to_bytes();
        let mut opening = vec![4, 17, 0, u8::try_from(payload.len()).unwrap()];
        opening.extend_from_slice(&payload);
        Self::new(victim, &victims_payload, offer, opening)
    }

    pub fn role(&self) -> Role {
        self.agreement.role()
    }

    /// What it would say next.
    pub fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Says one thing and hears the answer.
    pub fn turn(&mut self) -> Option<Agreed> {
        let out = std::mem::take(&mut self.out);
        self.victim.handle(START, Input::Bytes(&out));
        let said = self.victim.pull(START);
        self.agreement.receive(&said, &mut self.out, &mut Vec::new()).unwrap()
    }

    /// Agrees on keys as the protocol says.
    pub fn agree(&mut self) -> Agreed {
        for _ in 0..4 {
            if let Some(agreed) = self.turn() {
                let out = std::mem::take(&mut self.out);
                self.victim.handle(START, Input::Bytes(&out));
                return agreed;
            }
        }
        panic!("no agreement: {:?}", self.victim.result)
    }

    /// After the agreement says `plain` in its contact exchange stream, in frames that are full. Returns what
    /// the victim said of itself from then on.
    pub fn say(&mut self, agreed: &Agreed, plain: &[u8], is_final: bool) -> Vec<u8> {
        if self.victim.digits.take().is_some() {
            self.victim.handle(START, Input::Verdict(self.victim.verdict));
        }
        let mut said = self.victim.pull(START);
        let stream = self.stream(agreed, plain, is_final);
        self.victim.handle(START, Input::Bytes(&stream));
        said.extend(self.victim.pull(START));
        said
    }

    pub fn result(mut self) -> Result<Box<Paired>, Error> {
        self.victim.handle(START, Input::End);
        self.victim.result.unwrap()
    }

    fn stream(&self, agreed: &Agreed, plain: &[u8], is_final: bool) -> Vec<u8> {
        let mut writer = StreamWriter::new(StreamEncoder::new(StreamStart {
            tag: None,
            header_key: header_key(self.role(), &agreed.master_key),
            stream_number: 0,
            header_nonce: [5; 24],
            frame_key: SecretKey::from_bytes([6; 32]),
        }));
        let mut stream = Vec::new();
        writer.write(plain, &mut stream);
        writer.flush(&mut stream);
        if is_final {
            writer.end(&mut stream);
        }
        stream
    }
}
