//! The items of a FETCH response (RFC 9051, section 7.5.2), found without parsing the message.

/// What a FETCH response, or as much of it as has come, holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Items<'a> {
    pub(crate) uid: Option<u32>,
    /// `BODY[]`, where its bytes stand in the text itself.
    pub(crate) body: Option<Text<'a>>,
    /// `BODY[]<7>`: a part of the message from its eighth byte on.
    pub(crate) part: Option<(u64, Text<'a>)>,
    /// The text ends with the announcement of a literal that belongs to this item.
    pub(crate) ends_at_literal_of: Option<Item>,
}

/// A string's bytes as they stand in the response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// Between quotes, escapes still in place.
    Quoted(&'a [u8]),
    /// A literal.
    Plain(&'a [u8]),
    /// `NIL` where a string could be.
    Nil,
}

/// Whether it is the message that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    Body,
    Other,
}

/// The text is no list of items.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Text<'_> {
    /// The string itself.
    pub(crate) fn unescaped(&self) -> Vec<u8> {
        match self {
            Self::Plain(bytes) => bytes.to_vec(),
            Self::Nil => Vec::new(),
            Self::Quoted(bytes) => {
                let mut escaped = false;
                bytes
                    .iter()
                    .copied()
                    .filter(|&byte| {
                        escaped = byte == b'\\' && !escaped;
                        !escaped
                    })
                    .collect()
            }
        }
    }
}

/// The number in a literal's announcement at the end of a line: `{310}`, `~{310}` or `{310+}`.
pub(crate) fn announced(line: &[u8]) -> Option<Result<u64, Malformed>> {
    let inside = line.strip_suffix(b"}")?;
    let inside = inside.strip_suffix(b"+").unwrap_or(inside);
    let open = inside.iter().rposition(|&byte| byte == b'{')?;
    let digits = inside.get(open + 1..)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // More than 2^63 bytes is no message (RFC 9051 has number64 below that).
    Some(
        std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<i64>().ok())
            .and_then(|number| u64::try_from(number).ok())
            .ok_or(Malformed),
    )
}

/// Reads `(UID 7 BODY[] {310}`…, where literals that have come stand behind their announcement.
pub(crate) fn read(text: &[u8]) -> Result<Items<'_>, Malformed> {
    let mut rest = Rest(text);
    let mut items = Items {
        uid: None,
        body: None,
        part: None,
        ends_at_literal_of: None,
    };
    rest.expect(b'(')?;
    loop {
        rest.skip_spaces();
        if rest.take_if(b')') {
            return Ok(items);
        }
        let name = rest.name()?;
        rest.skip_spaces();
        let is_body = name.eq_ignore_ascii_case(b"BODY[]");
        match rest.value()? {
            Value::Pending => {
                items.ends_at_literal_of = Some(if is_body { Item::Body } else { Item::Other });
                return Ok(items);
            }
            Value::Text(text) if is_body => items.body = Some(text),
            Value::Atom(atom) if is_body && atom.eq_ignore_ascii_case(b"NIL") => {
                items.body = Some(Text::Nil);
            }
            _ if is_body => return Err(Malformed),
            Value::Text(text) if let Some(origin) = origin(name) => {
                items.part = Some((u64::from(origin?), text));
            }
            Value::Atom(atom) if name.eq_ignore_ascii_case(b"UID") => {
                items.uid = Some(number(atom)?);
            }
            _ => {}
        }
    }
}

/// Where a part begins: 7 in `BODY[]<7>`.
fn origin(name: &[u8]) -> Option<Result<u32, Malformed>> {
    let (name, origin) = name.split_at_checked(b"BODY[]<".len())?;
    let origin = origin.strip_suffix(b">")?;
    name.eq_ignore_ascii_case(b"BODY[]<")
        .then(|| number(origin))
}

enum Value<'a> {
    Text(Text<'a>),
    Atom(&'a [u8]),
    List,
    /// A literal was announced at the end of the text.
    Pending,
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take_if(&mut self, byte: u8) -> bool {
        if let Some((&first, rest)) = self.0.split_first()
            && first == byte
        {
            self.0 = rest;
            return true;
        }
        false
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.take_if(byte).then_some(()).ok_or(Malformed)
    }

    fn skip_spaces(&mut self) {
        while self.take_if(b' ') {}
    }

    fn split(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// An item's name with its section: spaces and parentheses count inside of brackets.
    fn name(&mut self) -> Result<&'a [u8], Malformed> {
        let mut in_brackets = false;
        let end = self.0.iter().position(|&byte| {
            match byte {
                b'[' => in_brackets = true,
                b']' => in_brackets = false,
                b' ' | b'(' | b')' => return !in_brackets,
                _ => {}
            }
            false
        });
        match end {
            None | Some(0) => Err(Malformed),
            Some(end) => self.split(end),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        if self.0.first() == Some(&b'(') {
            return self.list();
        }
        self.single()
    }

    fn single(&mut self) -> Result<Value<'a>, Malformed> {
        if self.take_if(b'"') {
            return self.quoted().map(Value::Text);
        }
        if self.0.first() == Some(&b'{') || self.0.starts_with(b"~{") {
            return self.literal();
        }
        let is_end = |byte: &u8| matches!(byte, b' ' | b'(' | b')' | b'"' | b'{' | b'\r' | b'\n');
        match self.0.iter().position(is_end) {
            None | Some(0) => Err(Malformed),
            Some(end) => self.split(end).map(Value::Atom),
        }
    }

    fn quoted(&mut self) -> Result<Text<'a>, Malformed> {
        let mut escaped = false;
        let end = self.0.iter().position(|&byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let inside = self.split(end.ok_or(Malformed)?)?;
        self.expect(b'"')?;
        Ok(Text::Quoted(inside))
    }

    fn literal(&mut self) -> Result<Value<'a>, Malformed> {
        let Some(line_end) = self.0.iter().position(|&byte| byte == b'\r') else {
            return match announced(self.0) {
                Some(Ok(_)) => Ok(Value::Pending),
                _ => Err(Malformed),
            };
        };
        let size = announced(self.split(line_end)?).ok_or(Malformed)??;
        self.expect(b'\r')?;
        self.expect(b'\n')?;
        let bytes = self.split(usize::try_from(size).map_err(|_| Malformed)?)?;
        Ok(Value::Text(Text::Plain(bytes)))
    }

    /// A list of anything, skipped; counted and not recursed into, so that no depth hurts.
    fn list(&mut self) -> Result<Value<'a>, Malformed> {
        let mut depth = 0_usize;
        loop {
            self.skip_spaces();
            if self.take_if(b'(') {
                depth += 1;
            } else if self.take_if(b')') {
                depth -= 1;
                if depth == 0 {
                    return Ok(Value::List);
                }
            } else if let Value::Pending = self.single()? {
                return Ok(Value::Pending);
            }
        }
    }
}

/// A number as it stands in a response.
pub(crate) fn number(digits: &[u8]) -> Result<u32, Malformed> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(text: &[u8]) -> Vec<u8> {
        read(text).unwrap().body.unwrap().unescaped()
    }

    #[test]
    fn a_message_is_announced_behind_its_uid() {
        let items = read(b"(UID 7 FLAGS (\\Seen) BODY[] {310}").unwrap();
        assert_eq!(items.uid, Some(7));
        assert_eq!(items.ends_at_literal_of, Some(Item::Body));
    }

    #[test]
    fn a_message_before_its_uid_is_known_too() {
        let items = read(b"(BODY[] {3}").unwrap();
        assert_eq!(
            (items.uid, items.ends_at_literal_of),
            (None, Some(Item::Body))
        );
        let items = read(b"(BODY[] {3}\r\na\rb UID 7)").unwrap();
        assert_eq!(items.uid, Some(7));
        assert_eq!(items.body, Some(Text::Plain(b"a\rb")));
    }

    #[test]
    fn bodies_come_as_anything_a_string_can_be() {
        assert_eq!(read(b"(UID 1 BODY[] nil)").unwrap().body, Some(Text::Nil));
        assert_eq!(body_of(b"(UID 1 BODY[] \"\")"), b"");
        assert_eq!(body_of(b"(UID 1 body[] \"a\\\"b\\\\\")"), b"a\"b\\");
        assert_eq!(body_of(b"(UID 1 BODY[] {0}\r\n)"), b"");
        assert_eq!(body_of(b"(UID 1 BODY[] ~{2}\r\n)\n)"), b")\n");
    }

    #[test]
    fn a_part_of_a_message_says_where_it_begins() {
        let part = |text| read(text).unwrap().part;
        assert_eq!(
            part(b"(UID 1 BODY[]<4096> {2}\r\nab)"),
            Some((4096, Text::Plain(b"ab")))
        );
        assert_eq!(part(b"(body[]<0> \"\")"), Some((0, Text::Quoted(b""))));
        assert_eq!(part(b"(UID 1 BODY[]<0> NIL)"), None);
        assert_eq!(part(b"(UID 1 BODY[TEXT]<0> \"x\")"), None);
        assert_eq!(read(b"(BODY[]<-1> \"x\")"), Err(Malformed));
    }

    #[test]
    fn other_items_are_stepped_over() {
        let text = b"(ENVELOPE (\"a)\" ((NIL NIL {3}\r\n\")( \"x\")) NIL) \
            BODY[HEADER.FIELDS (A B)] \"h\" BODY[]<0> \"part\" UID 9 MODSEQ (5))";
        let items = read(text).unwrap();
        assert_eq!((items.uid, items.body), (Some(9), None));
        let pending = read(b"(ENVELOPE (\"a\" {3}").unwrap();
        assert_eq!(pending.ends_at_literal_of, Some(Item::Other));
    }

    #[test]
    fn nonsense_is_malformed_and_no_depth_hurts() {
        for text in [
            &b""[..],
            b"UID 7",
            b"(UID",
            b"(UID -1)",
            b"(UID 4294967296)",
            b"(UID 7",
            b"(BODY[] 7)",
            b"(BODY[] (1))",
            b"(BODY[] \"open)",
            b"(BODY[] {5}\r\nabc)",
            b"(BODY[",
        ] {
            assert_eq!(read(text), Err(Malformed), "{}", text.escape_ascii());
        }
        assert_eq!(read(b"(X ").err(), Some(Malformed));
        assert_eq!(
            read(&[b"(X ", &b"(".repeat(100_000)[..]].concat()),
            Err(Malformed)
        );
    }

    #[test]
    fn announcements_have_bounds() {
        assert_eq!(announced(b"BODY[] {12}"), Some(Ok(12)));
        assert_eq!(announced(b"{12+}"), Some(Ok(12)));
        assert_eq!(
            announced(b"{9223372036854775807}"),
            Some(Ok(i64::MAX.unsigned_abs()))
        );
        assert_eq!(announced(b"{9223372036854775808}"), Some(Err(Malformed)));
        for none in [&b"{}"[..], b"{-1}", b"{1x}", b"12}", b"{12", b"{ 12}"] {
            assert_eq!(announced(none), None);
        }
    }
}
