//! Administrators, the link that makes them, their sessions.

use mailgrant_vault::{Administrator, Vault};
use secrecy::{ExposeSecret as _, SecretString};

use crate::bench::{at, on_both};
use crate::raw::Raw;

on_both! {
    async fn a_set_up_link_makes_one_administrator(bench) {
        let vault = &bench.vault;
        assert!(!vault.has_administrator().await.unwrap());
        let link = SecretString::from("link");
        vault.offer_setup(&link, at(0), at(600)).await.unwrap();
        assert!(vault.setup_is_open(&link, at(1)).await.unwrap());
        assert!(vault.setup_is_open(&link, at(1)).await.unwrap(), "looking does not use it up");
        assert!(!vault.setup_is_open(&"guess".into(), at(1)).await.unwrap());
        assert!(set_up(vault, "guess", "root", "secret", 1).await.is_none());
        assert!(!vault.has_administrator().await.unwrap());
        assert_eq!(set_up(vault, "link", "root", "secret", 1).await.unwrap().name, "root");
        assert!(vault.has_administrator().await.unwrap());
        assert!(!vault.setup_is_open(&link, at(2)).await.unwrap());
        assert!(set_up(vault, "link", "intruder", "secret", 2).await.is_none(), "once");
        assert!(vault.check_password("intruder", &"secret".into()).await.unwrap().is_none());
    }

    async fn of_two_who_use_one_link_at_once_one_becomes_administrator(bench) {
        let other = bench.again().await.unwrap();
        bench.vault.offer_setup(&"link".into(), at(0), at(600)).await.unwrap();
        let (one, two) = tokio::join!(
            set_up(&bench.vault, "link", "one", "secret", 1),
            set_up(&other, "link", "two", "secret", 1),
        );
        assert!(one.is_some() ^ two.is_some());
    }

    async fn a_set_up_link_is_dead_after_its_time_and_when_there_is_a_newer_one(bench) {
        let vault = &bench.vault;
        vault.offer_setup(&"old".into(), at(0), at(600)).await.unwrap();
        assert!(!vault.setup_is_open(&"old".into(), at(600)).await.unwrap());
        assert!(set_up(vault, "old", "root", "secret", 600).await.is_none());
        vault.offer_setup(&"new".into(), at(1), at(600)).await.unwrap();
        assert!(set_up(vault, "old", "root", "secret", 2).await.is_none());
        assert!(set_up(vault, "new", "root", "secret", 2).await.is_some());
    }

    async fn a_password_opens_for_its_own_name_alone(bench) {
        let vault = &bench.vault;
        let root = administrator(vault, "root", "root's secret").await;
        let other = administrator(vault, "other", "other's secret").await;
        assert_ne!(root.id, other.id);
        let again = bench.again().await.unwrap();
        let check = async |name: &str, password: &str| {
            again.check_password(name, &password.into()).await.unwrap().map(|it| (it.id, it.name))
        };
        assert_eq!(check("root", "root's secret").await, Some((root.id, "root".to_owned())));
        assert_eq!(check("other", "other's secret").await, Some((other.id, "other".to_owned())));
        for (name, password) in [
            ("root", "other's secret"), ("root", ""), ("root", "root's secret "),
            ("Root", "root's secret"),
            ("nobody", "root's secret"), ("", ""), ("root\0", "root's secret"),
        ] {
            assert_eq!(check(name, password).await, None, "{name:?} with {password:?}");
        }
    }

    async fn a_password_is_kept_as_argon2id_of_owasps_strength_and_salted(bench) {
        administrator(&bench.vault, "one", "the same secret").await;
        administrator(&bench.vault, "two", "the same secret").await;
        let cells = Raw::open(&bench.location).await.cells().await;
        let hashes: Vec<_> = cells.iter().filter(|cell| cell.column == "password_hash").collect();
        assert_eq!(hashes.len(), 2);
        assert_ne!(hashes[0].bytes, hashes[1].bytes);
        for hash in hashes {
            let hash = String::from_utf8_lossy(&hash.bytes);
            assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        }
    }

    async fn a_new_password_replaces_the_old_one_and_ends_its_sessions(bench) {
        let vault = &bench.vault;
        let root = administrator(vault, "root", "old").await;
        let other = administrator(vault, "other", "secret").await;
        begin(vault, &root, "root's cookie").await;
        begin(vault, &other, "other's cookie").await;
        let again = administrator(vault, "root", "new").await;
        assert_eq!(again.id, root.id);
        assert!(vault.check_password("root", &"old".into()).await.unwrap().is_none());
        assert!(vault.check_password("root", &"new".into()).await.unwrap().is_some());
        assert!(vault.session(&"root's cookie".into(), at(2)).await.unwrap().is_none());
        assert!(vault.session(&"other's cookie".into(), at(2)).await.unwrap().is_some());
    }

    async fn a_session_is_known_by_its_cookie_until_its_time_is_over(bench) {
        let root = administrator(&bench.vault, "root", "secret").await;
        begin(&bench.vault, &root, "cookie").await;
        let vault = bench.again().await.unwrap();
        let session = vault.session(&"cookie".into(), at(599)).await.unwrap().unwrap();
        assert_eq!(session.administrator.id, root.id);
        assert_eq!(session.administrator.name, "root");
        assert_eq!(session.csrf.expose_secret(), "csrf of cookie");
        assert!(vault.session(&"guess".into(), at(1)).await.unwrap().is_none());
        assert!(vault.session(&"cookie".into(), at(600)).await.unwrap().is_none());
    }

    async fn a_session_ends_alone(bench) {
        let root = administrator(&bench.vault, "root", "secret").await;
        begin(&bench.vault, &root, "one").await;
        begin(&bench.vault, &root, "two").await;
        bench.vault.end_session(&"one".into()).await.unwrap();
        bench.vault.end_session(&"unknown".into()).await.unwrap();
        assert!(bench.vault.session(&"one".into(), at(2)).await.unwrap().is_none());
        assert!(bench.vault.session(&"two".into(), at(2)).await.unwrap().is_some());
    }

    async fn sessions_that_are_over_go_when_the_next_begins(bench) {
        let root = administrator(&bench.vault, "root", "secret").await;
        for (cookie, now) in [("one", 0), ("two", 1), ("three", 600)] {
            let token = SecretString::from(cookie);
            let (now, end) = (at(now), at(now + 600));
            bench.vault.begin_session(root.id, &token, &"csrf".into(), now, end).await.unwrap();
        }
        let left = Raw::open(&bench.location).await.run("UPDATE sessions SET created_at = 0").await;
        assert_eq!(left, 2);
    }
}

async fn set_up(
    vault: &Vault,
    link: &str,
    name: &str,
    password: &str,
    now: i64,
) -> Option<Administrator> {
    vault
        .set_up_administrator(&link.into(), name, &password.into(), at(now))
        .await
        .unwrap()
}

async fn administrator(vault: &Vault, name: &str, password: &str) -> Administrator {
    vault
        .offer_setup(&"link".into(), at(0), at(600))
        .await
        .unwrap();
    set_up(vault, "link", name, password, 1).await.unwrap()
}

async fn begin(vault: &Vault, administrator: &Administrator, cookie: &str) {
    let csrf = format!("csrf of {cookie}");
    vault
        .begin_session(
            administrator.id,
            &cookie.into(),
            &csrf.into(),
            at(0),
            at(600),
        )
        .await
        .unwrap();
}
