//! How long a bundle is, so that its length says little.

use p2psync_bramble::stream::{FRAME_BYTES_MAX, FRAME_OVERHEAD_BYTES};

/// The length that a bundle of `bytes` is padded to: at most 12 % more, below 4 % from 64 KiB on. Sizes are those of
/// Padmé, as those of the link's frames.
pub const fn length_class(bytes: u64) -> u64 {
    if bytes < 4 {
        return bytes;
    }
    let magnitude = bytes.ilog2();
    let mask = (1_u64 << (magnitude - magnitude.ilog2() - 1)) - 1;
    (bytes + mask) & !mask
}

/// Length of the next of the frames that fill exactly `bytes`, which are at least those of an empty one.
pub(super) fn filling_frame(bytes: u64) -> usize {
    let (shortest, longest) = (FRAME_OVERHEAD_BYTES as u64, FRAME_BYTES_MAX as u64);
    // What is left after it must have room for a frame.
    let frame = if bytes <= longest { bytes } else { longest.min(bytes - shortest) };
    usize::try_from(frame).expect("a frame is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_few_and_close() {
        for bytes in (1..70_000).chain([1 << 20, (1 << 30) + 1, (1 << 40) + 12_345]) {
            let class = length_class(bytes);
            assert!(class >= bytes && class <= bytes + bytes / 8, "{bytes} becomes {class}");
            assert_eq!(length_class(class), class);
        }
        let classes: std::collections::BTreeSet<_> = (4_096..8_192).map(length_class).collect();
        assert_eq!(classes.len(), 17);
    }

    #[test]
    fn frames_fill_every_length() {
        for bytes in 36..8_000 {
            let mut left = bytes;
            while left > 0 {
                let frame = filling_frame(left);
                assert!((36..=1_024).contains(&frame), "{bytes}, {left} left: {frame}");
                left -= frame as u64;
            }
        }
    }
}
