//! Pictures of codes. Error correction level M: a scratched screen or a smudged print is still read.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode, Version};

use crate::{Code, Payload};

/// A QR code, as modules and as a picture.
#[derive(Clone)]
pub struct QrPicture(QrCode);

impl QrPicture {
    /// The picture of one of our codes. Its text is upper case, so the symbol is in alphanumeric mode and
    /// small enough for old cameras: version 5 to 7 with one Bluetooth and one or two IPv4 addresses.
    pub fn of_code(code: &Code) -> Self {
        let symbol = QrCode::with_error_correction_level(code.to_text(), EcLevel::M);
        Self(symbol.expect("a code's payload is bounded far below what a symbol holds"))
    }

    /// The picture of a bare payload, as Bramble devices show and scan it: the bytes as ISO-8859-1.
    ///
    /// # Errors
    /// [`PayloadTooLong`] if no symbol holds it at this level of error correction.
    pub fn of_bramble_payload(payload: &Payload) -> Result<Self, PayloadTooLong> {
        QrCode::with_error_correction_level(payload.to_bytes(), EcLevel::M)
            .map(Self)
            .map_err(|_| PayloadTooLong)
    }

    /// The symbol's version, 1 to 40: how fine its modules are.
    pub fn version(&self) -> i16 {
        match self.0.version() {
            Version::Normal(version) | Version::Micro(version) => version,
        }
    }

    /// Modules on each side of the square, without the quiet zone.
    pub fn width(&self) -> usize {
        self.0.width()
    }

    /// Rows from top to bottom, modules from left to right, true is dark. A reader needs a light quiet zone
    /// of four modules around them.
    pub fn modules(&self) -> Vec<Vec<bool>> {
        let colours = self.0.to_colors();
        colours
            .chunks(self.width())
            .map(|row| row.iter().map(|colour| *colour == qrcode::Color::Dark).collect())
            .collect()
    }

    /// The picture as SVG, black on white whatever the page's colours are, with its quiet zone.
    pub fn to_svg(&self) -> String {
        self.0
            .render::<svg::Color<'_>>()
            .quiet_zone(true)
            .module_dimensions(SVG_UNITS_PER_MODULE, SVG_UNITS_PER_MODULE)
            .dark_color(svg::Color("#000000"))
            .light_color(svg::Color("#ffffff"))
            .build()
    }
}

/// The payload does not fit in a QR code: the caller named too many addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload does not fit in a QR code")]
pub struct PayloadTooLong;

const SVG_UNITS_PER_MODULE: u32 = 8;

#[cfg(test)]
mod tests {
    use p2psync_bramble::WallClock;

    use super::*;
    use crate::{CodeSecret, Commitment, Descriptor};

    fn payload(lans: u8) -> Payload {
        let mut descriptors = vec![Descriptor::bluetooth(Some([0xb6, 0xc4, 0x38, 0x2d, 0x17, 0xd9]))];
        descriptors
            .extend((0..lans).map(|i| Descriptor::lan(format!("192.168.43.{i}:61234").parse().unwrap())));
        Payload { commitment: Commitment::from_bytes([0xd8; 16]), descriptors }
    }

    fn code(lans: u8) -> Code {
        let expires = WallClock(1_790_000_000_000);
        Code::new(payload(lans), CodeSecret::from_bytes([0xa5; 16]), expires).unwrap()
    }

    #[test]
    fn old_cameras_can_read_it() {
        for (lans, chars, version) in [(1, 125, 6), (2, 149, 6)] {
            assert_eq!(code(lans).to_text().len(), chars);
            assert_eq!(QrPicture::of_code(&code(lans)).version(), version);
        }
        let without_wifi = QrPicture::of_code(&code(0));
        assert_eq!((without_wifi.version(), without_wifi.width()), (5, 37));
    }

    #[test]
    fn the_picture_has_its_quiet_zone_and_colours() {
        let picture = QrPicture::of_code(&code(1));
        let side = (picture.width() + 8) * 8;
        let svg = picture.to_svg();
        assert!(svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
        assert!(svg.contains("#000000") && svg.contains("#ffffff"));
        assert!(svg.ends_with("</svg>"));
    }

    #[test]
    fn the_modules_are_a_qr_code() {
        let modules = QrPicture::of_code(&code(1)).modules();
        assert_eq!(modules.len(), 41);
        assert!(modules.iter().all(|row| row.len() == 41));
        let finder = [true, true, true, true, true, true, true, false];
        assert_eq!(modules[0][..8], finder);
        assert_eq!(modules[40][..8], finder);
        assert_eq!([modules[1][1], modules[2][2]], [false, true]);
    }

    #[test]
    fn a_bare_payload_has_a_picture_too() {
        let payload = payload(1);
        assert!(QrPicture::of_bramble_payload(&payload).unwrap().version() <= 4);
        let lan = || Descriptor::lan("10.0.0.1:1".parse().unwrap());
        let large = Payload { descriptors: (0..300).map(|_| lan()).collect(), ..payload };
        assert!(matches!(QrPicture::of_bramble_payload(&large), Err(PayloadTooLong)));
    }
}
