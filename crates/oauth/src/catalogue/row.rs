//! What a row of the catalogue says.

use mailgrant_base::Protocol;

use crate::{ProviderKind, Resource, SecretMethod};

/// One kind of provider.
#[derive(Debug)]
pub struct Row {
    /// Which kind.
    pub kind: ProviderKind,
    /// Its name for people.
    pub label: &'static str,
    /// Where it is offered in a list of choices.
    pub group: Group,
    /// The pages that the row follows.
    pub documented: Documented,
    /// What to know before choosing it; empty where it simply works.
    pub caveats: &'static [&'static str],

    /// Its IMAP server, where everybody has the same.
    pub imap: Option<Host>,
    /// Its POP3 server.
    pub pop3: Option<Host>,
    /// Its server for submission by SMTP.
    pub smtp: Option<Host>,
    /// The APIs by which its mail can be read besides, each at its base address.
    pub apis: &'static [(Resource, &'static str)],
    /// How many connections a mailbox may have at once, where it is published.
    pub connections: Connections,
    /// Domains of addresses that are certainly this provider's.
    pub domains: &'static [&'static str],

    /// Where its endpoints are, unless set by hand; `None` where discovery or hands must say.
    pub endpoints: Option<KnownEndpoints>,
    /// What `{tenant}` in an address stands for and what may be entered; `None` where the
    /// provider has no such thing.
    pub tenant: Option<Tenant>,
    /// The host where people sign in, by which its clouds differ.
    pub login_host: Option<&'static str>,
    /// Where an application is registered.
    pub portal: Option<&'static str>,
    /// How it wants a client secret sent, unless set by hand.
    pub secret_method: SecretMethod,
    /// With which algorithm an RSA key signs what proves who Mailgrant is.
    pub rsa_algorithm: RsaAlgorithm,
    /// How long a client secret lives at most, in days, where the provider sets a limit.
    pub secret_longest_days: Option<u16>,
    /// Extra parameters of the authorization request (`access_type=offline` …).
    pub authorize_parameters: &'static [(&'static str, &'static str)],
    /// The host in a redirect URI to a command line on the same machine.
    pub loopback_host: &'static str,
    /// How an application gets access of its own, without a person; `None` where it cannot.
    pub application_grant: Option<ApplicationGrant>,

    /// The scopes asked for in the authorization request, by resource, unless set by hand.
    pub scopes: &'static [(Resource, &'static [&'static str])],
    /// Short words that may be entered instead of scopes, and what each stands for.
    pub scope_words: &'static [(&'static str, &'static [&'static str])],
    /// Which scopes can serve a login to a mail server, and why others cannot.
    pub scope_rules: ScopeRules,
    /// Whether token requests repeat the scopes. Microsoft needs them to know which resource the
    /// token is for; elsewhere silence means "what was granted" (RFC 6749, section 6), which also
    /// holds when less was granted than asked for.
    pub token_scopes: bool,
    /// Whether a refresh repeats the redirect URI, which RFC 6749 does not ask for.
    pub refresh_wants_redirect_uri: bool,

    /// What becomes of a refresh token when it is used.
    pub rotation: Rotation,
    /// How long an unused refresh token lives, in days; `None` where it is not known.
    pub idle_days: Option<u16>,
    /// How long a grant lives at most, however much it is used, in days.
    pub absolute_days: Option<u16>,
    /// How long the grants of an application live that is still being tested, in days.
    pub testing_days: Option<u16>,
    /// How many refresh tokens a client may have for one person; one more ends the oldest.
    pub refresh_tokens_per_user: Option<u16>,
    /// What ends a grant, each in a few words.
    pub ended_by: &'static [&'static str],
    /// Where a person ends a grant: the only way where there is no endpoint for it (RFC 7009).
    pub revoke_elsewhere: &'static [RevokeElsewhere],

    /// The claims that together name the person for good; `sub` where one of them is missing.
    pub subject_claims: &'static [&'static str],
}

/// Where a kind stands in a list of choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What most people have.
    Usual,
    /// Whatever follows the standards.
    Any,
    /// The others that are known.
    Further,
}

/// What a row rests on.
#[derive(Debug, Clone, Copy)]
pub struct Documented {
    /// The pages: addresses, or names of documents; the main one first.
    pub sources: &'static [&'static str],
    /// The day when they were read, `YYYY-MM-DD`.
    pub as_of: &'static str,
    /// Whether somebody has connected a real mailbox there with this row. If not, the row says
    /// what the pages say, and no more.
    pub verified: bool,
}

impl Documented {
    /// How far the row can be trusted, in a word: `verified` by somebody with a real mailbox,
    /// `documented` on the provider's own pages, or only `seen` in other programs.
    pub fn state(&self) -> &'static str {
        let has_page = self
            .sources
            .first()
            .is_some_and(|one| one.starts_with("https://"));
        match (self.verified, has_page) {
            (true, _) => "verified",
            (false, true) => "documented",
            (false, false) => "seen",
        }
    }
}

/// A mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: &'static str,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: HostSecurity,
}

/// How a connection to a mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS after the command STARTTLS.
    StartTls,
}

impl Host {
    /// A server that speaks TLS from the first byte.
    pub(super) const fn tls(name: &'static str, port: u16) -> Self {
        Self {
            name,
            port,
            security: HostSecurity::Tls,
        }
    }

    /// A server that speaks TLS after STARTTLS.
    pub(super) const fn starttls(name: &'static str, port: u16) -> Self {
        Self {
            name,
            port,
            security: HostSecurity::StartTls,
        }
    }
}

/// How many connections one mailbox may have at once; `None` where nothing is published.
#[derive(Debug, Clone, Copy, Default)]
pub struct Connections {
    /// By IMAP.
    pub imap: Option<u16>,
    /// By POP3.
    pub pop3: Option<u16>,
    /// By SMTP.
    pub smtp: Option<u16>,
    /// Requests at the same time to the API by which its mail can be read.
    pub api: Option<u16>,
}

impl Connections {
    /// By this protocol.
    pub const fn of(&self, protocol: Protocol) -> Option<u16> {
        match protocol {
            Protocol::Imap => self.imap,
            Protocol::Pop3 => self.pop3,
            Protocol::Smtp => self.smtp,
        }
    }
}

/// Endpoints that are the same for everybody; `{tenant}` stands for the profile's tenant.
#[derive(Debug)]
pub struct KnownEndpoints {
    /// The issuer; `{tenantid}` stands for the `tid` claim of the token at hand. `None` where the
    /// provider signs no `id_token`.
    pub issuer: Option<&'static str>,
    /// Other spellings of the issuer that `id_token`s have been seen with.
    pub issuer_aliases: &'static [&'static str],
    /// Where the browser is sent.
    pub authorization: &'static str,
    /// Where codes and refresh tokens are redeemed.
    pub token: &'static str,
    /// Where the signing keys are; `None` where the provider signs no `id_token`.
    pub jwks: Option<&'static str>,
    /// Where a grant is ended (RFC 7009), if anywhere.
    pub revocation: Option<&'static str>,
    /// Where a device code is asked for (RFC 8628), if mail can be had that way.
    pub device_authorization: Option<&'static str>,
    /// Where a token can be asked about (RFC 7662), if anywhere.
    pub introspection: Option<&'static str>,
    /// Where a tenant's administrator consents for everybody; `{tenant}`, `{client_id}`, `{scope}`,
    /// `{redirect_uri}` and `{state}` are to be filled in.
    pub admin_consent: Option<&'static str>,
    /// The tenant where the profile names none.
    pub default_tenant: &'static str,
    /// Tenants that have a name besides their number.
    pub tenant_numbers: &'static [(&'static str, &'static str)],
}

impl KnownEndpoints {
    /// A plain OAuth 2.0 server, of which only the two endpoints are known.
    pub(super) const fn plain(authorization: &'static str, token: &'static str) -> Self {
        Self {
            issuer: None,
            issuer_aliases: &[],
            authorization,
            token,
            jwks: None,
            revocation: None,
            device_authorization: None,
            introspection: None,
            admin_consent: None,
            default_tenant: "",
            tenant_numbers: &[],
        }
    }
}

/// What a provider's addresses differ by.
#[derive(Debug, Clone, Copy)]
pub struct Tenant {
    /// Its name for people.
    pub label: &'static str,
    /// What may be entered.
    pub hint: &'static str,
    /// All that there are, where they are known: part of an address to which a secret goes.
    pub known: &'static [&'static str],
    /// Names that stand for many of them: people can sign in there, an application cannot.
    pub shared: &'static [&'static str],
}

/// How an RSA key signs (RFC 7518, sections 3.3 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaAlgorithm {
    /// PKCS#1 v1.5, which every server knows.
    Rs256,
    /// PSS, which the better ones ask for.
    Ps256,
}

/// How an application gets access of its own (nobody signs in).
#[derive(Debug)]
pub struct ApplicationGrant {
    /// The way.
    pub method: ApplicationMethod,
    /// The scopes of its token request, by resource; empty where the provider's defaults serve.
    pub scopes: &'static [(Resource, &'static [&'static str])],
}

/// The way to a token without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationMethod {
    /// Client credentials (RFC 6749, section 4.4): the mail server decides which mailboxes.
    ClientCredentials,
    /// A signed assertion whose `sub` is the mailbox (RFC 7523).
    JwtBearer,
}

/// What becomes of a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It is not known.
    Unknown,
    /// It stays as it is.
    Never,
    /// A new one comes; the old one goes on serving.
    OldStays,
    /// A new one comes; the old one ends.
    OldEnds,
    /// A new one comes; what becomes of the old one is not said.
    OldUnsaid,
}

/// A place where a person ends a grant.
#[derive(Debug, Clone, Copy)]
pub struct RevokeElsewhere {
    /// Who does what there.
    pub text: &'static str,
    /// The address.
    pub place: &'static str,
}

/// Which scopes can serve a login to a mail server. Compared without regard to case.
#[derive(Debug)]
pub struct ScopeRules {
    /// How the scopes of mail servers begin; the rest is a name. Empty where nothing is known; then
    /// every scope is accepted.
    pub mail: &'static [&'static str],
    /// The names, behind such a beginning, that allow IMAP.
    pub imap: &'static [&'static str],
    /// The names that allow POP3.
    pub pop3: &'static [&'static str],
    /// The names that allow SMTP.
    pub smtp: &'static [&'static str],
    /// How the scopes of other resources begin, which may be consented to beside those.
    pub beside: &'static [(Resource, &'static str)],
    /// Scopes that are welcome beside those, and name no resource.
    pub companions: &'static [&'static str],
    /// Scopes without which a grant does not last, with the reason.
    pub needed: &'static [(&'static str, &'static str)],
    /// Why every other scope is refused and what to enter instead, by how the scope begins; the
    /// first that fits is said. A scope that none fits is taken as it is.
    pub refusals: &'static [(&'static str, &'static str)],
}

impl ScopeRules {
    /// Nothing is known.
    pub(super) const ANY: Self = Self {
        mail: &[],
        imap: &[],
        pop3: &[],
        smtp: &[],
        beside: &[],
        companions: &[
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "offline_access",
        ],
        needed: &[],
        refusals: &[],
    };

    /// One scope opens all mail servers.
    pub(super) const fn one(scope: &'static [&'static str]) -> Self {
        Self {
            mail: &[""],
            imap: scope,
            pop3: scope,
            smtp: scope,
            ..Self::ANY
        }
    }
}

impl Row {
    /// A row that knows nothing but the standards; the others say what they know better.
    pub(super) const BLANK: Self = Self {
        kind: ProviderKind::Oauth2,
        label: "",
        group: Group::Further,
        documented: Documented {
            sources: &[],
            as_of: "",
            verified: false,
        },
        caveats: &[],
        imap: None,
        pop3: None,
        smtp: None,
        connections: Connections {
            imap: None,
            pop3: None,
            smtp: None,
            api: None,
        },
        apis: &[],
        domains: &[],
        endpoints: None,
        tenant: None,
        login_host: None,
        portal: None,
        // RFC 6749, section 2.3.1: the one method that every server must support.
        secret_method: SecretMethod::Basic,
        // RFC 7518, section 3.1: what every server is recommended to know.
        rsa_algorithm: RsaAlgorithm::Rs256,
        secret_longest_days: None,
        authorize_parameters: &[],
        // RFC 8252, section 7.3; `localhost` may lead elsewhere (section 8.3).
        loopback_host: "127.0.0.1",
        application_grant: None,
        scopes: &[(Resource::Mail, &[])],
        scope_words: &[],
        scope_rules: ScopeRules::ANY,
        token_scopes: false,
        refresh_wants_redirect_uri: false,
        rotation: Rotation::Unknown,
        idle_days: None,
        absolute_days: None,
        testing_days: None,
        refresh_tokens_per_user: None,
        ended_by: &[],
        revoke_elsewhere: &[],
        subject_claims: &["sub"],
    };

    /// The scopes of a resource that are asked for unless others were entered by hand.
    pub fn default_scopes(&self, resource: Resource) -> &'static [&'static str] {
        scopes_of(self.scopes, resource)
    }

    /// The base address of the API for this resource.
    pub fn api(&self, resource: Resource) -> Option<&'static str> {
        let mut apis = self.apis.iter();
        apis.find(|(of, _)| *of == resource).map(|(_, base)| *base)
    }

    /// What a short word stands for here.
    pub fn scopes_of_word(&self, word: &str) -> Option<&'static [&'static str]> {
        let mut words = self.scope_words.iter();
        let found = words.find(|(known, _)| known.eq_ignore_ascii_case(word));
        found.map(|(_, scopes)| *scopes)
    }
}

impl ApplicationGrant {
    /// The scopes of the application's token request for a resource.
    pub fn scopes(&self, resource: Resource) -> &'static [&'static str] {
        scopes_of(self.scopes, resource)
    }
}

fn scopes_of(
    all: &'static [(Resource, &'static [&'static str])],
    resource: Resource,
) -> &'static [&'static str] {
    all.iter()
        .find(|(of, _)| *of == resource)
        .map_or(&[], |(_, scopes)| scopes)
}
