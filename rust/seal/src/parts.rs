//! A packet whose length is not known in front, written in parts (RFC 9580, section 4.2.1.4). The library's own writer
//! holds 4 MiB for each such packet, too much for a phone that seals a photograph.

use std::io::{self, Write};

/// Length of every part but the last: 2 to the power of [`PART_POWER`].
pub(crate) const PART_BYTES: usize = 1 << PART_POWER;

const PART_POWER: u8 = 18;

/// Writes one packet of unknown length to `inner`.
pub(crate) struct PartsWriter<W> {
    inner: W,
    held: Vec<u8>,
}

impl<W: Write> PartsWriter<W> {
    /// Begins a packet of kind `tag`.
    pub fn begin(mut inner: W, tag: u8) -> io::Result<Self> {
        inner.write_all(&[0xc0 | tag])?;
        Ok(Self { inner, held: Vec::new() })
    }

    /// Writes what is held as the last part, and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        let length = u32::try_from(self.held.len()).expect("at most PART_BYTES are held");
        match length {
            0..192 => {
                let [.., short] = length.to_be_bytes();
                self.inner.write_all(&[short])?;
            }
            192..8_384 => {
                let [.., high, low] = (length - 192 + (192 << 8)).to_be_bytes();
                self.inner.write_all(&[high, low])?;
            }
            _ => {
                self.inner.write_all(&[255])?;
                self.inner.write_all(&length.to_be_bytes())?;
            }
        }
        self.inner.write_all(&self.held)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for PartsWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full part is written only when more follows: the last one must have its length in another form.
        if self.held.len() == PART_BYTES && !bytes.is_empty() {
            self.inner.write_all(&[0xe0 | PART_POWER])?;
            self.inner.write_all(&self.held)?;
            self.held.clear();
        }
        let room = PART_BYTES - self.held.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.held.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_has_the_shortest_length_and_others_are_full() {
        for (length, parts, last) in [
            (0, 0, &[0][..]),
            (191, 0, &[191]),
            (192, 0, &[192, 0]),
            (8_383, 0, &[223, 255]),
            (8_384, 0, &[255, 0, 0, 0x20, 0xc0]),
            (PART_BYTES, 0, &[255, 0, 4, 0, 0]),
            (PART_BYTES + 1, 1, &[1]),
            (3 * PART_BYTES, 2, &[255, 0, 4, 0, 0]),
        ] {
            let mut writer = PartsWriter::begin(Vec::new(), 11).unwrap();
            for piece in vec![b'x'; length].chunks(100_000) {
                writer.write_all(piece).unwrap();
            }
            let part = [vec![0xf2], vec![b'x'; PART_BYTES]].concat();
            let rest = vec![b'x'; length - parts * PART_BYTES];
            let expected = [&[0xcb][..], &part.repeat(parts), last, &rest].concat();
            assert!(writer.finish().unwrap() == expected, "{length}");
        }
    }
}
