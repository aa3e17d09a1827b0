//! Codes, grants and tokens: what the provider has given, and what becomes of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::ambient::{Now, secret};
use super::refusal::Refusal;
use super::scope::Scope;
use crate::TokenBook;

/// How long a code can be redeemed.
const CODE_LIFETIME: Duration = Duration::from_mins(1);

/// How long a spent code is remembered, so that its reuse is noticed.
const CODE_MEMORY: Duration = Duration::from_mins(10);

/// What a user has consented to: that which a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Consent {
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scope: Scope,
    pub(super) redirect_uri: String,
    /// The PKCE challenge, method S256 (RFC 7636).
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    /// Whether the client gets a refresh token.
    pub(super) offline: bool,
}

/// What a code was redeemed for.
#[derive(Debug)]
pub(super) struct Redeemed {
    pub(super) grant: GrantId,
    pub(super) nonce: Option<String>,
    pub(super) offline: bool,
}

/// What a client must show to redeem a code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) client: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: &'a str,
}

/// Names a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GrantId(usize);

/// What a user has granted to a client.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) client: String,
    /// The client itself, where it acts in its own name.
    pub(super) user: String,
    pub(super) scope: Scope,
    /// Why it is over, if it is.
    ended: Option<&'static str>,
}

/// A valid token, as introspection and revocation see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scope: String,
    /// Seconds since 1970; `None` for a refresh token, which has no end of its own.
    pub(super) expires: Option<i64>,
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
}

/// All that the provider has given.
pub(super) struct Grants {
    book: TokenBook,
    now: Now,
    given: Vec<Grant>,
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    reuse_detected: u64,
}

struct Code {
    consent: Consent,
    issued: Instant,
    spent: bool,
    /// What it was redeemed for.
    grant: Option<GrantId>,
}

struct RefreshToken {
    grant: GrantId,
    spent: bool,
}

struct AccessToken {
    grant: GrantId,
    scope: String,
    expires: i64,
}

impl Grants {
    pub(super) fn new(book: TokenBook, now: Now) -> Self {
        Self {
            book,
            now,
            given: Vec::new(),
            codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            reuse_detected: 0,
        }
    }

    /// A code for a consent, to be redeemed once and soon.
    pub(super) fn code(&mut self, consent: Consent, now: Instant) -> String {
        self.codes
            .retain(|_, code| now.duration_since(code.issued) < CODE_MEMORY);
        let code = secret("co_");
        let entry = Code {
            consent,
            issued: now,
            spent: false,
            grant: None,
        };
        self.codes.insert(code.clone(), entry);
        code
    }

    /// Turns a code into a grant. Whatever comes of it, the
    /// code is spent; a spent code that comes again ends the grant that it gave (RFC 6749,
    /// section 4.1.2).
    pub(super) fn redeem(
        &mut self,
        code: &str,
        proof: Proof<'_>,
        now: Instant,
    ) -> Result<Redeemed, Refusal> {
        let Some(entry) = self.codes.get_mut(code) else {
            return Err(Refusal::invalid_grant("the code is unknown"));
        };
        if entry.spent {
            if let Some(grant) = entry.grant {
                self.end(grant, "its code was used twice");
            }
            let complaint = Refusal::invalid_grant("the code has been used before");
            return Err(complaint.entra(54_005));
        }
        entry.spent = true;
        entry.check(proof, now)?;
        let consent = entry.consent.clone();
        let grant = self.grant(&consent.client, &consent.user, consent.scope);
        if let Some(entry) = self.codes.get_mut(code) {
            entry.grant = Some(grant);
        }
        Ok(Redeemed {
            grant,
            nonce: consent.nonce,
            offline: consent.offline,
        })
    }

    /// A new grant, without any token yet.
    pub(super) fn grant(&mut self, client: &str, user: &str, scope: Scope) -> GrantId {
        self.given.push(Grant {
            client: client.to_owned(),
            user: user.to_owned(),
            scope,
            ended: None,
        });
        GrantId(self.given.len() - 1)
    }

    /// The grant of this name.
    pub(super) fn get(&self, grant: GrantId) -> &Grant {
        &self.given[grant.0]
    }

    /// A refresh token for a grant.
    pub(super) fn refresh_token(&mut self, grant: GrantId) -> String {
        let token = secret("rt_");
        let entry = RefreshToken {
            grant,
            spent: false,
        };
        self.refresh_tokens.insert(token.clone(), entry);
        token
    }

    /// An access token for a grant, entered in the book.
    pub(super) fn access_token(
        &mut self,
        grant: GrantId,
        scope: &Scope,
        lifetime: Duration,
    ) -> String {
        let token = secret("at_");
        self.enter(&token, grant, scope, None, lifetime);
        token
    }

    /// Enters an access token in the book, for an audience if it has one.
    pub(super) fn enter(
        &mut self,
        token: &str,
        grant: GrantId,
        scope: &Scope,
        audience: Option<&str>,
        lifetime: Duration,
    ) {
        let scope = scope.to_string();
        let seconds = lifetime.as_secs();
        let user = &self.given[grant.0].user;
        self.book.issue(token, user, &scope, seconds);
        if let Some(audience) = audience {
            self.book.restrict(token, audience);
        }
        let entry = AccessToken {
            grant,
            scope,
            expires: self.now.seconds().saturating_add_unsigned(seconds),
        };
        self.access_tokens.insert(token.to_owned(), entry);
    }

    /// Whether a user's grant to a client lives.
    pub(super) fn has_living(&self, client: &str, user: &str) -> bool {
        self.given.iter().any(|grant| grant.is_living(client, user))
    }

    /// Ends the oldest grants of a user to a client, so that at most `most` live.
    pub(super) fn keep_newest(&mut self, client: &str, user: &str, most: usize) {
        let living = (0..self.given.len()).filter(|at| self.given[*at].is_living(client, user));
        let living: Vec<usize> = living.collect();
        for at in &living[..living.len().saturating_sub(most)] {
            self.given[*at].ended = Some("newer ones have taken its place");
        }
    }

    /// Ends all that a token's user has granted to the token's client. Whether there was anything.
    pub(super) fn revoke_all_of(&mut self, token: &str) -> bool {
        let Some(known) = self.look_up(token) else {
            return false;
        };
        for at in 0..self.given.len() {
            if self.given[at].is_living(&known.client, &known.user) {
                self.end(GrantId(at), "it was revoked");
            }
        }
        true
    }

    /// Finds the grant behind a refresh token and the scopes that are asked for (RFC 6749,
    /// section 6). A spent token ends the grant (RFC 9700, section 4.14.2).
    pub(super) fn refresh(
        &mut self,
        token: &str,
        client: &str,
        asked: Option<Scope>,
    ) -> Result<(GrantId, Scope), Refusal> {
        let Some(&RefreshToken { grant, spent }) = self.refresh_tokens.get(token) else {
            let complaint = Refusal::invalid_grant("the refresh token is unknown");
            return Err(complaint.entra(70_000));
        };
        let known = &self.given[grant.0];
        if known.client != client {
            return Err(Refusal::invalid_grant(
                "the refresh token belongs to another client",
            ));
        }
        if let Some(why) = known.ended {
            let complaint = Refusal::invalid_grant(format!("the grant is over: {why}"));
            return Err(complaint.entra(50_173));
        }
        if spent {
            self.reuse_detected += 1;
            self.end(grant, "an old refresh token was used again");
            return Err(Refusal::invalid_grant(
                "the refresh token has been replaced by a newer one; the grant is ended",
            ));
        }
        let scope = asked.unwrap_or_else(|| known.scope.clone());
        if !known.scope.covers(&scope) {
            let complaint = format!("only these scopes are granted: {}", known.scope);
            return Err(Refusal::new("invalid_scope", complaint).entra(65_001));
        }
        Ok((grant, scope))
    }

    /// Replaces a refresh token by a new one: from now on the old one is spent.
    pub(super) fn rotate(&mut self, token: &str, grant: GrantId) -> String {
        if let Some(entry) = self.refresh_tokens.get_mut(token) {
            entry.spent = true;
        }
        self.refresh_token(grant)
    }

    /// What a token is, while it is valid.
    pub(super) fn look_up(&self, token: &str) -> Option<Known> {
        if let Some(entry) = self.access_tokens.get(token) {
            self.book.look_up(token)?;
            return Some(self.known(
                Kind::Access,
                entry.grant,
                entry.scope.clone(),
                Some(entry.expires),
            ));
        }
        if let Some((user, scope)) = self.book.look_up(token) {
            // Somebody put it into the book by hand.
            return Some(Known {
                kind: Kind::Access,
                client: String::new(),
                user,
                scope,
                expires: None,
            });
        }
        let entry = self.refresh_tokens.get(token)?;
        let grant = self.get(entry.grant);
        if entry.spent || grant.ended.is_some() {
            return None;
        }
        Some(self.known(Kind::Refresh, entry.grant, grant.scope.to_string(), None))
    }

    /// Ends what a token stands for: an access token alone, or with a refresh token the whole
    /// grant (RFC 7009, section 2.1).
    pub(super) fn revoke(&mut self, token: &str) {
        if self.access_tokens.remove(token).is_some() {
            self.book.revoke(token);
        } else if let Some(&RefreshToken { grant, .. }) = self.refresh_tokens.get(token) {
            self.end(grant, "it was revoked");
        }
    }

    /// Ends all grants of a user; access tokens live on until their time is up.
    pub(super) fn end_all_of(&mut self, user: &str) {
        for grant in &mut self.given {
            if grant.user == user {
                grant.ended.get_or_insert("it was revoked");
            }
        }
    }

    pub(super) fn reuse_detected(&self) -> u64 {
        self.reuse_detected
    }

    /// Ends a grant with all its access tokens.
    fn end(&mut self, grant: GrantId, why: &'static str) {
        self.given[grant.0].ended.get_or_insert(why);
        self.access_tokens.retain(|token, entry| {
            let stays = entry.grant != grant;
            if !stays {
                self.book.revoke(token);
            }
            stays
        });
    }

    fn known(&self, kind: Kind, grant: GrantId, scope: String, expires: Option<i64>) -> Known {
        let grant = self.get(grant);
        Known {
            kind,
            client: grant.client.clone(),
            user: grant.user.clone(),
            scope,
            expires,
        }
    }
}

impl Grant {
    /// Whether nobody has granted it but the client itself.
    pub(super) fn is_of_the_client_itself(&self) -> bool {
        self.user == self.client
    }

    fn is_living(&self, client: &str, user: &str) -> bool {
        self.ended.is_none() && self.client == client && self.user == user
    }
}

impl Code {
    fn check(&self, proof: Proof<'_>, now: Instant) -> Result<(), Refusal> {
        let complaint = if now.duration_since(self.issued) >= CODE_LIFETIME {
            "the code is too old"
        } else if proof.client != self.consent.client {
            "the code belongs to another client"
        } else if proof.redirect_uri != self.consent.redirect_uri {
            "the redirect URI is not the one of the authorization request"
        } else if challenge(proof.verifier) != self.consent.challenge {
            "the code verifier does not match the challenge"
        } else {
            return Ok(());
        };
        Err(Refusal::invalid_grant(complaint))
    }
}

/// The S256 challenge of a verifier (RFC 7636, section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
#[path = "tests/grants.rs"]
mod tests;
