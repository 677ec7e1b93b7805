//! Bytes that wait until the transport has room.

/// What must be sent, in order. It holds at most what one pairing says: some kilobytes.
#[derive(Debug)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    taken: usize,
}

impl Outbox {
    /// An outbox with the first bytes to send.
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, taken: 0 }
    }

    /// Where to append.
    pub(crate) const fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Moves at most `room` bytes to `out`.
    pub(crate) fn fill(&mut self, room: usize, out: &mut Vec<u8>) {
        let unsent = self.bytes.get(self.taken..).unwrap_or_default();
        let (now, later) = unsent.split_at(room.min(unsent.len()));
        out.extend_from_slice(now);
        if later.is_empty() {
            self.clear();
        } else {
            self.taken += now.len();
        }
    }

    /// Forgets what has not been sent.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_out_in_order_and_once() {
        let mut outbox = Outbox::new(vec![1, 2, 3]);
        let mut out = Vec::new();
        outbox.fill(2, &mut out);
        outbox.end().push(4);
        outbox.fill(0, &mut out);
        assert_eq!(out, [1, 2]);
        outbox.fill(9, &mut out);
        outbox.fill(9, &mut out);
        assert_eq!(out, [1, 2, 3, 4]);
        outbox.end().push(5);
        outbox.clear();
        outbox.fill(9, &mut out);
        assert_eq!(out, [1, 2, 3, 4]);
    }
}
