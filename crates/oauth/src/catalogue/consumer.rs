//! Mail services with logins of their own.
//!
//! Thunderbird's table (`mailnews/base/src/OAuth2Providers.sys.mjs`) shows what a mail program uses
//! there; where a service has pages of its own, these come first. The client ids in that table are
//! Thunderbird's: nobody else may use them.

use super::{Documented, Host, KnownEndpoints, RevokeElsewhere, Rotation, Row, ScopeRules, Tenant};
use crate::{ProviderKind, Resource, SecretMethod};

const THUNDERBIRD: &str = "Thunderbird, mailnews/base/src/OAuth2Providers.sys.mjs";
const READ_ON: &str = "2026-11-24";

const fn read(sources: &'static [&'static str]) -> Documented {
    Documented {
        sources,
        as_of: READ_ON,
        verified: false,
    }
}

/// One scope for IMAP, POP3 and SMTP.
const YAHOO_MAIL: &[&str] = &["mail-w"];

const BY_CONTRACT: &str = "Yahoo gives the scope for mail to clients that it has agreed with alone \
                           (its form “Yahoo Mail API Access”); without it sign-in ends with \
                           invalid_scope.";

pub(super) const YAHOO: Row = Row {
    kind: ProviderKind::Yahoo,
    label: "Yahoo",
    documented: read(&[
        "https://developer.yahoo.com/oauth2/guide/flows_authcode/",
        "https://api.login.yahoo.com/.well-known/openid-configuration",
        THUNDERBIRD,
    ]),
    caveats: &[BY_CONTRACT],
    imap: Some(Host::tls("imap.mail.yahoo.com", 993)),
    pop3: Some(Host::tls("pop.mail.yahoo.com", 995)),
    smtp: Some(Host::tls("smtp.mail.yahoo.com", 465)),
    // yahoo.co.jp is another company.
    domains: &["yahoo.com", "ymail.com", "rocketmail.com"],
    endpoints: Some(KnownEndpoints {
        issuer: Some("https://api.login.yahoo.com"),
        jwks: Some("https://api.login.yahoo.com/openid/v1/certs"),
        // Its metadata calls this `token_revocation_endpoint`.
        revocation: Some("https://api.login.yahoo.com/oauth2/revoke"),
        introspection: Some("https://api.login.yahoo.com/oauth2/introspect"),
        ..KnownEndpoints::plain(
            "https://api.login.yahoo.com/oauth2/request_auth",
            "https://api.login.yahoo.com/oauth2/get_token",
        )
    }),
    login_host: Some("api.login.yahoo.com"),
    portal: Some("https://developer.yahoo.com/apps/"),
    scopes: &[(Resource::Mail, YAHOO_MAIL)],
    scope_words: &[
        ("imap", YAHOO_MAIL),
        ("pop3", YAHOO_MAIL),
        ("smtp", YAHOO_MAIL),
    ],
    scope_rules: ScopeRules {
        // Reading alone is enough for IMAP and POP3.
        imap: &["mail-w", "mail-r"],
        pop3: &["mail-w", "mail-r"],
        ..ScopeRules::one(YAHOO_MAIL)
    },
    refresh_wants_redirect_uri: true,
    ended_by: &["the person takes the access back"],
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application in the account's settings.",
        place: "https://login.yahoo.com/account",
    }],
    ..Row::BLANK
};

pub(super) const AOL: Row = Row {
    kind: ProviderKind::Aol,
    label: "AOL",
    documented: read(&[THUNDERBIRD]),
    imap: Some(Host::tls("imap.aol.com", 993)),
    pop3: Some(Host::tls("pop.aol.com", 995)),
    smtp: Some(Host::tls("smtp.aol.com", 465)),
    domains: &["aol.com"],
    // The same platform as Yahoo; its metadata was not read.
    endpoints: Some(KnownEndpoints::plain(
        "https://api.login.aol.com/oauth2/request_auth",
        "https://api.login.aol.com/oauth2/get_token",
    )),
    login_host: Some("api.login.aol.com"),
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application in the account's settings.",
        place: "https://login.aol.com/account",
    }],
    ..YAHOO
};

pub(super) const FASTMAIL: Row = Row {
    kind: ProviderKind::Fastmail,
    label: "Fastmail",
    documented: read(&[
        "https://www.fastmail.com/for-developers/oauth/",
        THUNDERBIRD,
    ]),
    caveats: &["Fastmail registers clients by hand, on request."],
    imap: Some(Host::tls("imap.fastmail.com", 993)),
    pop3: Some(Host::tls("pop.fastmail.com", 995)),
    smtp: Some(Host::tls("smtp.fastmail.com", 465)),
    domains: &["fastmail.com", "fastmail.fm"],
    endpoints: Some(KnownEndpoints {
        // It sends `iss` with the code (RFC 9207), and signs no id_token.
        issuer: Some("https://api.fastmail.com"),
        revocation: Some("https://api.fastmail.com/oauth/revoke"),
        ..KnownEndpoints::plain(
            "https://api.fastmail.com/oauth/authorize",
            // So named, and for codes as well.
            "https://api.fastmail.com/oauth/refresh",
        )
    }),
    login_host: Some("api.fastmail.com"),
    portal: Some("https://www.fastmail.com/for-developers/oauth/"),
    secret_method: SecretMethod::Post,
    scopes: &[(
        Resource::Mail,
        &["https://www.fastmail.com/dev/protocol-imap"],
    )],
    scope_words: &[
        ("imap", &["https://www.fastmail.com/dev/protocol-imap"]),
        ("pop3", &["https://www.fastmail.com/dev/protocol-pop"]),
        ("smtp", &["https://www.fastmail.com/dev/protocol-smtp"]),
    ],
    scope_rules: ScopeRules {
        mail: &["https://www.fastmail.com/dev/"],
        imap: &["protocol-imap"],
        pop3: &["protocol-pop"],
        smtp: &["protocol-smtp"],
        ..ScopeRules::ANY
    },
    rotation: Rotation::OldEnds,
    ended_by: &[
        "the person takes the access back",
        "an old refresh token is used again after a new one came",
    ],
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application under Privacy & Security.",
        place: "https://app.fastmail.com/settings",
    }],
    ..Row::BLANK
};

pub(super) const YANDEX: Row = Row {
    kind: ProviderKind::Yandex,
    label: "Yandex",
    documented: read(&[
        "https://yandex.ru/support/yandex-360/business/mail/ru/web/security/oauth",
        "https://yandex.ru/dev/id/doc/en/tokens/refresh-client",
        "https://yandex.ru/dev/id/doc/en/tokens/token-invalidate",
        THUNDERBIRD,
    ]),
    caveats: &[
        "The scopes are fixed where the application is registered; only IMAP and SMTP are \
                documented to take a token.",
    ],
    imap: Some(Host::tls("imap.yandex.com", 993)),
    pop3: Some(Host::tls("pop.yandex.com", 995)),
    smtp: Some(Host::tls("smtp.yandex.com", 465)),
    domains: &["yandex.com", "yandex.ru", "ya.ru"],
    endpoints: Some(KnownEndpoints {
        // Seen in public programs, with the token endpoint's usual grant.
        device_authorization: Some("https://oauth.yandex.com/device/code"),
        // https://oauth.yandex.com/revoke_token ends only tokens that were issued for a device.
        ..KnownEndpoints::plain(
            "https://oauth.yandex.com/authorize",
            "https://oauth.yandex.com/token",
        )
    }),
    login_host: Some("oauth.yandex.com"),
    portal: Some("https://oauth.yandex.com"),
    scopes: &[(Resource::Mail, &["mail:imap_full"])],
    scope_words: &[("imap", &["mail:imap_full"]), ("smtp", &["mail:smtp"])],
    scope_rules: ScopeRules {
        mail: &[""],
        imap: &["mail:imap_full", "mail:imap_ro"],
        pop3: &[],
        smtp: &["mail:smtp"],
        ..ScopeRules::ANY
    },
    // refresh-client: "returns a token and a new refresh token".
    rotation: Rotation::OldUnsaid,
    // refresh-client: "We recommend updating long-lived tokens every three months"; a refresh token
    // lives as long as the token that it came with.
    idle_days: Some(90),
    ended_by: &[
        "the person takes the access back",
        "the person changes the password, turns the second factor on or off, restores the account \
         or signs out on all devices",
        "the application's owner changes its rights or deletes it",
    ],
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application's access to data.",
        place: "https://id.yandex.com/personal/data-access",
    }],
    ..Row::BLANK
};

/// It opens SMTP as well (Thunderbird).
const MAILRU_MAIL: &[&str] = &["mail.imap"];

pub(super) const MAILRU: Row = Row {
    kind: ProviderKind::Mailru,
    label: "Mail.ru",
    documented: read(&[
        "https://help.mail.ru/developers/oauth/about",
        "https://id.vk.com/about/business/go/docs/ru/vkid/latest/oauth/oauth-mail/index",
        // openid and offline_access, and that consent must be asked for.
        "https://github.com/rustmailer/bichon/discussions/385",
        THUNDERBIRD,
    ]),
    imap: Some(Host::tls("imap.mail.ru", 993)),
    pop3: Some(Host::tls("pop.mail.ru", 995)),
    smtp: Some(Host::tls("smtp.mail.ru", 465)),
    domains: &["mail.ru", "bk.ru", "inbox.ru", "list.ru"],
    endpoints: Some(KnownEndpoints::plain(
        // Thunderbird still has o2.mail.ru.
        "https://oauth.mail.ru/login",
        "https://oauth.mail.ru/token",
    )),
    login_host: Some("oauth.mail.ru"),
    portal: Some("https://oauth.mail.ru/app/"),
    secret_method: SecretMethod::Post,
    // Without it no refresh token comes.
    authorize_parameters: &[("prompt", "consent")],
    scopes: &[(Resource::Mail, &["mail.imap", "openid", "offline_access"])],
    scope_words: &[
        ("imap", MAILRU_MAIL),
        ("pop3", MAILRU_MAIL),
        ("smtp", MAILRU_MAIL),
    ],
    scope_rules: ScopeRules {
        needed: &[
            (
                "offline_access",
                "without it Mail.ru gives no refresh token",
            ),
            ("openid", "Mail.ru gives `mail.imap` together with it alone"),
        ],
        ..ScopeRules::one(MAILRU_MAIL)
    },
    ended_by: &["the person takes the access back"],
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application's access in the account's settings.",
        place: "https://account.mail.ru",
    }],
    ..Row::BLANK
};

pub(super) const ZOHO: Row = Row {
    kind: ProviderKind::Zoho,
    label: "Zoho",
    documented: read(&[
        "https://www.zoho.com/mail/help/api/using-oauth-2.html",
        "https://www.zoho.com/accounts/protocol/oauth.html",
    ]),
    caveats: &[
        "Zoho documents OAuth for its REST API alone: whether its IMAP servers take a token \
                is not known. Try it before you rely on it, or use an application-specific \
                password.",
    ],
    // The mail servers differ by data centre and by plan (imap or imappro), so none is assumed.
    domains: &["zoho.com", "zohomail.com"],
    endpoints: Some(KnownEndpoints {
        // https://accounts.zoho.{tenant}/oauth/v2/token/revoke wants the token in the query, where
        // logs would keep it, and is not RFC 7009's.
        default_tenant: "com",
        ..KnownEndpoints::plain(
            "https://accounts.zoho.{tenant}/oauth/v2/auth",
            "https://accounts.zoho.{tenant}/oauth/v2/token",
        )
    }),
    tenant: Some(Tenant {
        label: "Data centre",
        hint: "how its addresses end: com, eu, in, com.au, com.cn, jp or sa",
        known: &["com", "eu", "in", "com.au", "com.cn", "jp", "sa"],
        shared: &[],
    }),
    login_host: Some("accounts.zoho.com"),
    portal: Some("https://api-console.zoho.com"),
    secret_method: SecretMethod::Post,
    authorize_parameters: &[("access_type", "offline"), ("prompt", "consent")],
    scopes: &[(
        Resource::Mail,
        &["ZohoMail.messages.ALL", "ZohoMail.accounts.READ"],
    )],
    refresh_tokens_per_user: Some(20),
    ended_by: &[
        "the person takes the access back",
        "twenty newer grants of the same person",
    ],
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application under Sessions, Connected apps.",
        place: "https://accounts.zoho.com",
    }],
    ..Row::BLANK
};

const COMCAST_MAIL: &[&str] = &["https://email.comcast.net/"];

pub(super) const COMCAST: Row = Row {
    kind: ProviderKind::Comcast,
    label: "Comcast (Xfinity)",
    documented: read(&[THUNDERBIRD]),
    caveats: &["No page says how to register a client; ask Comcast."],
    imap: Some(Host::tls("imap.comcast.net", 993)),
    pop3: Some(Host::tls("pop.comcast.net", 995)),
    smtp: Some(Host::starttls("smtp.comcast.net", 587)),
    domains: &["comcast.net"],
    endpoints: Some(KnownEndpoints::plain(
        "https://oauth.xfinity.com/oauth/authorize",
        "https://oauth.xfinity.com/oauth/token",
    )),
    login_host: Some("oauth.xfinity.com"),
    secret_method: SecretMethod::Post,
    scopes: &[(
        Resource::Mail,
        &["https://email.comcast.net/", "profile", "openid"],
    )],
    scope_words: &[
        ("imap", COMCAST_MAIL),
        ("pop3", COMCAST_MAIL),
        ("smtp", COMCAST_MAIL),
    ],
    scope_rules: ScopeRules::one(COMCAST_MAIL),
    ..Row::BLANK
};

pub(super) const THUNDERMAIL: Row = Row {
    kind: ProviderKind::Thundermail,
    label: "Thundermail",
    documented: read(&[THUNDERBIRD]),
    caveats: &["No page says how to register a client; the service is young."],
    // Thunderbird for Android names this host.
    imap: Some(Host::tls("mail.thundermail.com", 993)),
    smtp: Some(Host::tls("mail.thundermail.com", 465)),
    domains: &["thundermail.com", "tb.pro"],
    endpoints: Some(KnownEndpoints {
        issuer: Some("https://auth.tb.pro/realms/tbpro"),
        // It is a Keycloak, whose keys are always here.
        jwks: Some("https://auth.tb.pro/realms/tbpro/protocol/openid-connect/certs"),
        ..KnownEndpoints::plain(
            "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/auth",
            "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/token",
        )
    }),
    login_host: Some("auth.tb.pro"),
    scopes: &[(
        Resource::Mail,
        &["openid", "profile", "email", "offline_access"],
    )],
    ..Row::BLANK
};
