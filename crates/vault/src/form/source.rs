//! By which way mail is read, and what goes with each.

use mailgrant_oauth::{Access, Resource, catalogue, expand_scopes};

use super::check::Problems;
use crate::{AfterDelivery, Folders, Provider, Source, StartFrom};

/// The ways by which mail is read, by their words.
pub(super) const SOURCES: [(&str, Source); 4] = [
    ("imap", Source::Imap),
    ("pop3", Source::Pop3),
    ("graph", Source::Graph),
    ("gmail", Source::Gmail),
];

/// What POP3 does not know is told where it is entered.
pub(super) fn fits_pop3(
    folders: &Folders,
    start: Option<StartFrom>,
    after: Option<&AfterDelivery>,
    problems: &mut Problems,
) {
    if *folders != Folders::default() {
        problems.add("folder", "must be INBOX: POP3 knows no other folder");
    }
    if matches!(start, Some(StartFrom::Unseen | StartFrom::Since(_))) {
        let wanted = "must be everything or only-new: POP3 knows neither days nor what is read";
        problems.add("start", wanted);
    }
    if matches!(
        after,
        Some(AfterDelivery::MarkSeen | AfterDelivery::Move { .. })
    ) {
        let wanted = "must be keep, delete or delete-after: POP3 knows no more";
        problems.add("after", wanted);
    }
}

/// Which folder is for what is known by IMAP alone.
pub(super) fn fits_source(source: Source, folders: &Folders, problems: &mut Problems) {
    if source != Source::Imap
        && let Some(wanted) = folders.uses().next()
    {
        let why = format!("must name folders: only by IMAP is it known which one is {wanted}");
        problems.add("folder", why);
    }
}

/// That a provider of this kind has the API, and that its tokens open it, is told where it is entered.
pub(super) fn fits_provider(source: Source, provider: &Provider, problems: &mut Problems) {
    let name = match source {
        Source::Imap | Source::Pop3 => return,
        Source::Graph => "Microsoft Graph",
        Source::Gmail => "Gmail API",
    };
    let resource = source.resource();
    let profile = &provider.profile;
    let row = catalogue::row(profile.kind);
    if row.api(resource).is_none() {
        let label = row.label;
        let problem = format!("must be imap or pop3: {label} has no {name} to read mail by");
        problems.add("source", problem);
        return;
    }
    if resource == Resource::Gmail {
        // Google's scope for IMAP, which every profile has, opens the API too.
        return;
    }
    let entered = profile.scopes.as_deref().unwrap_or_default();
    let requested = expand_scopes(profile.kind, entered);
    let opens = !row
        .scope_rules
        .of_one_resource(resource, &requested)
        .is_empty();
    if profile.access == Access::Delegated && !opens {
        let provider = &provider.name;
        problems.add(
            "source",
            format!(
                "needs a scope for {name}: set the scopes of the provider {provider} to `imap \
                 graph`, then authorize the account again"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mailgrant_oauth::{ClientCredential, EndpointOverrides, Profile, ProviderKind, Scope};

    use super::*;
    use crate::ProviderId;

    fn told(source: Source, kind: ProviderKind, access: Access, scopes: &str) -> Option<String> {
        let provider = Provider {
            id: ProviderId(1),
            name: "work".to_owned(),
            profile: Profile {
                kind,
                client_id: "us".to_owned(),
                access,
                credential: ClientCredential::None,
                second_credential: None,
                tenant: None,
                issuer: None,
                endpoints: EndpointOverrides::default(),
                scopes: (!scopes.is_empty()).then(|| Scope::parse_list(scopes).unwrap()),
            },
            paused: false,
            trouble: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let mut problems = Problems::default();
        fits_provider(source, &provider, &mut problems);
        let errors = problems.finish(Some(())).err()?;
        assert_eq!(errors.0[0].field, "source");
        Some(errors.0[0].problem.clone())
    }

    #[test]
    fn an_api_is_for_its_provider_alone_and_for_tokens_that_open_it() {
        use ProviderKind::{Microsoft, MicrosoftChina, MicrosoftUs, Oidc};
        let graph = |kind, scopes| told(Source::Graph, kind, Access::Delegated, scopes);
        for other in [Oidc, ProviderKind::Google, MicrosoftChina] {
            let told = graph(other, "imap graph").unwrap();
            assert!(told.contains("has no Microsoft Graph"), "{told}");
        }
        for scopes in ["", "imap", "imap smtp"] {
            let told = graph(Microsoft, scopes).unwrap();
            assert!(told.contains("provider work to `imap graph`"), "{told}");
        }
        assert_eq!(graph(Microsoft, "imap graph"), None);
        assert_eq!(graph(MicrosoftUs, "graph imap"), None);
        // An application is asked for all that was consented to, of whatever it opens.
        let application = told(Source::Graph, Microsoft, Access::Application, "");
        assert_eq!(application, None);
        for (kind, fits) in [
            (Microsoft, false),
            (Oidc, false),
            (ProviderKind::Google, true),
        ] {
            let told = told(Source::Gmail, kind, Access::Delegated, "");
            assert_eq!(told.is_none(), fits, "{told:?}");
        }
        assert_eq!(told(Source::Pop3, Oidc, Access::Delegated, ""), None);
    }
}
