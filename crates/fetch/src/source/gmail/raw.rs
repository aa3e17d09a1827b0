//! A message's bytes out of the JSON that they come in, as it comes: `messages.get` has them as
//! `raw`, in base64url. Gmail takes in messages of some 50 MB, and none has to fit into memory.

use serde::Deserialize;

/// All around the bytes is a few labels; more is not kept.
const LONGEST_REST: usize = 1024 * 1024;
/// A message's bytes are its value.
const KEY: &[u8] = b"raw";

/// Reads the answer's JSON in parts of any size.
#[derive(Debug, Default)]
pub(super) struct RawMessage {
    /// Everything but what stands between the quotes of `raw`.
    rest: Vec<u8>,
    state: State,
    /// How many objects and lists are open.
    depth: usize,
    /// The latest string at the top, while it may be a key.
    key: Vec<u8>,
    /// The colon behind `raw` was the last that came.
    is_next: bool,
    has_begun: bool,
    /// Bits that do not make a byte yet, and how many.
    bits: u32,
    count: u32,
    padded: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    /// In a string; behind a backslash.
    Text { escaped: bool },
    /// In the bytes.
    Bytes,
    /// In the bytes behind a backslash: its letter, then four digits.
    Escape { digits: u32, value: u32 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Around {
    label_ids: Option<Vec<String>>,
    raw: Option<String>,
}

const NO_JSON: &str = "a message comes in something else than the JSON that was asked for";
const NO_BASE64: &str = "a message's bytes are not in base64url";

impl RawMessage {
    /// Whether the bytes have begun.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The message's labels, where they came before its bytes.
    pub(super) fn labels(&self) -> Option<Vec<String>> {
        let mut so_far = self.rest.clone();
        if self.state != State::Between {
            so_far.push(b'"');
        }
        if !so_far.trim_ascii_end().ends_with(b"}") {
            so_far.push(b'}');
        }
        let around: Around = serde_json::from_slice(&so_far).ok()?;
        around.label_ids
    }

    /// Takes in a part of the answer; the message's bytes that are in it go to `out`.
    pub(super) fn read(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        for byte in part {
            match self.state {
                State::Between => self.between(*byte),
                State::Text { escaped } => self.text(*byte, escaped),
                State::Bytes => self.bytes(*byte, out)?,
                State::Escape { digits, value } => self.escape(*byte, digits, value, out)?,
            }
            if self.rest.len() > LONGEST_REST {
                return Err(NO_JSON);
            }
        }
        Ok(())
    }

    /// The answer is at its end: whether it was whole.
    pub(super) fn finish(&self) -> Result<(), &'static str> {
        let around: Around = serde_json::from_slice(&self.rest).map_err(|_| NO_JSON)?;
        around.raw.map(drop).ok_or(NO_JSON)
    }

    fn between(&mut self, byte: u8) {
        self.rest.push(byte);
        match byte {
            b'"' if self.is_next => {
                self.has_begun = true;
                self.state = State::Bytes;
            }
            b'"' => {
                self.key.clear();
                self.state = State::Text { escaped: false };
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.is_next = byte == b':' && self.depth == 1 && self.key == KEY && !self.has_begun;
        }
    }

    fn text(&mut self, byte: u8, escaped: bool) {
        self.rest.push(byte);
        if byte == b'"' && !escaped {
            self.state = State::Between;
            return;
        }
        let escaped = byte == b'\\' && !escaped;
        self.state = State::Text { escaped };
        // Longer than the key: another one.
        if self.key.len() <= KEY.len() {
            self.key.push(byte);
        }
    }

    fn bytes(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        match byte {
            b'"' => {
                self.rest.push(byte);
                self.state = State::Between;
                self.key.clear();
                // One sextet alone is no byte.
                return if self.count == 6 {
                    Err(NO_BASE64)
                } else {
                    Ok(())
                };
            }
            b'\\' => {
                self.state = State::Escape {
                    digits: 0,
                    value: 0,
                };
                return Ok(());
            }
            b'=' => {
                self.padded = true;
                return Ok(());
            }
            _ if self.padded => return Err(NO_BASE64),
            _ => {}
        }
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return Err(NO_BASE64),
        };
        self.bits = self.bits << 6 | u32::from(sextet);
        self.count += 6;
        if self.count >= 8 {
            self.count -= 8;
            let whole = (self.bits >> self.count).to_be_bytes()[3];
            out.push(whole);
            self.bits &= (1 << self.count) - 1;
        }
        Ok(())
    }

    /// Google writes `=` as `\u003d`.
    fn escape(
        &mut self,
        byte: u8,
        digits: u32,
        value: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let written = match (digits, byte) {
            (0, b'u') => {
                self.state = State::Escape { digits: 1, value };
                return Ok(());
            }
            (0, other) => other,
            (_, digit) => {
                let digit = char::from(digit).to_digit(16).ok_or(NO_BASE64)?;
                let value = value << 4 | digit;
                if digits < 4 {
                    let digits = digits + 1;
                    self.state = State::Escape { digits, value };
                    return Ok(());
                }
                u8::try_from(value).map_err(|_| NO_BASE64)?
            }
        };
        if matches!(written, b'"' | b'\\') {
            return Err(NO_BASE64);
        }
        self.state = State::Bytes;
        self.bytes(written, out)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    fn whole(json: &[u8], part: usize) -> Result<Vec<u8>, &'static str> {
        let (mut message, mut out) = (RawMessage::default(), Vec::new());
        for part in json.chunks(part.max(1)) {
            message.read(part, &mut out)?;
        }
        message.finish()?;
        Ok(out)
    }

    proptest::proptest! {
        #[test]
        fn any_message_comes_out_of_its_json_in_parts_of_any_size(
            bytes: Vec<u8>, part in 1_usize..64, padded: bool, snippet: String,
        ) {
            let raw = if padded {
                URL_SAFE.encode(&bytes).replace('=', "\\u003d")
            } else {
                URL_SAFE_NO_PAD.encode(&bytes)
            };
            let snippet = serde_json::Value::from(snippet);
            let json = format!(
                "{{ \"raws\": [{{\"raw\": \"x\"}}], \"snippet\": {snippet},\n \"labelIds\" : \
                 [\"INBOX\"], \"raw\" :\t\"{raw}\", \"historyId\": \"7\" }}\n"
            );
            proptest::prop_assert_eq!(whole(json.as_bytes(), part), Ok(bytes));
        }

        #[test]
        fn garbage_is_an_error_or_a_message_and_never_more(
            bytes: Vec<u8>, text: String, part in 1_usize..64,
        ) {
            let _ = whole(&bytes, part);
            let _ = whole(format!("{{\"raw\":\"{text}\"}}").as_bytes(), part);
        }
    }

    #[test]
    fn what_is_not_whole_is_told() {
        let json = br#"{"labelIds":["INBOX","UNREAD"],"raw":"SGVsbG8","historyId":"1"}"#;
        assert_eq!(whole(json, 5).unwrap(), b"Hello");
        for end in 0..json.len() {
            assert!(whole(&json[..end], 7).is_err(), "{end}");
        }
        for wrong in [
            r#"{"labelIds":[]}"#,
            r#"{"raw":"SGVsbG8=x"}"#,
            r#"{"raw":"SGVsb G8"}"#,
            r#"{"raw":"S"}"#,
            r#"{"raw":"SGV\u0022"}"#,
            r#"{"raw":7}"#,
            r#"{"a":{"raw":"SGVsbG8"}}"#,
        ] {
            assert!(whole(wrong.as_bytes(), 3).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_labels_are_known_when_the_bytes_begin_if_they_came_first() {
        let labels = |json: &[u8]| {
            let (mut message, mut out) = (RawMessage::default(), Vec::new());
            let mut parts = json.chunks(1);
            while !message.has_begun() {
                message.read(parts.next().unwrap(), &mut out).unwrap();
            }
            message.labels()
        };
        let first = br#"{"labelIds":["INBOX","UNREAD"],"raw":"SGVsbG8"}"#;
        assert_eq!(labels(first).unwrap(), ["INBOX", "UNREAD"]);
        assert_eq!(labels(br#"{"raw":"SGVsbG8","labelIds":["INBOX"]}"#), None);
    }
}
