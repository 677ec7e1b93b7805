//! The media type of a file, by its name.

use std::path::Path;

/// The type that a file's ending stands for; bytes of any kind if it stands for none.
pub fn of_file(path: &Path) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let known = ENDINGS.iter().find(|(name, _)| Some(*name) == ending.as_deref());
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

const ENDINGS: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("s3json", "application/vnd.sahana.s3json"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_stand_for_types() {
        for (name, media_type) in [
            ("a.jpg", "image/jpeg"),
            ("dir.json/B.JPEG", "image/jpeg"),
            ("form.json", "application/json"),
            ("form", "application/octet-stream"),
            ("form.", "application/octet-stream"),
            (".json", "application/octet-stream"),
        ] {
            assert_eq!(of_file(Path::new(name)), media_type, "{name}");
        }
        assert!(ENDINGS.is_sorted());
    }
}
