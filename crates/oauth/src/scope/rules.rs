//! What the catalogue's rules make of scopes: which are refused, which open what.

use super::{Resource, Scope, ScopeError};
use crate::ProviderKind;
use crate::catalogue::{self, Protocol, ScopeRules};

/// Puts scopes in the place of the short words (`imap`, `smtp`, `graph` …) that the catalogue knows
/// for this kind, and the mail servers' first: where a provider looks at one resource only, it is
/// the first. Whoever enters a word also gets what a lasting grant needs (`offline_access` …).
///
/// What was entered is stored as it was entered and expanded each time, so that a better catalogue
/// reaches existing profiles. To expand twice changes nothing.
pub fn expand_scopes(kind: ProviderKind, entered: &[Scope]) -> Vec<Scope> {
    let row = catalogue::row(kind);
    let mut scopes: Vec<Scope> = Vec::new();
    let add = |scope: Scope, scopes: &mut Vec<Scope>| {
        if !contains(scopes, scope.as_str()) {
            scopes.push(scope);
        }
    };
    let mut had_word = false;
    for scope in entered {
        match row.scopes_of_word(scope.as_str()) {
            // A provider's scope may be spelt like the word for it.
            Some(meant) if !meant.contains(&scope.as_str()) => {
                had_word = true;
                let meant = meant.iter().filter_map(|text| Scope::parse(text).ok());
                meant.for_each(|scope| add(scope, &mut scopes));
            }
            _ => add(scope.clone(), &mut scopes),
        }
    }
    if had_word {
        let usual = row.default_scopes(Resource::Mail).iter();
        let usual = usual.filter_map(|text| Scope::parse(text).ok());
        usual
            .filter(|scope| !row.scope_rules.opens(Resource::Mail, scope))
            .for_each(|scope| add(scope, &mut scopes));
    }
    scopes.sort_by_key(|scope| !row.scope_rules.opens(Resource::Mail, scope));
    scopes
}

/// Checks that the scopes entered for a provider of this kind can serve IMAP logins: refuses, for
/// example, `https://graph.microsoft.com/Mail.Read` alone or a Microsoft scope without its
/// resource. Scopes of other resources that the catalogue knows are welcome beside those.
pub fn check_scopes(kind: ProviderKind, scopes: &[Scope]) -> Result<(), ScopeError> {
    let row = catalogue::row(kind);
    let rules = &row.scope_rules;
    if rules.mail.is_empty() {
        return Ok(());
    }
    let scopes = expand_scopes(kind, scopes);
    rules.check_each(&scopes)?;
    rules.check_default(&scopes)?;
    if protocols_of(rules, &scopes).all(|protocol| protocol != Protocol::Imap) {
        // Whoever entered scopes of another resource alone took them for those of mail.
        let beside = scopes.iter().find_map(|scope| match rules.read(scope) {
            Reading::Beside(_) => Some((scope, rules.refusal(scope)?)),
            _ => None,
        });
        if let Some((scope, reason)) = beside {
            return Err(cannot_serve(scope, reason));
        }
        let usual = row.default_scopes(Resource::Mail).first();
        return Err(ScopeError::Missing {
            scope: (*usual.unwrap_or(&"")).to_owned(),
            reason: "no other scope lets Mailgrant log in by IMAP".to_owned(),
        });
    }
    for (needed, reason) in rules.needed {
        if !contains(&scopes, needed) {
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
    if rules.mail.is_empty() {
        let missing = asked.iter().find(|scope| {
            !contains(granted, scope.as_str()) && !rules.companions.contains(&scope.as_str())
        });
        return missing.cloned();
    }
    if granted
        .iter()
        .any(|scope| rules.allows(Protocol::Imap, scope))
    {
        return None;
    }
    let asked = expand_scopes(kind, asked);
    asked
        .into_iter()
        .find(|scope| rules.allows(Protocol::Imap, scope))
}

/// The protocols by which these scopes let somebody log in. Where nothing is known of a provider's
/// scopes, all of them.
pub fn protocols_allowed(kind: ProviderKind, granted: &[Scope]) -> Vec<Protocol> {
    let rules = &catalogue::row(kind).scope_rules;
    if rules.mail.is_empty() {
        return Protocol::ALL.to_vec();
    }
    protocols_of(rules, granted).collect()
}

fn protocols_of<'a>(
    rules: &'a ScopeRules,
    scopes: &'a [Scope],
) -> impl Iterator<Item = Protocol> + 'a {
    let allowed = |protocol: &Protocol| scopes.iter().any(|scope| rules.allows(*protocol, scope));
    Protocol::ALL.iter().copied().filter(allowed)
}

/// What a scope is under some rules.
enum Reading<'a> {
    /// Names no resource that is known, and is welcome.
    Companion,
    /// Opens a mail server of this resource; the name behind it.
    Mail {
        resource: &'static str,
        name: &'a str,
    },
    /// Opens another resource that is known.
    Beside(Resource),
    /// Cannot serve; why.
    Refused(&'static str),
}

impl ScopeRules {
    fn read<'a>(&self, scope: &'a Scope) -> Reading<'a> {
        if is_one_of(self.companions, scope.as_str()) {
            return Reading::Companion;
        }
        for resource in self.mail {
            let Some(name) = without_prefix(scope.as_str(), resource) else {
                continue;
            };
            // Where the name may be empty, or nothing stands before it, anything else is no
            // scope of a mail server.
            let only_known = resource.is_empty() || self.imap.contains(&"");
            let is_known = Protocol::ALL
                .iter()
                .any(|protocol| is_one_of(self.names(*protocol), name));
            if is_known || !only_known {
                return Reading::Mail { resource, name };
            }
        }
        let beside = self
            .beside
            .iter()
            .find(|(_, beginning)| without_prefix(scope.as_str(), beginning).is_some());
        if let Some((resource, _)) = beside {
            return Reading::Beside(*resource);
        }
        self.refusal(scope)
            .map_or(Reading::Companion, Reading::Refused)
    }

    fn refusal(&self, scope: &Scope) -> Option<&'static str> {
        self.refusals
            .iter()
            .find(|(beginning, _)| without_prefix(scope.as_str(), beginning).is_some())
            .map(|(_, reason)| *reason)
    }

    /// None may be refused, and all of mail belong to one resource.
    fn check_each(&self, scopes: &[Scope]) -> Result<(), ScopeError> {
        let mut first = None;
        for scope in scopes {
            match self.read(scope) {
                Reading::Companion | Reading::Beside(_) => {}
                Reading::Refused(reason) => return Err(cannot_serve(scope, reason)),
                Reading::Mail { resource, .. } => {
                    let first = *first.get_or_insert(resource);
                    if first != resource {
                        let reason = format!(
                            "`{first}…` is asked for as well, and a token serves one resource; \
                             keep one"
                        );
                        return Err(cannot_serve(scope, reason));
                    }
                }
            }
        }
        Ok(())
    }

    /// Microsoft's `.default` means "all that was consented to" and stands alone (scopes-oidc).
    fn check_default(&self, scopes: &[Scope]) -> Result<(), ScopeError> {
        let opening = |scope: &&Scope| !matches!(self.read(scope), Reading::Companion);
        let opening: Vec<&Scope> = scopes.iter().filter(opening).collect();
        let default = |scope: &&&Scope| {
            let text = scope.as_str().to_ascii_lowercase();
            text.ends_with("/.default")
        };
        match opening.iter().find(default) {
            Some(scope) if opening.len() > 1 => Err(cannot_serve(
                scope,
                "it means all that was consented to and cannot be mixed with other scopes; keep \
                 it alone, or name each scope",
            )),
            _ => Ok(()),
        }
    }

    /// The scopes of a token request for one resource: those that open it and those without which
    /// the grant would not last. Who signed in is known by then. Where none opens the mail servers
    /// all are named, for they are what an administrator entered for them; another resource that
    /// none opens gets none.
    pub fn of_one_resource(&self, resource: Resource, scopes: &[Scope]) -> Vec<Scope> {
        if !scopes.iter().any(|scope| self.opens(resource, scope)) {
            return match resource {
                Resource::Mail => scopes.to_vec(),
                Resource::Graph | Resource::Gmail => Vec::new(),
            };
        }
        let needed = |scope: &Scope| {
            let mut needed = self.needed.iter();
            needed.any(|(needed, _)| scope.0.eq_ignore_ascii_case(needed))
        };
        let belongs = |scope: &&Scope| self.opens(resource, scope) || needed(scope);
        scopes.iter().filter(belongs).cloned().collect()
    }

    /// The scopes with which a code is redeemed: without those of other resources than `resource`.
    pub(crate) fn without_others(&self, resource: Resource, scopes: &[Scope]) -> Vec<Scope> {
        let other = |scope: &Scope| match self.read(scope) {
            Reading::Mail { .. } => resource != Resource::Mail,
            Reading::Beside(of) => resource != of,
            Reading::Companion | Reading::Refused(_) => false,
        };
        let kept = scopes.iter().filter(|scope| !other(scope));
        kept.cloned().collect()
    }

    fn opens(&self, resource: Resource, scope: &Scope) -> bool {
        match self.read(scope) {
            Reading::Mail { .. } => resource == Resource::Mail,
            Reading::Beside(of) => resource == of,
            Reading::Companion | Reading::Refused(_) => false,
        }
    }

    fn allows(&self, protocol: Protocol, scope: &Scope) -> bool {
        match self.read(scope) {
            Reading::Mail { name, .. } => is_one_of(self.names(protocol), name),
            _ => false,
        }
    }

    fn names(&self, protocol: Protocol) -> &'static [&'static str] {
        match protocol {
            Protocol::Imap => self.imap,
            Protocol::Pop3 => self.pop3,
            Protocol::Smtp => self.smtp,
        }
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
