//! The two SASL mechanisms that carry a password: PLAIN (RFC 4616) and LOGIN
//! (draft-murchison-sasl-login). The same in every protocol; only what stands around a challenge
//! differs.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Login;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is offered, in the words of each protocol.
pub(super) const OFFERED: [&str; 2] = ["PLAIN", "LOGIN"];

/// `Username:` and `Password:`, which clients compare.
const USER_NAME: &str = "VXNlcm5hbWU6";
const PASSWORD: &str = "UGFzc3dvcmQ6";

/// An exchange under way.
pub(super) enum Exchange {
    Plain,
    User,
    Password { user: String },
}

/// What comes of a client's response.
pub(super) enum Turn {
    /// This challenge, already in base64.
    Challenge(&'static str, Exchange),
    LogIn(Login),
    /// The client gives up.
    Cancelled,
    /// What came is no response of this mechanism.
    Wrong,
}

impl Exchange {
    /// Begins; `initial` is the initial response in base64 (`=` is an empty one), if there was one.
    /// `None` for a mechanism that is not offered.
    pub(super) fn begin(mechanism: &[u8], initial: Option<&[u8]>) -> Option<Turn> {
        let (exchange, challenge) = match mechanism.to_ascii_uppercase().as_slice() {
            b"PLAIN" => (Self::Plain, ""),
            b"LOGIN" => (Self::User, USER_NAME),
            _ => return None,
        };
        Some(match initial {
            None => Turn::Challenge(challenge, exchange),
            Some(b"=") => exchange.decoded(&[]),
            Some(initial) => exchange.answer(initial),
        })
    }

    /// Goes on with a line of the client.
    pub(super) fn answer(self, line: &[u8]) -> Turn {
        if line == b"*" {
            return Turn::Cancelled;
        }
        match BASE64.decode(line) {
            Ok(response) => self.decoded(&Zeroizing::new(response)),
            Err(_) => Turn::Wrong,
        }
    }

    fn decoded(self, response: &[u8]) -> Turn {
        match self {
            Self::Plain => plain(response).map_or(Turn::Wrong, Turn::LogIn),
            Self::User => match std::str::from_utf8(response) {
                Ok(user) if !user.contains('\0') => {
                    let user = user.to_owned();
                    Turn::Challenge(PASSWORD, Self::Password { user })
                }
                _ => Turn::Wrong,
            },
            Self::Password { user } => login(user, response).map_or(Turn::Wrong, Turn::LogIn),
        }
    }
}

/// `[authorization identity] NUL user NUL password`. Nobody acts for somebody else here.
fn plain(response: &[u8]) -> Option<Login> {
    let mut parts = response.splitn(3, |&byte| byte == 0);
    let acts_for = parts.next()?;
    let (user, password) = (parts.next()?, parts.next()?);
    if !acts_for.is_empty() && !acts_for.eq_ignore_ascii_case(user) {
        return None;
    }
    login(String::from_utf8(user.to_vec()).ok()?, password)
}

/// A login whose password may be any bytes but NUL; what is no UTF-8 is no app password, and is
/// refused as one that is wrong.
pub(super) fn login(user: String, password: &[u8]) -> Option<Login> {
    if password.contains(&0) || user.contains('\0') {
        return None;
    }
    let password = SecretString::from(String::from_utf8_lossy(password).into_owned());
    Some(Login { user, password })
}
