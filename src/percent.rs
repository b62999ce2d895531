//! Percent-encoding (RFC 3986) as AWS uses it: every byte but the unreserved characters.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const RESERVED_IN_PATHS: AsciiSet = RESERVED.remove(b'/');

/// Encodes bytes.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    percent_encode(bytes.as_ref(), &RESERVED).to_string()
}

/// Encodes a path, whose `/` stay.
pub fn encode_path(path: &str) -> String {
    percent_encode(path.as_bytes(), &RESERVED_IN_PATHS).to_string()
}

/// Decodes a text; a `%` that two hexadecimal digits do not follow stays.
pub fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Decodes a text; what is not valid UTF-8 then becomes the replacement character.
pub fn decode_text(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unreserved_characters_stay() {
        assert_eq!(encode("{\"a\": \"é*~\"}"), "%7B%22a%22%3A%20%22%C3%A9%2A~%22%7D");
        assert_eq!(encode("a+b=c@d"), "a%2Bb%3Dc%40d");
        assert_eq!(encode_path("/x/a%3Ab"), "/x/a%253Ab");
        assert_eq!(decode_text("caf%C3%A9 100% %zz%2f"), "café 100% %zz/");
    }
}
