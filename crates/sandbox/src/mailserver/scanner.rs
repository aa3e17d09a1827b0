//! The words of a command (RFC 3501, section 9), read tolerantly.

/// Why a command cannot be understood: the text after `BAD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Reads word after word from a command whose literals stand in it as they came
/// (`{3}`, CR LF, three bytes).
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(super) fn new(command: &'a [u8]) -> Self {
        Self { rest: command }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes `byte` where it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    pub(super) fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Malformed> {
        self.eat(byte).then_some(()).ok_or(Malformed(otherwise))
    }

    /// The space before an argument.
    pub(super) fn space(&mut self) -> Result<(), Malformed> {
        self.expect(b' ', "Missing argument")?;
        while self.eat(b' ') {}
        Ok(())
    }

    /// The end of the command.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        while self.eat(b' ') {}
        match self.rest {
            [] => Ok(()),
            _ => Err(Malformed("Too many arguments")),
        }
    }

    /// Letters, digits and dots: what FETCH items and search keys are made of.
    pub(super) fn name(&mut self) -> Result<String, Malformed> {
        let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        match name {
            [] => Err(Malformed("Missing name")),
            _ => Ok(String::from_utf8_lossy(name).to_ascii_uppercase()),
        }
    }

    /// An atom in the wide sense: flags, patterns, dates and sets are atoms too.
    pub(super) fn atom(&mut self) -> Result<String, Malformed> {
        let atom = self.take_while(|byte| byte > b' ' && byte != 0x7f && !b"(){\"".contains(&byte));
        match atom {
            [] => Err(Malformed("Missing argument")),
            _ => String::from_utf8(atom.to_vec()).map_err(|_| Malformed("Not UTF-8")),
        }
    }

    pub(super) fn number(&mut self) -> Result<u32, Malformed> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or(Malformed("Not a number"))
    }

    /// An atom, a quoted string or a literal, as text.
    pub(super) fn astring(&mut self) -> Result<String, Malformed> {
        match self.peek() {
            Some(b'"' | b'{') => {
                String::from_utf8(self.string()?).map_err(|_| Malformed("Not UTF-8"))
            }
            _ => self.atom(),
        }
    }

    /// A quoted string or a literal.
    pub(super) fn string(&mut self) -> Result<Vec<u8>, Malformed> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => Ok(self.literal()?.to_vec()),
            _ => Err(Malformed("Missing string")),
        }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, Malformed> {
        let unfinished = Malformed("Quoted string without end");
        let mut text = Vec::new();
        self.rest = &self.rest[1..];
        loop {
            let (&byte, rest) = self.rest.split_first().ok_or(unfinished)?;
            self.rest = rest;
            match byte {
                b'"' => return Ok(text),
                b'\\' => {
                    let (&escaped, rest) = self.rest.split_first().ok_or(unfinished)?;
                    self.rest = rest;
                    text.push(escaped);
                }
                _ => text.push(byte),
            }
        }
    }

    /// A literal (RFC 3501, section 4.3; RFC 7888 for `+`).
    pub(super) fn literal(&mut self) -> Result<&'a [u8], Malformed> {
        const WRONG: &str = "Malformed literal";
        self.expect(b'{', WRONG)?;
        let size = self.number()? as usize;
        self.eat(b'+');
        self.expect(b'}', WRONG)?;
        self.expect(b'\r', WRONG)?;
        self.expect(b'\n', WRONG)?;
        let (literal, rest) = self
            .rest
            .split_at_checked(size)
            .ok_or(Malformed("Literal without end"))?;
        self.rest = rest;
        Ok(literal)
    }

    /// `(a b c)`, each element read by `element`.
    pub(super) fn list<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        self.expect(b'(', "Missing parenthesis")?;
        let mut elements = Vec::new();
        loop {
            while self.eat(b' ') {}
            if self.eat(b')') {
                return Ok(elements);
            }
            elements.push(element(self)?);
        }
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self
            .rest
            .iter()
            .position(|&byte| !wanted(byte))
            .unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

/// A text as a quoted string.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_quoted_strings_and_literals_are_all_strings() {
        let mut scanner = Scanner::new(b"Tickets \"a \\\"b\\\\\" {5}\r\nx\r\ny) {0+}\r\n");
        assert_eq!(scanner.astring(), Ok("Tickets".to_owned()));
        scanner.space().unwrap();
        assert_eq!(scanner.astring(), Ok("a \"b\\".to_owned()));
        scanner.space().unwrap();
        assert_eq!(scanner.astring(), Ok("x\r\ny)".to_owned()));
        scanner.space().unwrap();
        assert_eq!(scanner.astring(), Ok(String::new()));
        assert_eq!(scanner.end(), Ok(()));
    }

    #[test]
    fn what_has_no_end_is_malformed() {
        for unfinished in [
            &b"\"abc"[..],
            b"\"abc\\",
            b"{9}\r\nabc",
            b"{99999999999}\r\n",
            b"{1}",
        ] {
            assert!(Scanner::new(unfinished).astring().is_err());
        }
        assert!(Scanner::new(b"(a b").list(Scanner::atom).is_err());
    }

    #[test]
    fn a_quoted_text_reads_as_it_was() {
        for text in ["", "a b", "\"", "\\", "Entw&APw-rfe"] {
            assert_eq!(
                Scanner::new(quote(text).as_bytes()).astring().as_deref(),
                Ok(text)
            );
        }
    }
}
