//! How to register Mailgrant, printed.

use serde_json::Value;

use crate::support::Mailgrant;

#[test]
fn a_guide_has_this_installations_redirect_uri_and_touches_no_database() {
    let mut mailgrant = Mailgrant::new();
    let uri = "https://desk.example.com/otrs/index.pl?Action=AdminMailAccount";
    mailgrant.set("redirect_uri", &uri);
    let guide = ["provider", "guide", "microsoft"];
    let said = mailgrant.ok(&guide);
    assert!(
        said.contains(&format!("Redirect URI, platform Web: {uri}\n")),
        "{said}"
    );
    assert!(said.contains("IMAP.AccessAsUser.All"), "{said}");
    assert!(!mailgrant.path("data").exists());

    let more = ["--application", "--name", "help-desk", "--protocols"];
    let args: Vec<&str> = guide.into_iter().chain(more).chain(["imap,smtp"]).collect();
    let said = mailgrant.ok(&args);
    assert!(
        said.contains("Permissions: IMAP.AccessAsApp, SMTP.SendAsApp"),
        "{said}"
    );
    assert!(said.contains("Name: help-desk"), "{said}");
}

#[test]
fn a_guide_can_be_read_by_machines() {
    let mailgrant = Mailgrant::new();
    let said = mailgrant.ok(&["provider", "guide", "google", "--json"]);
    let guide: Value = serde_json::from_str(&said).unwrap();
    let uri = format!("{}/oauth/callback", mailgrant.url());
    assert!(guide["steps"].to_string().contains(&uri), "{guide}");
}

#[test]
fn an_unknown_kind_is_answered_with_the_known_ones() {
    let refused = Mailgrant::new().run(&["provider", "guide", "gmx"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("microsoft-china, yahoo"), "{said}");
}
