//! Wrong input: a clear error, and nothing is changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Executor as _};

use crate::installation::{add_account, add_provider};
use crate::support::Mailgrant;

fn refused(mailgrant: &Mailgrant, args: &[&str]) -> String {
    let output = mailgrant.run(args);
    assert_eq!(
        output.status.code(),
        Some(78),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let dir = mailgrant.dir.path().display().to_string();
    String::from_utf8_lossy(&output.stderr).replace(&dir, "DIR")
}

#[test]
fn an_unknown_setting_names_file_and_line_and_nothing_starts() {
    let mailgrant = Mailgrant::new();
    let file = mailgrant.path("mailgrant.toml");
    fs::write(&file, "# ours\nlissten = \"127.0.0.1:1\"\n").unwrap();
    insta::assert_snapshot!(refused(
        &mailgrant,
        &["serve", "--config", file.to_str().unwrap()]
    ));
    assert!(!mailgrant.path("data").exists());
}

#[test]
fn a_bad_value_names_where_it_stands_and_what_was_expected() {
    let mailgrant = Mailgrant::new();
    insta::assert_snapshot!(refused(&mailgrant, &["serve", "--poll", "often"]));
    assert!(!mailgrant.path("data").exists());
}

#[test]
fn a_wrong_sealing_key_is_told_and_destroys_nothing() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let key = mailgrant.path("data/sealing.key");
    let right = fs::read(&key).unwrap();
    let database = fs::read(mailgrant.path("data/mailgrant.db")).unwrap();

    fs::write(
        &key,
        "mailgrant-key-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    )
    .unwrap();
    let told = refused(&mailgrant, &["provider", "list"]);
    assert_eq!(
        refused(&mailgrant, &["serve"]),
        told,
        "the server says it too"
    );
    insta::assert_snapshot!("wrong_key", told);
    fs::remove_file(&key).unwrap();
    insta::assert_snapshot!("missing_key", refused(&mailgrant, &["provider", "list"]));
    assert!(!key.exists(), "no new key is made beside an old database");
    fs::write(&key, "garbage").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    insta::assert_snapshot!("no_key_at_all", refused(&mailgrant, &["provider", "list"]));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    insta::assert_snapshot!("open_key", refused(&mailgrant, &["provider", "list"]));

    let after = fs::read(mailgrant.path("data/mailgrant.db")).unwrap();
    assert!(after == database, "the database was touched");
    fs::write(&key, right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(mailgrant.ok(&["provider", "list"]).contains("sandbox"));
}

#[test]
fn garbage_in_every_flag_is_told_flag_by_flag_and_stores_nothing() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    insta::assert_snapshot!(
        "garbage_provider",
        refused(
            &mailgrant,
            &[
                "provider",
                "add",
                "a b\u{7}",
                "--kind",
                "yahooo",
                "--client-id",
                "",
                "--secret-method",
                "shout",
                "--issuer",
                "not a url",
                "--scopes",
                "\"quoted\"",
                "--token-endpoint",
                "http://evil.example.com/token",
            ],
        )
    );
    insta::assert_snapshot!(
        "garbage_account",
        refused(
            &mailgrant,
            &[
                "account",
                "add",
                "x/y",
                "--address",
                "nobody",
                "--provider",
                "none",
                "--imap-host=-bad-",
                "--imap-port",
                "99999",
                "--imap-security",
                "maybe",
                "--folder",
                "a\nb",
                "--start",
                "yesterday",
                "--after",
                "burn",
                "--sink",
                "pipe",
            ],
        )
    );
    assert_eq!(mailgrant.ok(&["account", "list", "--json"]).trim(), "[]");
}

#[test]
fn plain_text_to_another_machine_and_graph_scopes_are_refused_when_they_are_entered() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let plain = refused(
        &mailgrant,
        &[
            "account",
            "add",
            "support",
            "--address",
            "support@example.com",
            "--provider",
            "sandbox",
            "--imap-host",
            "imap.example.com",
            "--imap-security",
            "plain",
        ],
    );
    insta::assert_snapshot!("plain_elsewhere", plain);
    let graph = refused(
        &mailgrant,
        &[
            "provider",
            "add",
            "entra",
            "--kind",
            "microsoft",
            "--client-id",
            "x",
            "--tenant",
            "organizations",
            "--scopes",
            "https://graph.microsoft.com/Mail.Read offline_access",
        ],
    );
    insta::assert_snapshot!("graph_scope", graph);
}

#[test]
fn an_unreachable_mail_server_and_provider_are_named() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "http://127.0.0.1:9/");
    let output = mailgrant.run(&["provider", "test", "sandbox"]);
    assert_eq!(output.status.code(), Some(75));
    insta::assert_snapshot!("provider_down", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_left_alone() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    add_account(&mailgrant, &[]);
    let options = SqliteConnectOptions::new().filename(mailgrant.path("data/mailgrant.db"));
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let statement = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                     execution_time) VALUES (9999, 'the future', 1, x'00', 0)";
    database.execute(statement).await.unwrap();
    database.close().await.unwrap();
    let told = refused(&mailgrant, &["account", "list"]);
    // How many migrations there are is of no interest here.
    let (told, known) = told.split_once("this one knows ").unwrap();
    let hint = known.trim_start_matches(|c: char| c.is_ascii_digit());
    insta::assert_snapshot!(format!("{told}this one knows fewer{hint}"));
}

#[test]
fn a_read_only_data_folder_is_told() {
    let mailgrant = Mailgrant::new();
    // Root may write anywhere, but nobody may make a folder below a file.
    fs::write(mailgrant.path("data"), "a file where the folder should be").unwrap();
    insta::assert_snapshot!(refused(&mailgrant, &["provider", "list"]));
}

#[test]
fn a_misspelled_variable_is_refused_like_a_misspelled_key() {
    let mailgrant = Mailgrant::new();
    let output = mailgrant
        .command(&["provider", "list"])
        .env("MAILGRANT_LISTENS", "127.0.0.1:1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr));
    assert!(!mailgrant.path("data").exists());
}

#[test]
fn a_provider_without_a_secret_must_be_said_to_have_none() {
    let mailgrant = Mailgrant::new();
    let provider = [
        "provider",
        "add",
        "p",
        "--kind",
        "google",
        "--client-id",
        "x",
    ];
    insta::assert_snapshot!("no_secret", refused(&mailgrant, &provider));
    let empty = mailgrant.path("empty");
    fs::write(&empty, "\n").unwrap();
    let mut with_empty = provider.to_vec();
    with_empty.extend(["--client-secret-file", empty.to_str().unwrap()]);
    insta::assert_snapshot!("empty_secret", refused(&mailgrant, &with_empty));
    assert_eq!(mailgrant.ok(&["provider", "list", "--json"]).trim(), "[]");
    let mut public = provider.to_vec();
    public.push("--no-client-secret");
    mailgrant.ok(&public);
}

#[test]
fn a_flag_that_goes_with_one_choice_alone_makes_it() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let account = [
        "account",
        "add",
        "a",
        "--address",
        "a@example.com",
        "--provider",
        "sandbox",
    ];
    let mut both = account.to_vec();
    both.extend([
        "--imap-host",
        "localhost",
        "--command",
        "/bin/cat",
        "--maildir",
        "/tmp/x",
    ]);
    insta::assert_snapshot!("two_sinks", refused(&mailgrant, &both));
    let mut one = account.to_vec();
    one.extend([
        "--imap-host",
        "localhost",
        "--command",
        "/bin/cat",
        "--move-to",
        "Done",
    ]);
    mailgrant.ok(&one);
    let shown = mailgrant.ok(&["account", "show", "a", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert!(shown["sink"].to_string().contains("/bin/cat"), "{shown}");
    assert!(shown["after"].to_string().contains("Done"), "{shown}");
}
