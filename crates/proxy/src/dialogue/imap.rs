//! IMAP before the login (RFC 9051, RFC 3501): LOGIN, AUTHENTICATE (SASL-IR, RFC 4959), STARTTLS, ID
//! (RFC 2971), literals that are announced and those that are not (RFC 7888).

use mailgrant_mail::{Offers, UpstreamOpened};
use zeroize::Zeroizing;

use super::input::TooLong;
use super::sasl::{self, Exchange, Turn};
use super::{
    Cover, Dialogue, Farewell, Input, LONGEST, Login, MOST_MISTAKES, Refused, Step, one_line,
    split_word,
};
use crate::{Refusal, RefusalKind};

/// The longest literal that is waited for, in bytes.
const LONGEST_LITERAL: u64 = 4096;

/// A client's side of IMAP up to the login.
pub(super) struct Imap {
    cover: Cover,
    mistakes: u32,
    at: At,
}

enum At {
    Greeting,
    /// A command, as far as it has come: its lines and literals as they stand on the wire.
    Command(Zeroizing<Vec<u8>>),
    /// So many bytes of a literal belong to it.
    Literal(Zeroizing<Vec<u8>>, usize),
    Authenticate {
        tag: String,
        exchange: Exchange,
    },
    /// Somebody is being let in, or not.
    LogIn {
        tag: String,
    },
}

/// A literal that a line ends with (`{310}`, `{310+}`).
struct Literal {
    size: u64,
    /// The client waits until it is told to go on.
    waits: bool,
}

impl Imap {
    pub(super) fn new(cover: Cover) -> Self {
        Self {
            cover,
            mistakes: 0,
            at: At::Greeting,
        }
    }

    fn capabilities(&self) -> String {
        let mut words = vec!["IMAP4rev1", "LITERAL-", "ID"];
        match self.cover {
            Cover::StartTls => words.extend(["STARTTLS", "LOGINDISABLED"]),
            Cover::Plain | Cover::Tls => words.extend(["SASL-IR", "AUTH=PLAIN", "AUTH=LOGIN"]),
        }
        words.join(" ")
    }

    /// A line of a command: more of it follows behind a literal, or it is complete.
    fn line(&mut self, mut begun: Zeroizing<Vec<u8>>, line: &[u8]) -> Option<Step> {
        begun.extend_from_slice(line);
        let Some(literal) = literal(line) else {
            return Some(self.command(&begun));
        };
        let room = LONGEST.saturating_sub(begun.len());
        let size = usize::try_from(literal.size)
            .ok()
            .filter(|size| literal.size <= LONGEST_LITERAL && *size <= room);
        let Some(size) = size else {
            return Some(if literal.waits {
                let (tag, _) = split_word(&begun);
                let tag = tag_of(tag).unwrap_or_else(|| "*".to_owned());
                self.mistake(format!("{tag} BAD [TOOBIG] That literal is too long"))
            } else {
                // It comes all the same, and nobody wants to read it.
                Step::End(b"* BYE That literal is too long\r\n".to_vec())
            });
        };
        begun.extend_from_slice(b"\r\n");
        self.at = At::Literal(begun, size);
        literal.waits.then(|| Step::Say(b"+ Go on\r\n".to_vec()))
    }

    fn command(&mut self, command: &[u8]) -> Step {
        let (tag, rest) = split_word(command);
        let Some(tag) = tag_of(tag) else {
            return self.mistake("* BAD A command begins with a tag".to_owned());
        };
        let (name, arguments) = split_word(rest.unwrap_or_default());
        match (name.to_ascii_uppercase().as_slice(), arguments) {
            (b"CAPABILITY", None) => say(format!(
                "* CAPABILITY {}\r\n{tag} OK These are the capabilities\r\n",
                self.capabilities()
            )),
            (b"NOOP", None) => say(format!("{tag} OK Nothing done\r\n")),
            (b"ID", Some(_)) => say(format!(
                "* ID (\"name\" \"Mailgrant\")\r\n{tag} OK That is who I am\r\n"
            )),
            (b"LOGOUT", None) => {
                let words = format!("* BYE Good-bye\r\n{tag} OK Logged out\r\n");
                Step::End(words.into_bytes())
            }
            (b"STARTTLS", None) => match self.cover {
                Cover::StartTls => Step::BeginTls(format!("{tag} OK Begin TLS\r\n").into_bytes()),
                Cover::Plain => self.mistake(format!("{tag} BAD There is no TLS here")),
                Cover::Tls => self.mistake(format!("{tag} BAD TLS has begun already")),
            },
            (b"LOGIN" | b"AUTHENTICATE", _) if self.cover == Cover::StartTls => say(format!(
                "{tag} NO [PRIVACYREQUIRED] Nobody logs in here before STARTTLS\r\n"
            )),
            (b"LOGIN", Some(arguments)) => match credentials(arguments) {
                Some(login) => self.log_in(tag, login),
                None => self.mistake(format!("{tag} BAD LOGIN wants a user name and a password")),
            },
            (b"AUTHENTICATE", Some(arguments)) => {
                let (mechanism, initial) = split_word(arguments);
                match Exchange::begin(mechanism, initial) {
                    Some(turn) => self.turn(tag, turn),
                    None => self.mistake(format!(
                        "{tag} NO [CANNOT] There are the mechanisms {}",
                        sasl::OFFERED.join(" and ")
                    )),
                }
            }
            _ => self.mistake(format!("{tag} BAD No such command before the login")),
        }
    }

    fn turn(&mut self, tag: String, turn: Turn) -> Step {
        match turn {
            Turn::Challenge(challenge, exchange) => {
                self.at = At::Authenticate { tag, exchange };
                say(format!("+ {challenge}\r\n"))
            }
            Turn::LogIn(login) => self.log_in(tag, login),
            Turn::Cancelled => self.mistake(format!("{tag} BAD Given up")),
            Turn::Wrong => self.mistake(format!("{tag} BAD That is no response")),
        }
    }

    fn log_in(&mut self, tag: String, login: Login) -> Step {
        self.at = At::LogIn { tag };
        Step::LogIn(login)
    }

    fn mistake(&mut self, words: String) -> Step {
        self.mistakes += 1;
        if self.mistakes >= MOST_MISTAKES {
            let words = format!("{words}\r\n* BYE Too many commands that make no sense\r\n");
            return Step::End(words.into_bytes());
        }
        say(words + "\r\n")
    }

    fn tag(&mut self) -> String {
        match std::mem::replace(&mut self.at, At::Command(Zeroizing::default())) {
            At::LogIn { tag } => tag,
            _ => "*".to_owned(),
        }
    }
}

impl Dialogue for Imap {
    fn step(&mut self, input: &mut Input) -> Step {
        loop {
            match std::mem::replace(&mut self.at, At::Command(Zeroizing::default())) {
                At::Greeting => {
                    let capabilities = self.capabilities();
                    return say(format!("* OK [CAPABILITY {capabilities}] Mailgrant\r\n"));
                }
                At::Command(begun) => {
                    let longest = LONGEST.saturating_sub(begun.len());
                    let line = match input.line(longest) {
                        Ok(Some(line)) => line,
                        Ok(None) => {
                            self.at = At::Command(begun);
                            return Step::NeedInput;
                        }
                        Err(TooLong) => {
                            return Step::End(b"* BYE That line is too long\r\n".to_vec());
                        }
                    };
                    if let Some(step) = self.line(begun, &line) {
                        return covered(step, input);
                    }
                }
                At::Literal(mut begun, size) => {
                    let Some(literal) = input.exactly(size) else {
                        self.at = At::Literal(begun, size);
                        return Step::NeedInput;
                    };
                    begun.extend_from_slice(&literal);
                    self.at = At::Command(begun);
                }
                At::Authenticate { tag, exchange } => match input.line(LONGEST) {
                    Ok(Some(line)) => return self.turn(tag, exchange.answer(&line)),
                    Ok(None) => {
                        self.at = At::Authenticate { tag, exchange };
                        return Step::NeedInput;
                    }
                    Err(TooLong) => {
                        return Step::End(b"* BYE That line is too long\r\n".to_vec());
                    }
                },
                // Whoever logs in waits for the answer; what has come behind it belongs to the server.
                At::LogIn { tag } => {
                    self.at = At::LogIn { tag };
                    return Step::NeedInput;
                }
            }
        }
    }

    fn secured(&mut self) {
        self.cover = Cover::Tls;
    }

    fn admit(&mut self, opened: &UpstreamOpened) -> Vec<u8> {
        let tag = self.tag();
        let code = match opened {
            UpstreamOpened::Imap(offers) if !offers.extensions.is_empty() => {
                format!("[CAPABILITY {}] ", words_of(offers))
            }
            _ => String::new(),
        };
        format!("{tag} OK {code}Logged in\r\n").into_bytes()
    }

    fn refuse(&mut self, refusal: &Refusal) -> Refused {
        // RFC 5530, section 3.
        let code = match refusal.kind {
            RefusalKind::Wrong => "AUTHENTICATIONFAILED",
            RefusalKind::NotAllowed => "AUTHORIZATIONFAILED",
            RefusalKind::Guessing | RefusalKind::Full => "LIMIT",
            RefusalKind::Unavailable => "UNAVAILABLE",
            RefusalKind::Person => "CONTACTADMIN",
        };
        let (tag, words) = (self.tag(), one_line(&refusal.words));
        Refused {
            say: format!("{tag} NO [{code}] {words}\r\n").into_bytes(),
            ends: false,
        }
    }

    fn farewell(&self, why: Farewell) -> Vec<u8> {
        let code = match why {
            Farewell::Full => "[LIMIT] ",
            Farewell::Stopping => "[UNAVAILABLE] ",
            Farewell::Slow | Farewell::Attempts => "",
        };
        format!("* BYE {code}{}\r\n", why.words()).into_bytes()
    }
}

fn say(words: String) -> Step {
    Step::Say(words.into_bytes())
}

/// Nothing may have come behind STARTTLS: somebody on the way could put words into the client's
/// mouth (CVE-2011-0411 and its kin).
fn covered(step: Step, input: &Input) -> Step {
    match step {
        Step::BeginTls(_) if !input.is_empty() => {
            Step::End(b"* BYE Something came between STARTTLS and TLS\r\n".to_vec())
        }
        step => step,
    }
}

/// The server's capabilities, as they stood.
fn words_of(offers: &Offers) -> String {
    one_line_of_any_length(&offers.extensions.join(" "))
}

/// A `]` would end the code early.
fn one_line_of_any_length(words: &str) -> String {
    words
        .chars()
        .map(|c| {
            if matches!(c, ' '..='~') && c != ']' {
                c
            } else {
                '?'
            }
        })
        .collect()
}

/// A tag (RFC 9051, section 9): one or more ASTRING-CHARs without `+`.
fn tag_of(word: &[u8]) -> Option<String> {
    let fits = |byte: &u8| byte.is_ascii_graphic() && !b"+(){%*\"\\".contains(byte);
    let is_tag = !word.is_empty() && word.len() <= 100 && word.iter().all(fits);
    is_tag.then(|| String::from_utf8_lossy(word).into_owned())
}

/// The literal that a line ends with.
fn literal(line: &[u8]) -> Option<Literal> {
    let inner = line.strip_suffix(b"}")?;
    let begin = inner.iter().rposition(|&byte| byte == b'{')?;
    let inner = inner.get(begin + 1..)?;
    let (digits, waits) = match inner.strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (inner, true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
    // Whatever does not fit is too long.
    let size = digits.parse().unwrap_or(u64::MAX);
    Some(Literal { size, waits })
}

/// The two arguments of LOGIN.
fn credentials(arguments: &[u8]) -> Option<Login> {
    let (user, rest) = astring(arguments)?;
    let (password, rest) = astring(rest.strip_prefix(b" ")?)?;
    if !rest.is_empty() {
        return None;
    }
    sasl::login(String::from_utf8(user.to_vec()).ok()?, &password)
}

/// An atom, a quoted string or a literal, and what stands behind it.
fn astring(bytes: &[u8]) -> Option<(Zeroizing<Vec<u8>>, &[u8])> {
    match bytes.first()? {
        b'"' => quoted(bytes.get(1..)?),
        b'{' => {
            let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
            let size = usize::try_from(literal(bytes.get(..end)?)?.size).ok()?;
            let rest = bytes.get(end + 2..)?;
            let (literal, rest) = rest.split_at_checked(size)?;
            Some((Zeroizing::new(literal.to_vec()), rest))
        }
        _ => {
            // Clients send passwords with `]` and more as atoms; what ends one is the space.
            let fits = |byte: &u8| byte.is_ascii_graphic() && !b"(){\"".contains(byte);
            let end = bytes.iter().position(|byte| !fits(byte));
            let (atom, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len()))?;
            (!atom.is_empty()).then(|| (Zeroizing::new(atom.to_vec()), rest))
        }
    }
}

/// A quoted string behind its first quote.
fn quoted(bytes: &[u8]) -> Option<(Zeroizing<Vec<u8>>, &[u8])> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut rest = bytes.iter().enumerate();
    while let Some((at, &byte)) = rest.next() {
        match byte {
            b'"' => return Some((text, bytes.get(at + 1..)?)),
            b'\\' => match rest.next() {
                Some((_, &escaped @ (b'"' | b'\\'))) => text.push(escaped),
                _ => return None,
            },
            0 | b'\r' | b'\n' => return None,
            byte => text.push(byte),
        }
    }
    None
}
