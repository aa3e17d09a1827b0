//! Invitations.

use mailgrant_vault::{AccountId, Invitation, Vault, VaultError};

use crate::bench::{at, on_both};

on_both! {
    async fn an_invitation_is_found_by_its_link_until_its_time_is_over(bench) {
        let account = bench.account("desk").await.id;
        let made = invite(&bench.vault, account, "link", 600).await;
        let vault = bench.again().await.unwrap();
        let found = vault.open_invitation(&"link".into(), at(599)).await.unwrap().unwrap();
        assert_eq!((found.id, found.account), (made.id, account));
        assert_eq!(found.invited_by, "anna");
        assert!(vault.open_invitation(&"link".into(), at(600)).await.unwrap().is_none());
        assert!(vault.open_invitation(&"guess".into(), at(1)).await.unwrap().is_none());
    }

    async fn an_invitation_is_spent_once(bench) {
        let account = bench.account("desk").await.id;
        let made = invite(&bench.vault, account, "link", 600).await;
        let other = bench.again().await.unwrap();
        let (one, two) = tokio::join!(
            bench.vault.spend_invitation(made.id, at(1)),
            other.spend_invitation(made.id, at(1)),
        );
        assert!(one.unwrap() ^ two.unwrap());
        assert!(bench.vault.open_invitation(&"link".into(), at(2)).await.unwrap().is_none());
        assert!(bench.vault.invitations(account, at(2)).await.unwrap().is_empty());
    }

    async fn an_invitation_whose_time_is_over_cannot_be_spent(bench) {
        let account = bench.account("desk").await.id;
        let made = invite(&bench.vault, account, "link", 600).await;
        assert!(!bench.vault.spend_invitation(made.id, at(600)).await.unwrap());
    }

    async fn withdrawn_invitations_open_nothing_and_those_of_others_stay(bench) {
        let vault = &bench.vault;
        let desk = bench.account("desk").await.id;
        let sales = bench.account("sales").await.id;
        invite(vault, desk, "one", 600).await;
        invite(vault, desk, "two", 600).await;
        invite(vault, sales, "three", 600).await;
        assert_eq!(vault.withdraw_invitations(desk).await.unwrap(), 2);
        assert_eq!(vault.withdraw_invitations(desk).await.unwrap(), 0);
        assert!(vault.open_invitation(&"two".into(), at(1)).await.unwrap().is_none());
        assert_eq!(vault.invitations(sales, at(1)).await.unwrap().len(), 1);
    }

    async fn an_account_that_is_gone_invites_nobody(bench) {
        let account = bench.account("desk").await.id;
        invite(&bench.vault, account, "link", 600).await;
        bench.vault.remove_account(account).await.unwrap();
        assert!(bench.vault.open_invitation(&"link".into(), at(1)).await.unwrap().is_none());
        let late = bench.vault.invite(account, &"late".into(), "anna", at(1), at(600)).await;
        assert!(matches!(late, Err(VaultError::Stale { .. })));
    }

    async fn a_warning_is_news_once(bench) {
        let other = bench.again().await.unwrap();
        let subject = "provider 1 secret 30";
        let (one, two) = tokio::join!(
            bench.vault.note_warning(subject, at(1)),
            other.note_warning(subject, at(1)),
        );
        assert!(one.unwrap() ^ two.unwrap());
        assert!(!bench.vault.note_warning(subject, at(2)).await.unwrap());
        assert!(bench.vault.note_warning("provider 1 secret 7", at(2)).await.unwrap());
    }
}

async fn invite(vault: &Vault, account: AccountId, link: &str, until: i64) -> Invitation {
    vault
        .invite(account, &link.into(), "anna", at(0), at(until))
        .await
        .unwrap()
}
