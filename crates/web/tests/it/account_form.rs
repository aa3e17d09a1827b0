//! The form of an account: whatever is typed into it.

use mailgrant_vault::{AfterDelivery, EventKind, Sink};

use crate::html::{control, hidden, told_at};
use crate::provider_form::with;
use crate::world::World;

/// A form that would be taken.
const GOOD: [(&str, &str); 24] = [
    ("name", "support"),
    ("address", "support@example.com"),
    ("provider", "sandbox"),
    ("signs_in", "colleague@example.com"),
    ("imap_user", "imap user"),
    ("pop3_user", "pop3 user"),
    ("smtp_user", "smtp user"),
    ("imap_host", "mail.example.com"),
    ("imap_port", "993"),
    ("imap_security", "tls"),
    ("pop3_host", "pop.example.com"),
    ("pop3_port", "1995"),
    ("pop3_security", "tls"),
    ("smtp_host", "smtp.example.com"),
    ("smtp_port", "587"),
    ("smtp_security", "starttls"),
    ("folder", "INBOX"),
    ("start", "only-new"),
    ("after", "move"),
    ("move_to", "Done"),
    ("sink", "command"),
    ("maildir", "/var/mail/support"),
    ("command", "/bin/cat 'an argument'"),
    ("command_time_limit", "90"),
];

const CHOICES: [&str; 7] = [
    "provider",
    "imap_security",
    "pop3_security",
    "smtp_security",
    "start",
    "after",
    "sink",
];

#[tokio::test]
async fn what_is_wrong_is_told_at_its_field_and_nothing_is_stored() {
    let world = World::new().await;
    world.add_provider().await;
    let mut visitor = world.administrator().await;
    let before = world.everything().await;
    let long = "x".repeat(4097);
    let mut wrong = vec![
        ("name", "has space"),
        ("name", "\"><script>alert(1)</script>"),
        ("address", ""),
        ("address", "support"),
        ("address", "@example.com"),
        ("address", "a@b@c"),
        ("address", "<script>alert(1)</script>"),
        ("provider", ""),
        ("provider", "another"),
        ("imap_host", ""),
        ("imap_host", "mail example com"),
        ("imap_host", "https://mail.example.com"),
        ("imap_port", "0"),
        ("imap_port", "65536"),
        ("imap_port", "-1"),
        ("imap_port", "99999999999999999999"),
        ("imap_port", "imaps"),
        ("imap_security", "maybe"),
        ("pop3_host", ""),
        ("pop3_port", "0"),
        ("smtp_host", "mail example com"),
        ("smtp_security", "maybe"),
        ("start", "yesterday"),
        ("after", "burn"),
        ("move_to", ""),
        ("move_to", "INBOX"),
        ("sink", "drain"),
        ("command", ""),
        ("command", "relative/program"),
        ("command", "/bin/cat 'no end"),
        ("command_time_limit", "0"),
        ("command_time_limit", "3601"),
        ("command_time_limit", "1.5"),
        ("command_time_limit", "ten"),
    ];
    for (field, _) in GOOD {
        // Only what matters for the choices that were made is looked at.
        if field == "maildir" {
            continue;
        }
        wrong.push((field, "line\r\nbreak"));
        wrong.push((field, "nul\0"));
        wrong.push((field, &*long));
    }
    for (field, value) in wrong {
        let answer = visitor
            .post("/accounts/new", &with(&GOOD, field, value))
            .await;
        let page = answer.says(422, &["Nothing was saved yet"]);
        let told = told_at(page, field);
        assert!(told.is_some(), "nothing is told at {field} for {value:?}");
        assert!(!page.contains("<script>alert"), "{page}");
        for (kept, typed) in with(&GOOD, field, value) {
            if !CHOICES.contains(&kept) {
                let shown = control(page, kept);
                assert_eq!(shown.get("value"), Some(typed.trim()), "{kept}");
            }
        }
    }
    let maildir = with(&GOOD, "sink", "maildir");
    for value in ["", "relative", "/nul\0", &*long] {
        let answer = visitor
            .post("/accounts/new", &with(&maildir, "maildir", value))
            .await;
        assert!(told_at(answer.says(422, &[]), "maildir").is_some());
    }
    let plain = with(&GOOD, "imap_security", "plain");
    let answer = visitor.post("/accounts/new", &plain).await;
    assert!(told_at(answer.says(422, &[]), "imap_host").is_some());
    assert_eq!(world.everything().await, before);
    assert_eq!(world.events().await.len(), 0);
}

#[tokio::test]
async fn a_good_form_is_stored_shown_again_and_recorded() {
    let world = World::new().await;
    world.add_provider().await;
    let mut visitor = world.administrator().await;
    let answer = visitor.post("/accounts/new", &GOOD).await;
    let path = answer.leads_to().to_owned();
    let page = visitor.page(&path).await;
    assert!(page.contains("The account was added."), "{page}");
    let account = world.vault.account_named("support").await.unwrap().unwrap();
    let after = AfterDelivery::Move {
        folder: "Done".to_owned(),
    };
    assert_eq!(account.draft.after, after);
    let Some(Sink::Command(command)) = &account.draft.sink else {
        panic!("{account:?}");
    };
    assert_eq!(command.argv, ["/bin/cat", "an argument"]);
    let events = world.events().await;
    assert_eq!(events[0].kind, EventKind::AccountAdded);
    assert_eq!(events[0].text, "anna added account support.");

    let form = visitor.page(&format!("{path}/edit")).await;
    for (field, value) in GOOD {
        if CHOICES.contains(&field) {
            let chosen = format!("<option value=\"{value}\" selected>");
            assert!(form.contains(&chosen), "{chosen} in {form}");
        } else if field != "maildir" {
            assert_eq!(control(&form, field).get("value"), Some(value), "{field}");
        }
    }

    let again = visitor.post("/accounts/new", &GOOD).await;
    let told = told_at(again.says(422, &[]), "name").unwrap();
    assert!(told.contains("is taken"), "{told}");
    assert_eq!(world.vault.accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_administrators_the_second_is_told_and_loses_nothing() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let path = format!("/accounts/{}/edit", account.id.0);
    let (mut first, mut second) = (world.administrator().await, world.administrator().await);
    let version = hidden(&first.page(&path).await, "version").unwrap();
    second.page(&path).await;
    let mine = with(&GOOD, "version", &version);
    let shown = format!("/accounts/{}", account.id.0);
    assert_eq!(first.post(&path, &mine).await.leads_to(), shown);
    let stored = world.everything().await;

    let theirs = with(&mine, "folder", "what the second typed");
    let answer = second.post(&path, &theirs).await;
    let page = answer.says(409, &["Somebody else changed this account"]);
    let typed = control(page, "folder");
    assert_eq!(typed.get("value"), Some("what the second typed"));
    assert_eq!(world.everything().await, stored);
    let fresh = hidden(page, "version").unwrap();
    let again = with(&theirs, "version", &fresh);
    assert_eq!(second.post(&path, &again).await.leads_to(), shown);
    assert_eq!(world.events().await.len(), 2);
}

#[tokio::test]
async fn a_name_that_another_account_has_is_told_when_it_is_changed_too() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let provider = world.vault.providers().await.unwrap().remove(0);
    world.add_account("support", &provider).await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}/edit", account.id.0);
    let version = hidden(&visitor.page(&path).await, "version").unwrap();
    let before = world.everything().await;
    let form = with(&GOOD, "version", &version);
    let answer = visitor.post(&path, &form).await;
    assert!(told_at(answer.says(422, &[]), "name").is_some());
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn without_a_provider_the_way_leads_to_one() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let answer = visitor.get("/accounts/new").await;
    assert_eq!(answer.leads_to(), "/providers/new");
    let answer = visitor.post("/accounts/new", &GOOD).await;
    assert!(told_at(answer.says(422, &[]), "provider").is_some());
}
