//! A file's bytes. Copies share their pages until one of them is written to, so a disk with a durable and a
//! current copy of everything, and snapshots of both, costs little more than one copy.

use std::fmt;
use std::sync::Arc;

const PAGE_BYTES: usize = 4096;

/// The bytes of one file at one moment.
///
/// What lies after the end within the last page is zero, so that growing shows zeros.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    pages: Vec<Arc<[u8; PAGE_BYTES]>>,
    length: usize,
}

impl Content {
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Fills `out` from `offset` on; returns how many bytes there were. The rest of `out` is unchanged.
    pub fn read(&self, offset: usize, out: &mut [u8]) -> usize {
        let wanted = out.len().min(self.length.saturating_sub(offset));
        let mut rest = out.get_mut(..wanted).unwrap_or_default();
        let mut at = offset;
        while !rest.is_empty() {
            let (page, within) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let (head, tail) = rest.split_at_mut(rest.len().min(PAGE_BYTES - within));
            if let Some(bytes) = self.pages.get(page).and_then(|page| page.get(within..within + head.len())) {
                head.copy_from_slice(bytes);
            }
            at += head.len();
            rest = tail;
        }
        wanted
    }

    /// Puts `bytes` at `offset`. A gap between the old end and `offset` becomes zeros.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.set_length(self.length.max(offset + bytes.len()));
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let (page, within) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let (head, tail) = rest.split_at(rest.len().min(PAGE_BYTES - within));
            let page = self.pages.get_mut(page).map(Arc::make_mut);
            if let Some(place) = page.and_then(|page| page.get_mut(within..within + head.len())) {
                place.copy_from_slice(head);
            }
            at += head.len();
            rest = tail;
        }
    }

    /// Cuts off the end, or adds zeros.
    pub fn set_length(&mut self, length: usize) {
        if self.pages.len() != length.div_ceil(PAGE_BYTES) {
            self.pages.resize(length.div_ceil(PAGE_BYTES), Arc::new([0; PAGE_BYTES]));
        }
        if length < self.length
            && let Some(last) = self.pages.get_mut(length / PAGE_BYTES)
        {
            Arc::make_mut(last).get_mut(length % PAGE_BYTES..).unwrap_or_default().fill(0);
        }
        self.length = length;
    }

    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.read(0, &mut bytes);
        bytes
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_like_a_vector_of_bytes() {
        let mut content = Content::default();
        let mut plain: Vec<u8> = Vec::new();
        let mut step = 12_345_usize;
        for round in 0..2_000 {
            step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (offset, length) = ((step >> 40) % 20_000, (step >> 20) % 9_000);
            if round % 3 == 0 {
                content.set_length(offset);
                plain.resize(offset, 0);
            } else {
                let bytes: Vec<u8> =
                    (0..length).map(|place| u8::try_from((place + round) % 251).unwrap()).collect();
                content.write(offset, &bytes);
                plain.resize(plain.len().max(offset + length), 0);
                plain[offset..offset + length].copy_from_slice(&bytes);
            }
            assert_eq!(content.to_vec(), plain);
            let mut part = [0xaa; 5_000];
            let read = content.read(offset / 2, &mut part);
            assert_eq!(part[..read], plain[(offset / 2).min(plain.len())..][..read]);
            assert!(part[read..].iter().all(|byte| *byte == 0xaa));
        }
    }

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut content = Content::default();
        content.write(0, &[1; 10_000]);
        let copy = content.clone();
        content.write(5_000, &[2; 100]);
        content.set_length(6_000);
        assert_eq!(copy.to_vec(), [1; 10_000]);
        assert!(Arc::ptr_eq(&copy.pages[0], &content.pages[0]));
    }
}
