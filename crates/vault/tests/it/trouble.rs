//! What the store says when its database cannot do its work, and that nothing is half done then.

use std::path::Path;
use std::process::{Command, Stdio};

use mailgrant_base::files::{self, FileError};
use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_vault::{EventKind, GrantState, Location, NewEvent, VaultError};

use crate::bench::{Bench, at, new_grant, on_both, open, provider_draft};
use crate::raw::Raw;

on_both! {
    async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is(bench) {
        bench.authorized("desk").await;
        bench.vault.close().await;
        migrated(bench, 9999).await;
        let before = Raw::open(&bench.location).await.cells().await;
        for opened in [bench.again().await, bench.with_other_key().await] {
            let error = opened.unwrap_err();
            assert!(matches!(error, VaultError::TooNew { found: 9999, .. }), "{error}");
        }
        assert_eq!(Raw::open(&bench.location).await.cells().await, before);
    }

    async fn a_database_with_an_unknown_step_in_its_history_is_refused(bench) {
        bench.vault.close().await;
        migrated(bench, 0).await;
        let before = Raw::open(&bench.location).await.cells().await;
        assert_unusable(&bench.again().await.unwrap_err(), "does not know its past: migration 0");
        assert_eq!(Raw::open(&bench.location).await.cells().await, before);
    }

    async fn a_closed_store_says_so(bench) {
        bench.vault.ping().await.unwrap();
        bench.vault.close().await;
        assert_unusable(&bench.vault.ping().await.unwrap_err(), "it has been closed");
        assert_unusable(&bench.vault.providers().await.unwrap_err(), "it has been closed");
    }

    async fn two_who_open_an_empty_database_at_once_agree_on_it(bench) {
        let empty = bench.elsewhere();
        let (one, two) = tokio::join!(bench.at_location(&empty), bench.at_location(&empty));
        let (one, two) = (one.unwrap(), two.unwrap());
        one.add_provider(&provider_draft("one"), at(1)).await.unwrap();
        two.add_provider(&provider_draft("two"), at(1)).await.unwrap();
        assert_eq!(one.providers().await.unwrap().len(), 2);
    }

    async fn of_two_who_open_an_empty_database_with_their_own_keys_one_is_told_so(bench) {
        let empty = bench.elsewhere();
        let other_key = bench.other_key();
        let (one, two) = tokio::join!(bench.at_location(&empty), open(&empty, other_key));
        let (winner, loser) = if one.is_ok() { (one, two) } else { (two, one) };
        winner.unwrap().ping().await.unwrap();
        assert!(matches!(loser, Err(VaultError::WrongKey { .. })), "{loser:?}");
    }
}

mod sqlite {
    use super::*;

    #[tokio::test]
    async fn a_database_that_cannot_be_written_is_told_when_it_is_opened() {
        let bench = Bench::sqlite().await;
        bench.vault.close().await;
        let path = path_of(&bench);
        let mut bytes = files::read(path).unwrap();
        // The file format's "write version": one that SQLite does not know makes it read-only, also
        // for root, whom no mode of a file stops.
        bytes[18] = 3;
        overwrite(path, &bytes);
        assert_unusable(&bench.again().await.unwrap_err(), "readonly database");
        assert_eq!(files::read(path).unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_folder_in_which_no_database_can_be_made_is_told_by_its_name() {
        let bench = Bench::sqlite().await;
        let location = Location::Sqlite("/proc/mailgrant/mailgrant.db".into());
        let error = bench.at_location(&location).await.unwrap_err();
        assert!(
            matches!(error, VaultError::File(FileError { .. })),
            "{error}"
        );
        let diagnosis = error.diagnosis();
        assert_eq!(diagnosis.fault, Fault::Operator);
        assert!(diagnosis.what.contains("/proc/mailgrant"), "{diagnosis}");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_told_and_left_as_it_is() {
        let bench = Bench::sqlite().await;
        bench.vault.close().await;
        let path = path_of(&bench);
        let letter = "Dear Sir or Madam, ".repeat(1000).into_bytes();
        overwrite(path, &letter);
        assert_unusable(&bench.again().await.unwrap_err(), "file is not a database");
        assert_eq!(files::read(path).unwrap(), letter);
    }

    #[tokio::test]
    async fn a_database_of_a_newer_version_stays_the_same_to_the_byte() {
        let bench = Bench::sqlite().await;
        bench.vault.close().await;
        migrated(&bench, 9999).await;
        let before = files::read(path_of(&bench)).unwrap();
        bench.again().await.unwrap_err();
        assert_eq!(files::read(path_of(&bench)).unwrap(), before);
    }

    /// Runs itself in other processes: those find the name of the file in their environment.
    #[tokio::test]
    async fn processes_that_open_and_write_one_file_at_once_wait_for_each_other() {
        const FILE: &str = "MAILGRANT_TEST_SQLITE_FILE";
        const NAME: &str =
            "trouble::sqlite::processes_that_open_and_write_one_file_at_once_wait_for_each_other";
        if let Some(file) = std::env::var_os(FILE) {
            return write_much(Path::new(&file)).await;
        }
        let bench = Bench::sqlite().await;
        let file = bench.folder.path().join("shared.db");
        let processes: Vec<_> = (0..PROCESSES)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", NAME, "--nocapture"])
                    .env(FILE, &file)
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for process in processes {
            let output = process.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{output:?}");
            assert!(said.contains("1 passed"), "{said}");
        }
        let vault = bench.at_location(&Location::Sqlite(file)).await.unwrap();
        assert_eq!(vault.providers().await.unwrap().len(), PROCESSES * ROUNDS);
        let events = vault.events(None, u32::MAX).await.unwrap();
        assert_eq!(events.len(), PROCESSES * ROUNDS * WRITES);
    }

    const PROCESSES: usize = 4;
    const ROUNDS: usize = 5;
    const WRITES: usize = 20;

    async fn write_much(file: &Path) {
        let process = std::process::id();
        for round in 0..ROUNDS {
            let key = file.with_file_name("key");
            let vault = open(&Location::Sqlite(file.to_owned()), key).await.unwrap();
            let draft = provider_draft(&format!("{process}-{round}"));
            vault.add_provider(&draft, at(0)).await.unwrap();
            for _ in 0..WRITES {
                vault.record(event(), at(0)).await.unwrap();
                vault.events(None, 5).await.unwrap();
            }
            vault.close().await;
        }
    }

    fn path_of(bench: &Bench) -> &Path {
        let Location::Sqlite(path) = &bench.location else {
            panic!("it is a file");
        };
        path
    }

    #[expect(clippy::disallowed_methods, reason = "damaging a file needs no care")]
    fn overwrite(path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
    }
}

mod postgres {
    use mailgrant_lab::Postgres;

    use super::*;

    #[tokio::test]
    #[ignore = "needs PostgreSQL; ./test installs it"]
    async fn a_database_that_cannot_be_written_is_told_when_it_is_opened() {
        let bench = Bench::postgres().await;
        bench.vault.close().await;
        let mut raw = Raw::open(&bench.location).await;
        raw.run(
            "DO $$ BEGIN EXECUTE format(
                 'ALTER DATABASE %I SET default_transaction_read_only = on', current_database()
             ); END $$",
        )
        .await;
        let before = raw.cells().await;
        assert_unusable(&bench.again().await.unwrap_err(), "read-only transaction");
        assert_eq!(raw.cells().await, before);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; ./test installs it"]
    async fn a_full_disk_is_told_and_nothing_is_half_done() {
        let bench = Bench::postgres().await;
        let account = bench.account("desk").await.id;
        let mut raw = Raw::open(&bench.location).await;
        // What the server says when its disk is full.
        raw.run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100';
             END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON access_tokens
                 EXECUTE FUNCTION full_disk()",
        )
        .await;
        let given = new_grant("desk");
        let stored = bench.vault.store_grant(account, &given, at(1));
        assert_unusable(&stored.await.unwrap_err(), "No space left on device");
        let grant = bench.vault.grant(account).await.unwrap().unwrap();
        assert_eq!((grant.state, grant.version), (GrantState::Pending, 1));
        raw.run("DROP TRIGGER full_disk ON access_tokens").await;
        bench
            .vault
            .store_grant(account, &given, at(1))
            .await
            .unwrap();
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; ./test installs it"]
    async fn a_server_that_stops_in_the_middle_is_told_and_used_again_when_it_is_back() {
        let mut server = Postgres::start();
        let bench = Bench::on(&server).await;
        let mut raw = Raw::open(&bench.location).await;
        raw.run("BEGIN").await;
        raw.run("LOCK TABLE events").await;
        let vault = bench.vault.clone();
        let recording = tokio::spawn(async move { vault.record(event(), at(0)).await });
        let mut looking = Raw::open(&bench.location).await;
        while !looking.somebody_waits_for_a_lock().await {
            tokio::task::yield_now().await;
        }
        server.stop();
        let error = recording.await.unwrap().unwrap_err();
        assert_unusable(&error, "terminating connection");
        assert_unusable(
            &bench.vault.ping().await.unwrap_err(),
            "no connection in time",
        );
        server.resume();
        bench.vault.ping().await.unwrap();
        assert!(bench.vault.events(None, 9).await.unwrap().is_empty());
        bench.vault.record(event(), at(0)).await.unwrap();
        assert_eq!(bench.vault.events(None, 9).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_told_without_its_password() {
        let bench = Bench::sqlite().await;
        for address in ["postgres://desk:swordfish@host:port/name", "swordfish", ""] {
            let location = Location::Postgres(address.into());
            assert!(!format!("{location:?}").contains("swordfish"));
            let error = bench.at_location(&location).await.unwrap_err();
            assert_unusable(&error, "postgres://user:password@host/name");
            assert!(!format!("{error:?} {error} {}", error.diagnosis()).contains("swordfish"));
        }
    }
}

/// Adds a step to the database's history.
async fn migrated(bench: &Bench, version: i64) {
    let mut raw = Raw::open(&bench.location).await;
    raw.run(&format!(
        "INSERT INTO _sqlx_migrations
             (version, description, installed_on, success, checksum, execution_time)
         SELECT {version}, description, installed_on, success, checksum, execution_time
         FROM _sqlx_migrations WHERE version = 1"
    ))
    .await;
    raw.close().await;
}

fn event() -> NewEvent {
    NewEvent {
        kind: EventKind::SignedIn,
        actor: "root".to_owned(),
        provider: None,
        account: None,
        text: "Signed in.".to_owned(),
    }
}

fn assert_unusable(error: &VaultError, said: &str) {
    let VaultError::Unusable { why, .. } = error else {
        panic!("{error:?}");
    };
    assert!(why.contains(said), "{why}");
    assert_eq!(error.diagnosis().fault, Fault::Operator);
}
