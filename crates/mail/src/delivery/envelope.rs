//! From whom and to whom: what the server acts on, whatever the message's own header says.

/// The longest address, in bytes: a path has 256 with its angle brackets (RFC 5321, section
/// 4.5.3.1.3).
const LONGEST: usize = 254;

/// A message's sender and recipients (RFC 5321, section 2.3.1). None of them can be more than an
/// address: what would end a command or begin another parameter is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    sender: String,
    recipients: Vec<String>,
}

/// An envelope that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Nobody is to get the message.
    #[error("the message has no recipient")]
    NoRecipient,
    /// A recipient is empty.
    #[error("a recipient's address is empty")]
    Empty,
    /// An address holds a space, an angle bracket or a control character.
    #[error("{0:?} cannot be an address: it has a space, an angle bracket or a control character")]
    Address(String),
    /// An address is longer than any server has to take.
    #[error("an address is longer than {LONGEST} bytes")]
    TooLong,
}

impl Envelope {
    /// Checks the addresses. `sender` may be empty: the null reverse-path, which nobody answers to
    /// (RFC 5321, section 4.5.5).
    pub fn new(
        sender: impl Into<String>,
        recipients: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, EnvelopeError> {
        let envelope = Self {
            sender: sender.into(),
            recipients: recipients.into_iter().map(Into::into).collect(),
        };
        if envelope.recipients.is_empty() {
            return Err(EnvelopeError::NoRecipient);
        }
        if envelope.recipients.iter().any(String::is_empty) {
            return Err(EnvelopeError::Empty);
        }
        envelope.addresses().try_for_each(check)?;
        Ok(envelope)
    }

    /// Who answers come back to; empty for nobody.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// Who is to get the message; at least one.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// Whether the server has to take letters beyond ASCII (RFC 6531).
    pub(super) fn needs_utf8(&self) -> bool {
        self.addresses().any(|address| !address.is_ascii())
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.sender.as_str()).chain(self.recipients.iter().map(String::as_str))
    }
}

fn check(address: &str) -> Result<(), EnvelopeError> {
    if address.len() > LONGEST {
        return Err(EnvelopeError::TooLong);
    }
    let foreign = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
    if address.contains(foreign) {
        return Err(EnvelopeError::Address(address.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_sender_and_names_without_a_domain_are_taken() {
        let envelope = Envelope::new("", ["support", "a+b@example.com"]).unwrap();
        assert_eq!(envelope.sender(), "");
        assert_eq!(envelope.recipients(), ["support", "a+b@example.com"]);
        assert!(!envelope.needs_utf8());
        assert!(
            Envelope::new("", ["jörg@example.com"])
                .unwrap()
                .needs_utf8()
        );
    }

    #[test]
    fn no_address_can_be_a_second_command_or_parameter() {
        for address in [
            "a@b\r\nRCPT TO:<c@d",
            "a@b\n",
            "a@b\r",
            "a\0b",
            "a@b> SIZE=1",
            "a b@c",
            "<a@b>",
            "a\tb",
            "a\u{85}b",
            "a\u{2028}b",
        ] {
            let refused = Err(EnvelopeError::Address(address.to_owned()));
            assert_eq!(Envelope::new(address, ["a@b"]), refused);
            assert_eq!(Envelope::new("", ["a@b", address]), refused);
        }
    }

    #[test]
    fn a_message_goes_to_somebody() {
        let nobody: [&str; 0] = [];
        assert_eq!(Envelope::new("", nobody), Err(EnvelopeError::NoRecipient));
        assert_eq!(Envelope::new("", ["a", ""]), Err(EnvelopeError::Empty));
        assert!(Envelope::new("", ["x".repeat(254)]).is_ok());
        let long = Envelope::new("", ["x".repeat(255)]);
        assert_eq!(long, Err(EnvelopeError::TooLong));
    }
}
