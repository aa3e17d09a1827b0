//! Scopes and the resources that they open.

use std::fmt;

use mailgrant_base::{Diagnose, Diagnosis, Fault};
use serde::{Deserialize, Serialize};

use crate::ProviderKind;
use crate::catalogue::{self, ScopeRules};

/// One scope token (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope(String);

impl Scope {
    /// Reads one scope token. Refuses white space, quotes, backslashes and non-ASCII.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if !text.is_empty() && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ScopeError::Malformed(text.to_owned()))
        }
    }

    /// Reads a list separated by white space. What stands twice is taken once.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ScopeError> {
        let mut scopes = Vec::new();
        for word in text.split_whitespace() {
            let scope = Self::parse(word)?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Ok(scopes)
    }

    /// The list as it goes on the wire: separated by single spaces.
    pub fn join(scopes: &[Self]) -> String {
        let texts: Vec<&str> = scopes.iter().map(Self::as_str).collect();
        texts.join(" ")
    }

    /// The scope as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        Self::parse(&text)
    }
}

/// What an access token is for. One token serves one resource; the same refresh token may serve
/// several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// The mail servers: IMAP, POP3 and SMTP.
    Mail,
}

/// A scope that cannot do what it was entered for; says why, when it is entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not a scope token.
    #[error("`{0}` is not a scope: a scope has no spaces, quotes or backslashes")]
    Malformed(String),
    /// The scope opens something else than the mail servers.
    #[error("`{scope}` cannot be used to log in to a mail server: {reason}")]
    CannotServe {
        /// The scope.
        scope: String,
        /// Why, and which scope to use instead.
        reason: String,
    },
    /// A scope that is needed is not there.
    #[error("`{scope}` is missing: {reason}")]
    Missing {
        /// The scope to add.
        scope: String,
        /// What does not work without it.
        reason: String,
    },
}

impl Diagnose for ScopeError {
    fn diagnosis(&self) -> Diagnosis {
        let next = match self {
            Self::Malformed(_) => "Separate several scopes by spaces.",
            Self::CannotServe { .. } => "Change the scopes of the provider profile.",
            Self::Missing { .. } => "Add it to the scopes of the provider profile.",
        };
        Diagnosis::new(Fault::Operator, format!("{self}."), next)
    }
}

/// Checks that the scopes entered for a provider of this kind can serve IMAP logins: refuses, for
/// example, `https://graph.microsoft.com/Mail.Read` or a Microsoft scope without its resource.
pub fn check_scopes(kind: ProviderKind, scopes: &[Scope]) -> Result<(), ScopeError> {
    let row = catalogue::row(kind);
    let rules = &row.scope_rules;
    if rules.mail_resources.is_empty() {
        return Ok(());
    }
    let mut resource = None;
    for scope in scopes {
        match rules.read(scope) {
            Reading::Companion => {}
            Reading::Refused(reason) => return Err(cannot_serve(scope, reason)),
            Reading::Mail { resource: this, .. } => {
                let first = *resource.get_or_insert(this);
                if first != this {
                    let reason = format!(
                        "`{first}` is asked for as well, and a token serves one resource; keep one"
                    );
                    return Err(cannot_serve(scope, reason));
                }
            }
        }
    }
    if !scopes.iter().any(|scope| rules.allows_imap(scope)) {
        let usual = row.default_scopes(Resource::Mail).first();
        return Err(ScopeError::Missing {
            scope: (*usual.unwrap_or(&"")).to_owned(),
            reason: "no other scope lets Mailgrant log in by IMAP".to_owned(),
        });
    }
    for (needed, reason) in rules.needed {
        if !contains(scopes, needed) {
            return Err(ScopeError::Missing {
                scope: (*needed).to_owned(),
                reason: (*reason).to_owned(),
            });
        }
    }
    Ok(())
}

/// The first scope that a login needs and that was not granted, although `asked` for it: a person
/// may have unticked it on the consent page. `None` where all is well.
pub fn missing_for_mail(kind: ProviderKind, asked: &[Scope], granted: &[Scope]) -> Option<Scope> {
    let rules = &catalogue::row(kind).scope_rules;
    if rules.mail_resources.is_empty() {
        let missing = asked.iter().find(|scope| {
            !contains(granted, scope.as_str()) && !rules.companions.contains(&scope.as_str())
        });
        return missing.cloned();
    }
    if granted.iter().any(|scope| rules.allows_imap(scope)) {
        return None;
    }
    asked.iter().find(|scope| rules.allows_imap(scope)).cloned()
}

/// What a scope is under some rules.
enum Reading {
    /// Names no resource, and is welcome.
    Companion,
    /// Opens a mail server.
    Mail {
        resource: &'static str,
        allows_imap: bool,
    },
    /// Cannot serve; why.
    Refused(&'static str),
}

impl ScopeRules {
    fn read(&self, scope: &Scope) -> Reading {
        if is_one_of(self.companions, scope.as_str()) {
            return Reading::Companion;
        }
        for resource in self.mail_resources {
            let name =
                without_prefix(scope.as_str(), resource).and_then(|end| end.strip_prefix('/'));
            let Some(name) = name else { continue };
            let allows_imap = is_one_of(self.imap_names, name);
            // Where the one name there is is empty, anything behind the slash is a mistake.
            if allows_imap || !self.imap_names.contains(&"") {
                return Reading::Mail {
                    resource,
                    allows_imap,
                };
            }
        }
        let reason = self
            .refusals
            .iter()
            .find(|(beginning, _)| without_prefix(scope.as_str(), beginning).is_some())
            .map_or("it is not known to serve one", |(_, reason)| *reason);
        Reading::Refused(reason)
    }

    /// The scopes of a token request: those of the mail servers and those without which the grant
    /// would not last. Who signed in is known by then.
    pub(crate) fn of_one_resource(&self, scopes: &[Scope]) -> Vec<Scope> {
        let belongs = |scope: &&Scope| match self.read(scope) {
            Reading::Mail { .. } => true,
            _ => self
                .needed
                .iter()
                .any(|(needed, _)| scope.0.eq_ignore_ascii_case(needed)),
        };
        scopes.iter().filter(belongs).cloned().collect()
    }

    fn allows_imap(&self, scope: &Scope) -> bool {
        matches!(self.read(scope), Reading::Mail { allows_imap, .. } if allows_imap)
    }
}

fn cannot_serve(scope: &Scope, reason: impl Into<String>) -> ScopeError {
    ScopeError::CannotServe {
        scope: scope.0.clone(),
        reason: reason.into(),
    }
}

fn contains(scopes: &[Scope], text: &str) -> bool {
    scopes
        .iter()
        .any(|scope| scope.0.eq_ignore_ascii_case(text))
}

fn is_one_of(texts: &[&str], text: &str) -> bool {
    texts.iter().any(|one| one.eq_ignore_ascii_case(text))
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (beginning, end) = text.split_at_checked(prefix.len())?;
    beginning.eq_ignore_ascii_case(prefix).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use ProviderKind::{Google, Microsoft, Oauth2, Oidc};

    fn check(kind: ProviderKind, text: &str) -> Result<(), String> {
        check_scopes(kind, &Scope::parse_list(text).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_scope_of_microsoft_graph_is_refused_and_the_right_one_named() {
        for graph in [
            "https://graph.microsoft.com/mail.read",
            "https://Graph.Microsoft.com/IMAP.AccessAsUser.All",
            "Mail.Read",
            "IMAP.AccessAsUser.All",
            "https://management.azure.com/user_impersonation",
            "api://mail/read",
        ] {
            let usual = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
            let said = check(Microsoft, &format!("{usual} {graph}")).unwrap_err();
            assert!(said.starts_with(&format!("`{graph}` cannot")), "{said}");
            assert!(said.contains("/IMAP.AccessAsUser.All` instead"), "{said}");
        }
    }

    #[test]
    fn microsofts_scopes_are_compared_without_case_and_may_include_pop_and_smtp() {
        check(
            Microsoft,
            "https://outlook.office.com/imap.accessasuser.all \
             https://outlook.office.com/POP.AccessAsUser.All \
             https://outlook.office.com/SMTP.Send offline_access",
        )
        .unwrap();
        check(
            Microsoft,
            "https://outlook.office365.com/.default offline_access",
        )
        .unwrap();
    }

    #[test]
    fn scopes_without_imap_or_without_lasting_access_are_incomplete() {
        insta::assert_snapshot!(
            check(Microsoft, "https://outlook.office.com/SMTP.Send offline_access").unwrap_err(),
            @"`https://outlook.office.com/IMAP.AccessAsUser.All` is missing: no other scope lets Mailgrant log in by IMAP"
        );
        insta::assert_snapshot!(
            check(Microsoft, "https://outlook.office.com/IMAP.AccessAsUser.All openid").unwrap_err(),
            @"`offline_access` is missing: without it Microsoft gives no refresh token, and the authorization ends within the hour"
        );
        assert!(
            check(Google, "openid email")
                .unwrap_err()
                .contains("mail.google.com/` is missing")
        );
        assert!(check(Microsoft, "").is_err());
    }

    #[test]
    fn two_mail_resources_in_one_request_are_refused() {
        let said = check(
            Microsoft,
            "https://outlook.office.com/IMAP.AccessAsUser.All \
             https://outlook.office365.us/IMAP.AccessAsUser.All offline_access",
        );
        assert!(said.unwrap_err().contains("a token serves one resource"));
    }

    #[test]
    fn gmails_api_and_misspelt_scopes_are_refused() {
        for (wrong, why) in [
            (
                "https://www.googleapis.com/auth/gmail.readonly",
                "Gmail's API",
            ),
            ("https://mail.google.com", "with the slash at its end"),
            ("https://mail.google.com/feed", "with the slash at its end"),
            ("offline_access", "access_type=offline"),
            ("https://www.googleapis.com/auth/drive", "something else"),
        ] {
            let said = check(Google, &format!("https://mail.google.com/ {wrong}")).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        check(Google, "https://mail.google.com/ openid email").unwrap();
    }

    #[test]
    fn a_provider_of_which_nothing_is_known_may_have_any_scope() {
        for kind in [Oidc, Oauth2] {
            check(kind, "openid mail https://example.com/imap").unwrap();
            check(kind, "").unwrap();
        }
    }

    #[test]
    fn a_scope_that_was_unticked_is_missed_and_an_alias_is_not() {
        let list = |text| Scope::parse_list(text).unwrap();
        let asked = list("https://mail.google.com/ openid email");
        let less = list("openid https://www.googleapis.com/auth/userinfo.email");
        let all = list("https://www.googleapis.com/auth/userinfo.email https://mail.google.com/");
        assert_eq!(missing_for_mail(Google, &asked, &all), None);
        assert_eq!(
            missing_for_mail(Google, &asked, &less),
            Some(asked[0].clone())
        );

        let asked = list("openid offline_access imap");
        assert_eq!(missing_for_mail(Oidc, &asked, &list("imap")), None);
        assert_eq!(
            missing_for_mail(Oidc, &asked, &list("openid")),
            Some(asked[2].clone())
        );
    }

    proptest! {
        #[test]
        fn a_list_reads_back_what_it_joins(words in proptest::collection::hash_set("[!#-\\[\\]-~]{1,20}", 0..8)) {
            let scopes: Vec<Scope> = words.iter().map(|word| Scope::parse(word).unwrap()).collect();
            prop_assert_eq!(Scope::parse_list(&Scope::join(&scopes)).unwrap(), scopes);
        }

        #[test]
        fn no_scope_has_space_quote_backslash_or_control(text in ".*") {
            if let Ok(scope) = Scope::parse(&text) {
                prop_assert!(scope.as_str().bytes().all(|b| (0x21..=0x7e).contains(&b) && b != b'"' && b != b'\\'));
            }
        }

        #[test]
        fn checking_never_panics_and_needs_the_imap_scope(text in "[ -~]{0,80}") {
            let scopes: Vec<Scope> = text.split(' ').filter_map(|word| Scope::parse(word).ok()).collect();
            prop_assume!(!text.to_lowercase().contains("imap"));
            prop_assume!(!text.contains(".default"));
            prop_assert!(check_scopes(Microsoft, &scopes).is_err());
        }
    }
}
