//! Mail services that offer no OAuth for IMAP, POP3 and SMTP.

/// Such a service.
#[derive(Debug)]
pub struct WithoutOauth {
    /// Its name for people.
    pub name: &'static str,
    /// Domains of addresses that are certainly its own.
    pub domains: &'static [&'static str],
    /// What to do instead.
    pub advice: &'static str,
}

const APP_PASSWORD: &str = "No OAuth for IMAP is offered. Make a password for applications in the \
                            account's settings and enter it in the application itself: Mailgrant \
                            cannot help here.";

const ALL: &[WithoutOauth] = &[
    WithoutOauth {
        name: "GMX",
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com"],
        advice: APP_PASSWORD,
    },
    WithoutOauth {
        name: "WEB.DE",
        domains: &["web.de"],
        advice: APP_PASSWORD,
    },
    WithoutOauth {
        name: "mail.com",
        domains: &["mail.com"],
        advice: APP_PASSWORD,
    },
    WithoutOauth {
        name: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        advice: APP_PASSWORD,
    },
    WithoutOauth {
        name: "T-Online",
        domains: &["t-online.de", "magenta.de"],
        advice: APP_PASSWORD,
    },
    WithoutOauth {
        name: "Proton Mail",
        domains: &["proton.me", "protonmail.com", "pm.me"],
        advice: "No OAuth for IMAP is offered. Proton Mail Bridge runs beside the application and \
                 has passwords of its own: Mailgrant cannot help here.",
    },
];

/// The service whose addresses have this domain, where it is known that it has no OAuth for mail
/// (as of 2026-11-24: none was found on its pages).
pub fn without_oauth(domain: &str) -> Option<&'static WithoutOauth> {
    ALL.iter().find(|service| {
        let mut domains = service.domains.iter();
        domains.any(|known| known.eq_ignore_ascii_case(domain))
    })
}

#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|service| service.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::kind_of_domain;

    #[test]
    fn a_service_without_oauth_is_known_by_its_domains_and_is_no_kind_of_provider() {
        assert_eq!(without_oauth("GMX.de").unwrap().name, "GMX");
        assert!(without_oauth("example.com").is_none());
        for service in ALL {
            assert!(service.advice.starts_with("No OAuth"), "{}", service.name);
            for domain in service.domains {
                assert_eq!(kind_of_domain(domain), None, "{domain}");
            }
        }
    }
}
