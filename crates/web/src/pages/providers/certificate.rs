//! A certificate instead of a client secret: made here, shown as often as it is wanted, and uploaded
//! at the provider by a person. Its private key never leaves the store.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_oauth::catalogue;
use mailgrant_oauth::{ClientCredential, ClientKey, KeyAlgorithm, KeyError};
use mailgrant_vault::{EventKind, FieldError, Provider, ProviderForm, VaultError};

use super::credentials::{self, CredentialFacts};
use super::{find, note};
use crate::app::Site;
use crate::layout::{Layout, page, page_with_status};
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// For how many days a certificate may be good, and for how many unless another choice is made.
const DAYS: [(u16, &str); 4] = [
    (180, "Half a year"),
    (365, "A year"),
    (730, "Two years"),
    (1095, "Three years"),
];
const USUAL_DAYS: u16 = 730;

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    layout: Layout,
    id: i64,
    name: String,
    /// The version that a new certificate changes.
    version: i64,
    portal: Option<&'static str>,
    /// The certificate that is there, in PEM, and what is known of it.
    present: Option<(String, CredentialFacts)>,
    /// What serves until the new one is taken, if anything.
    second: Option<&'static str>,
    days: Vec<Days>,
    problem: Option<String>,
}

/// A choice.
struct Days {
    count: u16,
    words: &'static str,
    chosen: bool,
}

/// The certificate that is there, and the button that makes one.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    Ok(page(&view(&site, &visitor, &provider, None)))
}

/// Makes one and puts it first; what served before stays as the second.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    let again = |status: StatusCode, told: String| {
        Ok(page_with_status(
            status,
            &view(&site, &visitor, &provider, Some(told)),
        ))
    };
    let algorithm = match sent.text("algorithm").as_str() {
        "ec" => KeyAlgorithm::EcP256,
        _ => KeyAlgorithm::Rsa,
    };
    let days = sent.text("days").parse().unwrap_or(USUAL_DAYS);
    let key = match make(&site, &provider, days, algorithm).await {
        Ok(key) => key,
        Err(error) => {
            let told = format!("Nothing was changed: {error}.");
            return again(StatusCode::UNPROCESSABLE_ENTITY, told);
        }
    };
    let form = ProviderForm::with_new_key(&provider, key);
    let draft = match form.check(Some(&provider)) {
        Ok(draft) => draft,
        Err(errors) => {
            let told: Vec<String> = errors.0.iter().map(in_words).collect();
            return again(StatusCode::UNPROCESSABLE_ENTITY, told.join(" "));
        }
    };
    let version = sent.text("version").parse().unwrap_or_default();
    let now = site.clock.now();
    let changed = site
        .vault
        .change_provider(provider.id, version, &draft, now)
        .await;
    match changed {
        Ok(provider) => {
            let did = "made a new certificate for";
            let kind = EventKind::ProviderChanged;
            note(&site, kind, &visitor.name, &provider, did).await?;
            let path = format!("/providers/{id}/certificate");
            Ok(see_other_with(&site, &path, Notice::CertificateMade))
        }
        Err(VaultError::Stale { .. }) => {
            let told = "The provider was changed meanwhile, perhaps by a second press of the button. Nothing was made: look at what stands below before you try again.";
            again(StatusCode::CONFLICT, told.to_owned())
        }
        Err(error) => Err(error.into()),
    }
}

/// Making an RSA key takes a moment in which other pages are to be served.
async fn make(
    site: &Site,
    provider: &Provider,
    days: u16,
    algorithm: KeyAlgorithm,
) -> Result<ClientKey, KeyError> {
    let subject = format!("Mailgrant {}", provider.name);
    let (clock, random) = (site.clock.clone(), site.random.clone());
    let making = tokio::task::spawn_blocking(move || {
        ClientKey::generate(&subject, days, algorithm, clock.as_ref(), random.as_ref())
    });
    making
        .await
        .unwrap_or_else(|error| Err(KeyError::NotMade(error.to_string())))
}

fn in_words(error: &FieldError) -> String {
    match error.field {
        "keep_second" => "There is a second credential already, and whichever of the two serves is not thrown away unasked. Drop the second one on the provider's page first, once the first serves.".to_owned(),
        field => format!("{field} {}.", error.problem),
    }
}

fn view(
    site: &Site,
    visitor: &SignedIn,
    provider: &Provider,
    problem: Option<String>,
) -> CertificatePage {
    let profile = &provider.profile;
    let refused = site.keeper.refused_credential(provider).is_some();
    let facts = credentials::of(provider, refused, site.clock.now());
    let pem = match &profile.credential {
        ClientCredential::Key(key) => key.certificates_pem(),
        _ => None,
    };
    CertificatePage {
        layout: Layout::signed_in(format!("Certificate of {}", provider.name), visitor)
            .section("providers"),
        id: provider.id.0,
        name: provider.name.clone(),
        version: provider.version,
        portal: catalogue::row(profile.kind).portal,
        present: pem.zip(facts.into_iter().next()),
        second: profile
            .second_credential
            .as_ref()
            .map(ClientCredential::label),
        days: DAYS
            .map(|(count, words)| Days {
                count,
                words,
                chosen: count == USUAL_DAYS,
            })
            .into(),
        problem,
    }
}
