//! What stands in the database is sealed, each value in its own place and under one key.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use mailgrant_mail::Protocol;
use mailgrant_oauth::{Attempt, ClientCredential, ClientKey, Resource};
use mailgrant_vault::{
    AccountId, Alarm, AlarmKind, AppPasswordDraft, Appending, AuthorizationId,
    AuthorizationOutcome, Begun, Delivery, EventKind, FolderEnd, NewEvent, Prepared, ProviderId,
    ProviderTrouble, Renewal, Vault, VaultError,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::bench::{Bench, at, client_key, new_grant, on_both, provider_draft};
use crate::raw::{Cell, Raw};

on_both! {
    async fn no_secret_stands_in_any_column_of_any_table(bench) {
        let secrets = a_full_life(bench).await;
        let mut raw = Raw::open(&bench.location).await;
        let cells = raw.cells().await;
        let mut tables: Vec<_> = raw.columns().await.into_iter().map(|(table, ..)| table).collect();
        tables.dedup();
        assert!(tables.len() > 10, "{tables:?}");
        for table in &tables {
            assert!(cells.iter().any(|cell| cell.table == *table), "nothing is in {table}");
        }
        assert!(!places_of("desk@example.com", &cells).is_empty(), "the search finds what is there");
        assert!(secrets.len() > 15);
        for secret in &secrets {
            assert_eq!(places_of(secret, &cells), [""; 0], "{secret}");
        }
    }

    async fn a_sealed_value_opens_in_no_other_row(bench) {
        let (one, two) = (bench.authorized("one").await, bench.authorized("two").await);
        let mut raw = Raw::open(&bench.location).await;
        let (from, to) = (one.id.0, two.id.0);
        for (table, column, row) in [
            ("grants", "refresh_token", "account_id"),
            ("access_tokens", "token", "account_id"),
        ] {
            copy(&mut raw, table, column, row, from, to).await;
        }
        let (from, to) = (one.draft.provider.0, two.draft.provider.0);
        copy(&mut raw, "providers", "client_secret", "id", from, to).await;
        let vault = &bench.vault;
        let grant = vault.grant(two.id).await.unwrap_err();
        assert_damaged(&grant, "grants", "refresh_token", &two.id.0.to_string());
        let token = vault.access_token(two.id, Resource::Mail).await.unwrap_err();
        assert_damaged(&token, "access_tokens", "token", &format!("{}/mail", two.id.0));
        // The provider stays in sight without its secret, and says why.
        let provider = vault.provider(two.draft.provider).await.unwrap().unwrap();
        assert!(matches!(provider.profile.credential, ClientCredential::None));
        assert!(provider.trouble.unwrap().reason.contains("client_secret"));
        assert_eq!(vault.providers().await.unwrap().len(), 2);
        vault.grant(one.id).await.unwrap();
        vault.access_token(one.id, Resource::Mail).await.unwrap();
        vault.provider(one.draft.provider).await.unwrap();
        assert_eq!(vault.grants().await.unwrap().len(), 2, "one account's trouble is its own");
    }

    async fn a_webhook_secret_is_made_once_and_opens_in_no_other_row(bench) {
        let (one, two) = (bench.authorized("one").await, bench.authorized("two").await);
        let vault = &bench.vault;
        let secret = vault.webhook_secret(one.id, None).await.unwrap();
        assert_eq!(secret.expose_secret().len(), "whsec_".len() + 44);
        let again = vault.webhook_secret(one.id, None).await.unwrap();
        assert_eq!(again.expose_secret(), secret.expose_secret());
        let renewed = vault.renew_webhook_secret(one.id, None).await.unwrap();
        assert_ne!(renewed.expose_secret(), secret.expose_secret());
        vault.webhook_secret(two.id, None).await.unwrap();
        let mut raw = Raw::open(&bench.location).await;
        copy(&mut raw, "accounts", "webhook_secret", "id", one.id.0, two.id.0).await;
        let error = vault.webhook_secret(two.id, None).await.unwrap_err();
        assert_damaged(&error, "accounts", "webhook_secret", &two.id.0.to_string());
        let error = vault.webhook_secret(AccountId(999), None).await.unwrap_err();
        assert!(matches!(error, VaultError::Stale { .. }), "{error}");
    }

    async fn a_sink_has_a_webhook_secret_of_its_own_that_goes_with_it(bench) {
        let account = bench.authorized("desk").await;
        let vault = &bench.vault;
        let own = vault.webhook_secret(account.id, None).await.unwrap();
        let billing = vault.webhook_secret(account.id, Some("billing")).await.unwrap();
        let other = vault.webhook_secret(account.id, Some("other")).await.unwrap();
        assert_ne!(own.expose_secret(), billing.expose_secret());
        assert_ne!(other.expose_secret(), billing.expose_secret());
        let again = vault.webhook_secret(account.id, Some("billing")).await.unwrap();
        assert_eq!(again.expose_secret(), billing.expose_secret());
        let renewed = vault.renew_webhook_secret(account.id, Some("billing")).await.unwrap();
        assert_ne!(renewed.expose_secret(), billing.expose_secret());
        let stayed = vault.webhook_secret(account.id, Some("other")).await.unwrap();
        assert_eq!(stayed.expose_secret(), other.expose_secret());

        let sink = account.draft.sink.clone().unwrap();
        let account = vault.put_sink(&account, "billing", sink, at(1)).await.unwrap();
        vault.remove_sink(&account, "billing", at(2)).await.unwrap();
        let anew = vault.webhook_secret(account.id, Some("billing")).await.unwrap();
        assert_ne!(anew.expose_secret(), renewed.expose_secret(), "another sink of that name");

        let mut raw = Raw::open(&bench.location).await;
        raw.run("UPDATE sink_secrets SET webhook_secret = (
            SELECT webhook_secret FROM sink_secrets WHERE sink = 'other')").await;
        let error = vault.webhook_secret(account.id, Some("billing")).await.unwrap_err();
        assert_damaged(&error, "sink_secrets", "webhook_secret", &format!("{}/billing", account.id.0));
        let error = vault.webhook_secret(AccountId(999), Some("billing")).await.unwrap_err();
        assert!(matches!(error, VaultError::Stale { .. }), "{error}");
    }

    async fn app_passwords_are_told_by_a_key_that_is_sealed_and_a_hash_of_one_account(bench) {
        let (one, two) = (bench.account("one").await, bench.account("two").await);
        let draft = AppPasswordDraft {
            label: "the scanner".to_owned(),
            protocols: vec![Protocol::Imap],
            networks: Vec::new(),
        };
        let made = bench.vault.add_app_password(one.id, &draft, "root", at(0)).await;
        let (_, secret) = made.unwrap();
        bench.vault.add_app_password(two.id, &draft, "root", at(0)).await.unwrap();
        let mut raw = Raw::open(&bench.location).await;
        copy(&mut raw, "app_passwords", "secret_mac", "account_id", one.id.0, two.id.0).await;
        let vault = bench.again().await.unwrap();
        assert!(vault.recognise("one", &secret).await.unwrap().is_some());
        assert!(vault.recognise("two", &secret).await.unwrap().is_none());

        raw.run("UPDATE vault SET app_password_key = key_check").await;
        let vault = bench.again().await.unwrap();
        let error = vault.recognise("one", &secret).await.unwrap_err();
        assert_damaged(&error, "vault", "app_password_key", "1");
    }

    async fn a_secret_or_key_opens_in_no_other_place_of_its_provider(bench) {
        let provider = bench.provider("entra").await;
        let mut draft = provider_draft("entra");
        draft.profile.second_credential = Some(draft.profile.credential.clone());
        draft.profile.credential = ClientCredential::Key(client_key());
        let changed = bench.vault.change_provider(provider.id, 1, &draft, at(1)).await.unwrap();
        assert!(changed.trouble.is_none());
        let mut raw = Raw::open(&bench.location).await;
        // A key that passed for a secret would be sent to the provider.
        for (kind, move_it, column) in [
            (r#"{"kind":"secret","method":"post"}"#, "client_secret = client_key", "client_secret"),
            (r#"{"kind":"secret","method":"post"}"#, "client_secret = second_secret", "client_secret"),
            (r#"{"kind":"key"}"#, "client_key = second_secret", "client_key"),
            (r#"{"kind":"key"}"#, "client_key = NULL", "client_key"),
        ] {
            raw.run(&format!("UPDATE providers SET credential = '{kind}', {move_it}")).await;
            let read = bench.vault.provider(provider.id).await.unwrap().unwrap();
            assert!(matches!(read.profile.credential, ClientCredential::None), "{move_it}");
            assert!(read.trouble.unwrap().reason.contains(column), "{move_it}");
            assert!(read.profile.second_credential.is_some());
        }
    }

    async fn a_sealed_value_opens_in_no_other_column(bench) {
        let account = bench.authorized("desk").await;
        let vault = &bench.vault;
        let mut raw = Raw::open(&bench.location).await;
        raw.run("UPDATE grants SET refresh_token = (SELECT token FROM access_tokens)").await;
        let grant = vault.grant(account.id).await.unwrap_err();
        assert_damaged(&grant, "grants", "refresh_token", &account.id.0.to_string());
        let id = begin(vault, account.id, "one").await;
        raw.run("UPDATE authorizations SET verifier = nonce").await;
        let claimed = claim(vault, "one").await.unwrap_err();
        assert!(matches!(claimed, VaultError::Damaged { column: "verifier", .. }), "{claimed}");
        raw.run("UPDATE authorizations SET held_grant = nonce").await;
        let taken = vault.take_held_grant(id, &"browser-one".into(), at(1)).await.unwrap_err();
        assert_damaged(&taken, "authorizations", "held_grant", &id.0.to_string());
    }

    async fn a_sealed_value_of_one_authorization_or_session_opens_in_no_other(bench) {
        let account = bench.account("desk").await;
        let vault = &bench.vault;
        let one = begin(vault, account.id, "one").await;
        let two = begin(vault, account.id, "two").await;
        vault.hold_grant(one, &new_grant("desk")).await.unwrap();
        vault.hold_grant(two, &new_grant("desk")).await.unwrap();
        let mut raw = Raw::open(&bench.location).await;
        for column in ["nonce", "held_grant"] {
            copy(&mut raw, "authorizations", column, "id", one.0, two.0).await;
        }
        let claimed = claim(vault, "two").await.unwrap_err();
        assert!(matches!(claimed, VaultError::Damaged { column: "nonce", .. }), "{claimed}");
        let taken = vault.take_held_grant(two, &"browser-two".into(), at(1)).await.unwrap_err();
        assert_damaged(&taken, "authorizations", "held_grant", &two.0.to_string());

        sign_in(vault, "one").await;
        raw.run("UPDATE sessions SET created_at = 1").await;
        sign_in(vault, "two").await;
        raw.run(
            "UPDATE sessions SET csrf = (SELECT csrf FROM sessions WHERE created_at = 1)
             WHERE created_at <> 1",
        ).await;
        vault.session(&"cookie-one".into(), at(1)).await.unwrap().unwrap();
        let session = vault.session(&"cookie-two".into(), at(1)).await.unwrap_err();
        assert!(matches!(session, VaultError::Damaged { column: "csrf", .. }), "{session}");
    }

    async fn a_wrong_key_is_told_when_the_database_is_opened_and_nothing_is_changed(bench) {
        a_full_life(bench).await;
        bench.vault.close().await;
        let before = Raw::open(&bench.location).await.cells().await;
        let error = bench.with_other_key().await.unwrap_err();
        assert!(matches!(error, VaultError::WrongKey { .. }), "{error}");
        assert_eq!(Raw::open(&bench.location).await.cells().await, before);
        bench.again().await.unwrap();
    }

    async fn a_database_that_lost_the_proof_of_its_key_is_not_given_another(bench) {
        bench.authorized("desk").await;
        bench.vault.close().await;
        Raw::open(&bench.location).await.run("DELETE FROM vault").await;
        for opened in [bench.again().await, bench.with_other_key().await] {
            assert_damaged(&opened.unwrap_err(), "vault", "key_check", "1");
        }
        let cells = Raw::open(&bench.location).await.cells().await;
        assert!(cells.iter().all(|cell| cell.table != "vault"));
    }
}

/// Everything that holds a secret, used. Gives all the secrets.
async fn a_full_life(bench: &Bench) -> Vec<String> {
    let vault = &bench.vault;
    let account = bench.authorized("desk").await;
    let renewal = Renewal {
        refresh_token: Some("refresh-token-rotated".into()),
        scopes: None,
        access_token: "access-token-renewed".into(),
        resource: Resource::Mail,
        expires_at: at(7200),
    };
    let renewed = vault.store_renewal(account.id, 2, &renewal, at(1)).await;
    renewed.unwrap();

    let ticket = SecretString::from("ticket-of-the-command-line");
    let offered = vault.offer_authorization(account.id, &ticket, at(0), at(600));
    offered.await.unwrap();
    begin(vault, account.id, "one").await;
    let held = begin(vault, account.id, "two").await;
    let given = mailgrant_vault::NewGrant {
        refresh_token: Some("refresh-token-held".into()),
        access_token: "access-token-held".into(),
        ..new_grant("held")
    };
    vault.hold_grant(held, &given).await.unwrap();
    let other = AuthorizationOutcome::OtherIdentity {
        expected: "desk@example.com".to_owned(),
        signed_in: "colleague@example.com".to_owned(),
    };
    vault
        .finish_authorization(held, &other, at(1))
        .await
        .unwrap();

    sign_in(vault, "one").await;
    let key_lines = credentials(bench).await;
    let open = SecretString::from("setup-link-that-is-open");
    vault.offer_setup(&open, at(0), at(600)).await.unwrap();
    let invitation = SecretString::from("link-of-the-invitation");
    let invited = vault.invite(account.id, &invitation, "root", at(0), at(600));
    invited.await.unwrap();
    what_is_not_secret(vault, account.id, account.draft.provider).await;
    let signing = vault.webhook_secret(account.id, None).await.unwrap();
    let of_sink = vault.webhook_secret(account.id, Some("billing")).await;
    let of_sink = of_sink.unwrap();
    let app = AppPasswordDraft {
        label: "the scanner".to_owned(),
        protocols: vec![Protocol::Smtp],
        networks: vec!["192.0.2.0/24".parse().unwrap()],
    };
    let made = vault
        .add_app_password(account.id, &app, "root", at(0))
        .await;
    let (app, app_password) = made.unwrap();
    let used = vault.note_app_password_used(&app, Protocol::Smtp, "192.0.2.9", at(0));
    used.await.unwrap();
    let canary = SecretString::from("secret-of-the-canary");
    vault.send_canary(account.id, &canary, at(0)).await.unwrap();
    let names = ["the-id-of-a-message".to_owned()];
    let numbered = vault.number_all(account.id, "INBOX", &names, at(0));
    assert_eq!(numbered.await.unwrap().uids, [1]);

    [
        "client-secret-of-for-desk",
        "client-secret-of-second",
        "refresh-token-of-desk",
        "access-token-of-desk",
        "refresh-token-rotated",
        "access-token-renewed",
        "refresh-token-held",
        "access-token-held",
        "ticket-of-the-command-line",
        "state-one",
        "nonce-one",
        "verifier-one",
        "browser-one",
        "state-two",
        "nonce-two",
        "verifier-two",
        "browser-two",
        "link-of-the-invitation",
        "setup-link-of-one",
        "setup-link-that-is-open",
        "password-of-one",
        "cookie-one",
        "secret-of-the-canary",
        "csrf-one",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(key_lines)
    .chain([signing, of_sink].map(|secret| secret.expose_secret()["whsec_".len()..].to_owned()))
    .chain([app_password.expose_secret().to_owned()])
    .collect()
}

/// Providers with keys and second credentials. Gives the lines of the keys.
async fn credentials(bench: &Bench) -> Vec<String> {
    let (one, two) = (client_key(), client_key());
    let mut draft = provider_draft("second");
    let secret = std::mem::replace(
        &mut draft.profile.credential,
        ClientCredential::Key(one.clone()),
    );
    draft.profile.second_credential = Some(secret);
    bench.vault.add_provider(&draft, at(0)).await.unwrap();
    let mut draft = provider_draft("third");
    draft.profile.second_credential = Some(ClientCredential::Key(two.clone()));
    bench.vault.add_provider(&draft, at(0)).await.unwrap();
    let lines = |key: &ClientKey| -> Vec<String> {
        let lines = key.private_key().expose_secret().lines();
        let inner = lines.filter(|line| !line.starts_with('-') && line.len() > 20);
        inner.map(str::to_owned).collect()
    };
    // The algorithm's name begins every key, and is no secret.
    let own = |key| lines(key).split_off(1);
    assert!(!own(&one).is_empty());
    [
        own(&one),
        own(&two),
        vec!["client-secret-of-third".to_owned()],
    ]
    .concat()
}

/// The rest of the tables, so that the search looks at full ones.
async fn what_is_not_secret(vault: &Vault, account: AccountId, provider: ProviderId) {
    let folder = vault
        .open_folder(
            account,
            "INBOX",
            1,
            mailgrant_vault::FirstSight::EMPTY,
            at(0),
        )
        .await;
    let folder = folder.unwrap().id;
    let message = Prepared {
        uid: 1,
        key: "key".to_owned(),
        digest: [7; 32],
        size: 5,
        head: mailgrant_vault::MessageHead::default(),
        seen_at: at(1),
        going_to: None,
        counted_at: None,
    };
    let delivery = Delivery {
        uid: 1,
        answer: "taken".to_owned(),
    };
    vault
        .note_prepared(folder, &[message], mailgrant_vault::Floor::New(2), at(1))
        .await
        .unwrap();
    let appending = Appending {
        key: "key",
        target: "archive/INBOX",
        message_id: "one@example.com",
        digest: [1; 32],
        end: FolderEnd {
            uid_validity: 1,
            uid_next: 1,
        },
    };
    vault.note_append(account, &appending, at(2)).await.unwrap();
    vault
        .note_delivered(folder, &[delivery], at(2))
        .await
        .unwrap();
    let trouble = ProviderTrouble {
        reason: "invalid_client".to_owned(),
        since: at(3),
    };
    vault
        .note_provider_trouble(provider, 1, Some(&trouble))
        .await
        .unwrap();
    let event = NewEvent {
        kind: EventKind::AuthorizationGranted,
        actor: "root".to_owned(),
        provider: Some(provider),
        account: Some(account),
        text: "colleague@example.com signed in.".to_owned(),
    };
    vault.record(event, at(4)).await.unwrap();
    let alarm = Alarm {
        account,
        kind: AlarmKind::Silent,
        since: at(4),
        what: "No mail for a day.".to_owned(),
        next: "Look whether it arrives.".to_owned(),
    };
    assert!(vault.raise_alarm(&alarm).await.unwrap());
    vault
        .note_warning("client secret, 30 days", at(5))
        .await
        .unwrap();
}

async fn begin(vault: &Vault, account: AccountId, name: &str) -> AuthorizationId {
    let secret = |what| SecretString::from(format!("{what}-{name}"));
    let begun = Begun {
        attempt: Attempt {
            state: secret("state"),
            nonce: secret("nonce"),
            verifier: secret("verifier"),
        },
        redirect_uri: "https://desk.example.com/oauth/callback".to_owned(),
        browser: secret("browser"),
        provider: ProviderId(1),
        provider_version: 1,
        invitation: None,
    };
    vault
        .begin_authorization(account, None, &begun, at(0), at(600))
        .await
        .unwrap()
}

async fn claim(vault: &Vault, name: &str) -> Result<(), VaultError> {
    let (state, browser) = (format!("state-{name}"), format!("browser-{name}"));
    vault
        .claim_authorization(&state.into(), &browser.into(), at(1))
        .await
        .map(|claimed| assert!(claimed.is_some()))
}

/// A new administrator with a session.
async fn sign_in(vault: &Vault, name: &str) {
    let secret = |what| SecretString::from(format!("{what}-{name}"));
    let link = secret("setup-link-of");
    vault.offer_setup(&link, at(0), at(600)).await.unwrap();
    let password = secret("password-of");
    let set_up = vault.set_up_administrator(&link, name, &password, at(0));
    let administrator = set_up.await.unwrap().unwrap().id;
    let (cookie, csrf) = (secret("cookie"), secret("csrf"));
    vault
        .begin_session(administrator, &cookie, &csrf, at(0), at(600))
        .await
        .unwrap();
}

async fn copy(raw: &mut Raw, table: &str, column: &str, key: &str, from: i64, to: i64) {
    let copied = raw
        .run(&format!(
            "UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE {key} = {from})
             WHERE {key} = {to}"
        ))
        .await;
    assert_eq!(copied, 1);
}

/// Where a secret can be read: as it is, or in hexadecimal or base64, alone or within something.
fn places_of(secret: &str, cells: &[Cell]) -> Vec<String> {
    let mut forms = vec![
        secret.as_bytes().to_vec(),
        hex(secret, "0123456789abcdef"),
        hex(secret, "0123456789ABCDEF"),
    ];
    for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
        // Three bytes are four digits: there are three ways for it to begin. The digits that
        // depend on what stands before or behind are left out.
        for before in 0..3 {
            let encoded = engine.encode([&[0_u8; 2][..before], secret.as_bytes()].concat());
            let whole = (before * 8).div_ceil(6)..(before + secret.len()) * 8 / 6;
            forms.push(encoded.as_bytes()[whole].to_vec());
        }
    }
    let holds = |cell: &&Cell| {
        forms
            .iter()
            .any(|form| cell.bytes.windows(form.len()).any(|part| part == form))
    };
    cells
        .iter()
        .filter(holds)
        .map(|cell| format!("{}.{}", cell.table, cell.column))
        .collect()
}

fn hex(text: &str, digits: &str) -> Vec<u8> {
    let digit = |value: u8| digits.as_bytes()[usize::from(value)];
    text.bytes()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn assert_damaged(error: &VaultError, in_table: &str, in_column: &str, in_row: &str) {
    let VaultError::Damaged { table, column, row } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (*table, *column, row.as_str()),
        (in_table, in_column, in_row)
    );
}

#[test]
fn the_search_finds_a_secret_in_every_form_and_place() {
    let found = |text: &str| {
        let cell = Cell {
            table: "t".to_owned(),
            column: "c".to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        !places_of("s3cret~token?", &[cell]).is_empty()
    };
    assert!(!found("nothing of the kind"));
    assert!(found("in the s3cret~token? middle"));
    assert!(found(&format!(
        "x{}",
        String::from_utf8(hex("s3cret~token?", "0123456789abcdef")).unwrap()
    )));
    for (before, behind) in [("", ""), ("a", "b"), ("ab", "c"), ("abc", "de")] {
        let text = format!("{before}s3cret~token?{behind}");
        assert!(found(&BASE64_STANDARD_NO_PAD.encode(&text)), "{text}");
        assert!(found(&BASE64_URL_SAFE_NO_PAD.encode(&text)), "{text}");
    }
}
