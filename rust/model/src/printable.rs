//! Text that people are shown: no character in it can break a line, hide, or turn the text around.

/// Whether `text` has 1 to `bytes_max` bytes, does not begin or end with a blank, and has no control character, no
/// line or paragraph separator and no direction override.
pub(crate) fn is_printable(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && text.trim() == text && !text.chars().any(is_unprintable)
}

fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether `text` can stand where a media type is due: 1 to 255 printable ASCII characters with a slash between.
pub(crate) fn is_content_type(text: &str) -> bool {
    is_printable(text, CONTENT_TYPE_BYTES_MAX)
        && text.is_ascii()
        && text.split_once('/').is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty())
}

/// Whether `text` is the name of a file and of nothing else: no path.
pub(crate) fn is_file_name(text: &str) -> bool {
    is_printable(text, FILE_NAME_BYTES_MAX) && !text.contains(['/', '\\']) && text != "." && text != ".."
}

/// Longest content type.
pub const CONTENT_TYPE_BYTES_MAX: usize = 255;

/// Longest file name, in UTF-8.
pub const FILE_NAME_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_shown_is_printable() {
        for text in ["a", "two words", "ünï", "\u{1f600}", "-"] {
            assert!(is_printable(text, 20), "{text:?}");
        }
        for text in
            ["", " a", "a ", "a\nb", "a\u{0}", "a\u{85}b", "a\u{2028}b", "a\u{202e}b", "a\u{2066}", "\u{7f}"]
        {
            assert!(!is_printable(text, 20), "{text:?}");
        }
        assert!(is_printable("éé", 4) && !is_printable("éé", 3));
    }

    #[test]
    fn types_and_names() {
        for text in ["text/plain", "application/vnd.sahana.s3json", "text/plain; charset=utf-8"] {
            assert!(is_content_type(text));
        }
        for text in ["", "text", "/", "text/", "/plain", "téxt/plain", "text/plain\n"] {
            assert!(!is_content_type(text), "{text:?}");
        }
        assert!(is_file_name("a b.jpg") && is_file_name("..."));
        for text in ["", ".", "..", "a/b", "a\\b", "\u{0}", &"x".repeat(256)] {
            assert!(!is_file_name(text), "{text:?}");
        }
    }
}
