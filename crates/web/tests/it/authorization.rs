//! The way to the provider and back, and everything that can go wrong on it.

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_sandbox::{ProviderFault, sign_in, sign_in_and_deny};
use mailgrant_vault::{Account, EventKind, GrantState};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::log::line_with;
use crate::visitor::{Answer, Visitor};
use crate::world::{ADDRESS, CLIENT_SECRET, OWNER_PASSWORD, World};

/// Presses *Authorize*; says where the departure page leads.
pub(crate) async fn leave(visitor: &mut Visitor, account: &Account) -> String {
    let path = format!("/accounts/{}/authorize", account.id.0);
    departure(&visitor.post(&path, &[]).await)
}

/// Where a departure page leads: by its header, and for whoever ignores that by its link.
pub(crate) fn departure(page: &Answer) -> String {
    page.says(200, &["You are being sent to 127.0.0.1"]);
    let url = page.header("refresh").strip_prefix("0; url=").unwrap();
    let link = crate::html::tags(&page.body)
        .into_iter()
        .find(|tag| tag.get("id") == Some("continue"));
    assert_eq!(link.unwrap().get("href"), Some(url));
    url.to_owned()
}

/// The owner signs in and consents; says what the provider's answer asks of our host.
pub(crate) async fn consent(leaving: &str) -> String {
    local(&sign_in(leaving, ADDRESS, OWNER_PASSWORD).await.unwrap())
}

/// Path and query.
fn local(url: &str) -> String {
    Url::parse(url).unwrap()[url::Position::BeforePath..].to_owned()
}

/// The value of a parameter of an answer.
fn parameter(path: &str, name: &str) -> String {
    let (_, query) = path.split_once('?').unwrap();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("{name} in {path}")).1.into()
}

fn replaced(path: &str, name: &str, value: &str) -> String {
    path.replace(&parameter(path, name), value)
}

/// No secret of the way stands in the answer or in the log.
fn keeps_secrets(arrival: &str, answer: &Answer) {
    let mut secrets = vec![parameter(arrival, "state"), CLIENT_SECRET.to_owned()];
    if arrival.contains("code=") {
        secrets.push(parameter(arrival, "code"));
    }
    for secret in secrets {
        let shown = format!("{:?}{}", answer.headers, answer.body);
        assert!(!shown.contains(&secret), "{secret} in {shown}");
        assert_eq!(line_with(&secret), None);
    }
}

#[tokio::test]
async fn the_owner_signs_in_and_the_grant_is_there() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let leaving = leave(&mut visitor, &account).await;
    assert!(leaving.starts_with(&world.provider.issuer()), "{leaving}");
    assert!(leaving.contains("code_challenge_method=S256"), "{leaving}");
    let arrival = consent(&leaving).await;
    let answer = visitor.get(&arrival).await;
    let path = format!("/accounts/{}", account.id.0);
    assert_eq!(answer.leads_to(), path);
    keeps_secrets(&arrival, &answer);

    let page = visitor.page(&path).await;
    for words in ["The account is authorised.", ADDRESS, "Active"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let grant = world.vault.grant(account.id).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Active);
    assert_eq!(grant.signed_in.as_deref(), Some(ADDRESS));
    let refresh = grant.refresh_token.unwrap();
    for secret in [refresh.expose_secret(), &parameter(&leaving, "state")] {
        assert!(!page.contains(secret));
        assert_eq!(line_with(secret), None);
    }
    let events = world.events().await;
    assert_eq!(events[0].kind, EventKind::AuthorizationGranted);
}

#[tokio::test]
async fn whoever_is_not_signed_in_may_finish_what_a_link_began_and_is_told_so() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let ticket = world.keeper.offer(account.id).await.unwrap();
    let mut visitor = world.visitor();
    let path = format!("/authorize/{}", ticket.secret.expose_secret());
    visitor.page(&path).await;
    let leaving = departure(&visitor.post(&path, &[]).await);
    let answer = visitor.get(&consent(&leaving).await).await;
    let result = answer.leads_to().to_owned();
    assert!(result.starts_with("/authorization/"), "{result}");
    let page = visitor.get(&result).await;
    let told = format!("{ADDRESS} is authorised; {ADDRESS} signed in.");
    page.says(200, &[&told, "You can close this page."]);
    assert!(!page.body.contains("href=\"/accounts"), "{}", page.body);
}

/// A mailbox with a grant, and a browser that has left to authorise it again.
struct Away {
    world: World,
    account: Account,
    visitor: Visitor,
    leaving: String,
    before: String,
}

impl Away {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.add_mailbox().await;
        world.give_grant(&account).await;
        let before = world.grant(&account).await;
        let mut visitor = world.administrator().await;
        let leaving = leave(&mut visitor, &account).await;
        Self {
            world,
            account,
            visitor,
            leaving,
            before,
        }
    }

    /// The browser comes back; what it is told, and that nothing else came of it.
    async fn back(&mut self, arrival: &str, status: u16, words: &[&str]) {
        let answer = self.visitor.get(arrival).await;
        answer.says(status, words);
        answer.says(status, &["The mailbox was not authorised"]);
        keeps_secrets(arrival, &answer);
        self.grant_is_untouched().await;
    }

    async fn grant_is_untouched(&self) {
        assert_eq!(self.world.grant(&self.account).await, self.before);
    }
}

#[tokio::test]
async fn a_denied_consent_is_told_and_the_grant_stays() {
    let mut away = Away::new().await;
    let url = sign_in_and_deny(&away.leaving, ADDRESS, OWNER_PASSWORD).await;
    let arrival = local(&url.unwrap());
    let said = "the user has denied the request";
    let again = format!("action=\"/accounts/{}/authorize\"", away.account.id.0);
    away.back(&arrival, 403, &["The access was declined", said, &again])
        .await;
    let events = away.world.events().await;
    assert_eq!(events[0].kind, EventKind::AuthorizationFailed);
    // The answer counts once, also a refusal.
    away.back(&arrival, 403, &["does not belong"]).await;
}

#[tokio::test]
async fn a_made_up_state_is_refused_and_leaves_the_true_one_usable() {
    let mut away = Away::new().await;
    let arrival = consent(&away.leaving).await;
    let forged = replaced(&arrival, "state", "made-up-state-of-somebody");
    away.back(&forged, 403, &["does not belong"]).await;
    assert_eq!(away.visitor.get(&arrival).await.status, 303);
}

#[tokio::test]
async fn an_answer_is_used_once() {
    let mut away = Away::new().await;
    let arrival = consent(&away.leaving).await;
    assert_eq!(away.visitor.get(&arrival).await.status, 303);
    let stored = away.world.grant(&away.account).await;
    assert_ne!(stored, away.before);
    away.before = stored;
    let asked = away.world.provider.token_requests();
    away.back(&arrival, 403, &["it was used already"]).await;
    assert_eq!(away.world.provider.token_requests(), asked);
}

#[tokio::test]
async fn a_code_that_was_redeemed_before_is_refused_under_another_state() {
    let mut away = Away::new().await;
    let first = consent(&away.leaving).await;
    assert_eq!(away.visitor.get(&first).await.status, 303);
    away.before = away.world.grant(&away.account).await;
    let leaving = leave(&mut away.visitor, &away.account).await;
    let second = consent(&leaving).await;
    let replayed = replaced(&second, "code", &parameter(&first, "code"));
    away.back(&replayed, 403, &["invalid_grant"]).await;
}

#[tokio::test]
async fn an_answer_in_another_browser_is_refused_and_not_spent() {
    let mut away = Away::new().await;
    let arrival = consent(&away.leaving).await;
    let mut others = [away.world.visitor(), away.world.administrator().await];
    for other in &mut others {
        // Without a cookie of ours, and with another one.
        for _ in 0..2 {
            let answer = other.get(&arrival).await;
            answer.says(403, &["finish in the same browser"]);
            keeps_secrets(&arrival, &answer);
        }
    }
    away.grant_is_untouched().await;
    assert_eq!(away.visitor.get(&arrival).await.status, 303);
}

#[tokio::test]
async fn an_answer_after_ten_minutes_is_too_late() {
    let mut away = Away::new().await;
    let arrival = consent(&away.leaving).await;
    away.world.clock.advance(SignedDuration::from_mins(10));
    away.back(&arrival, 403, &["the last 10 minutes"]).await;
}

#[tokio::test]
async fn what_the_provider_does_wrong_is_told_in_plain_words_and_the_grant_stays() {
    let refuse = |error: &str| ProviderFault::Refuse {
        error: error.to_owned(),
        description: "words of the provider".to_owned(),
    };
    let status = |status| ProviderFault::Status {
        status,
        retry_after: None,
    };
    let narrow = ProviderFault::NarrowScope("openid offline_access".to_owned());
    for (fault, expected, words) in [
        (
            ProviderFault::WrongIss,
            409,
            "does not come from the identity provider",
        ),
        (
            ProviderFault::MissingIss,
            409,
            "does not come from the identity provider",
        ),
        (ProviderFault::WrongNonce, 502, "could not be verified"),
        (ProviderFault::ForeignKey, 502, "could not be verified"),
        (ProviderFault::KeysDown, 502, "Press Authorize again"),
        (ProviderFault::Html, 502, "Press Authorize again"),
        (ProviderFault::Truncate, 502, "Press Authorize again"),
        (status(503), 502, "Press Authorize again"),
        (status(429), 502, "Press Authorize again"),
        (refuse("invalid_client"), 409, "words of the provider"),
        (refuse("invalid_grant"), 403, "words of the provider"),
        (refuse("server_error"), 502, "words of the provider"),
        (narrow, 403, "did not give the permission `imap`"),
    ] {
        let mut away = Away::new().await;
        away.world.provider.fault(fault.clone(), None);
        let arrival = consent(&away.leaving).await;
        away.back(&arrival, expected, &[words]).await;
    }
}

#[tokio::test]
async fn a_provider_that_went_down_meanwhile_is_told_and_the_grant_stays() {
    let mut away = Away::new().await;
    let arrival = consent(&away.leaving).await;
    away.world.provider.stop().await.unwrap();
    away.back(&arrival, 502, &["The mailbox was not authorised"])
        .await;
}

#[tokio::test]
async fn a_provider_that_is_down_or_paused_is_told_before_the_browser_leaves() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}/authorize", account.id.0);
    world.provider.fault(ProviderFault::DiscoveryDown, None);
    let down = visitor.post(&path, &[]).await;
    down.says(
        502,
        &["The mailbox was not authorised", "Press Authorize again"],
    );
    assert!(down.headers.get("refresh").is_none());
    world.provider.clear_faults();

    let provider = account.draft.provider;
    world.vault.pause_provider(provider, true).await.unwrap();
    let paused = visitor.post(&path, &[]).await;
    paused.says(409, &["sandbox is paused", "Resume the provider"]);
}

#[tokio::test]
async fn an_answer_without_any_meaning_is_a_page_too() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    for query in [
        "",
        "?",
        "?state=",
        "?state=a&state=b&code=c",
        "?code=c",
        "?error=%00%ff&state=x",
        "?state=x&code=y&code=z",
    ] {
        let answer = visitor.get(&format!("/oauth/callback{query}")).await;
        assert!(matches!(answer.status.as_u16(), 403 | 502), "{query}");
        assert!(answer.is_page(), "{query}");
    }
}

#[tokio::test]
async fn settings_that_changed_while_somebody_signed_in_are_not_mixed() {
    let mut away = Away::new().await;
    let arrival = consent(&away.leaving).await;
    let provider = away.world.vault.provider(away.account.draft.provider).await;
    let provider = provider.unwrap().unwrap();
    let mut form = mailgrant_vault::ProviderForm::of(&provider);
    form.client_id = "another".to_owned();
    let draft = form.check(Some(&provider)).unwrap();
    let now = away.world.clock.now();
    let changed = away
        .world
        .vault
        .change_provider(provider.id, provider.version, &draft, now);
    changed.await.unwrap();
    away.back(
        &arrival,
        409,
        &["were changed while somebody was signing in"],
    )
    .await;
}
