//! Delivery to a program.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mailgrant_sandbox::samples;
use mailgrant_vault::{Account, AfterDelivery, Sink};

use super::{ADDRESS, Plan, World, count, now, sorted};
use crate::plug::Plug;
use crate::{FetchError, Fetched};

/// Writes each message to a file named by its key.
const KEEP: &str = r#"cat > "$1/$MAILGRANT_KEY""#;
/// The same, but ends with the status that the message's first line asks for.
const OBEY: &str = r#"
    IFS= read -r first; status=${first#Status: }; status=${status%?}
    [ "$status" = 0 ] && { printf '%s\n' "$first"; cat; } > "$1/$MAILGRANT_KEY"
    echo "as you say" >&2; exit "$status""#;

fn asking_for(status: u8) -> Vec<u8> {
    format!("Status: {status}\r\n\r\nbody\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_reaches_the_program_byte_for_byte() {
    let world = Plan::script(KEEP).build().await;
    let samples: Vec<Vec<u8>> = samples(7).into_iter().map(|sample| sample.raw).collect();
    for raw in &samples {
        world.server.deliver(ADDRESS, "INBOX", raw);
    }
    let fetched = world.fetch().await.unwrap();
    assert_eq!(
        fetched,
        Fetched {
            delivered: samples.len() as u64,
            ..Fetched::default()
        }
    );
    assert!(world.written() == sorted(samples), "a message differs");
    // Only the lock file is left.
    assert_eq!(count(&world.folder.path().join("spool")), 1);
}

#[tokio::test]
async fn the_program_is_told_whose_mail_it_is_and_nothing_else() {
    let script = r#"{ echo "$2 $3"; env | cut -d= -f1 | sort | tr '\n' ' '; } > "$1/told"; cat"#;
    let world = Plan::script(script).build().await;
    world.receive(1);
    world.fetch().await.unwrap();
    let told = String::from_utf8(world.written().remove(0)).unwrap();
    let (arguments, names) = told.split_once('\n').unwrap();
    assert_eq!(arguments, format!("desk {ADDRESS}"));
    let known = [
        "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "PWD", "TMPDIR", "TZ", "USER",
        "OLDPWD", "SHLVL", "_",
    ];
    for name in names.split_whitespace() {
        assert!(
            known.contains(&name) || name.starts_with("MAILGRANT_"),
            "{name}"
        );
    }
    assert!(names.contains("MAILGRANT_ACCOUNT MAILGRANT_ADDRESS MAILGRANT_FOLDER MAILGRANT_KEY"));
}

#[tokio::test]
async fn each_exit_status_means_what_it_means_and_holds_up_no_other_message() {
    let world = Plan::script(OBEY).build().await;
    let statuses = [
        1, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 200, 0,
    ];
    for status in statuses {
        world.server.deliver(ADDRESS, "INBOX", &asking_for(status));
    }
    let fetched = world.fetch().await.unwrap();
    assert_eq!(
        fetched,
        Fetched {
            delivered: 1,
            deferred: 5,
            quarantined: 12
        }
    );
    assert_eq!(world.written(), [asking_for(0)]);
    let quarantine = world.vault.quarantine(world.account.id, 100).await.unwrap();
    assert_eq!(quarantine.len(), 12);
    assert!(
        quarantine
            .iter()
            .all(|held| held.reason.contains("as you say")),
        "{quarantine:?}"
    );
    // What waits is not tried again before its time.
    assert_eq!(world.fetch().await.unwrap(), Fetched::default());
}

#[tokio::test]
async fn a_program_that_cannot_run_holds_everything_back_and_loses_nothing() {
    for (status, mended) in [(126, 0), (127, 0)] {
        let world = Plan::script(OBEY).build().await;
        world.server.deliver(ADDRESS, "INBOX", &asking_for(status));
        let later = asking_for(mended);
        world.server.deliver(ADDRESS, "INBOX", &later);
        let error = world.fetch().await.unwrap_err();
        assert!(matches!(error, FetchError::SinkDown { .. }), "{error:?}");
        assert!(world.written().is_empty());
        let world = with_script(world, KEEP).await;
        world.fetch().await.unwrap();
        assert_eq!(world.written(), sorted(vec![asking_for(status), later]));
    }
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let mut world = Plan::script(KEEP).build().await;
    world.receive(1);
    let argv = vec!["/no/such/program".to_owned()];
    world = with_argv(world, argv).await;
    let error = world.fetch().await.unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[tokio::test]
async fn quarantined_mail_is_delivered_once_somebody_lets_it_be_tried_again() {
    let plan = Plan {
        after: AfterDelivery::Delete,
        ..Plan::script(OBEY)
    };
    let world = plan.build().await;
    world.server.deliver(ADDRESS, "INBOX", &asking_for(65));
    assert_eq!(world.fetch().await.unwrap().quarantined, 1);
    assert_eq!(
        world.inbox().len(),
        1,
        "what was not delivered is not deleted"
    );
    let world = with_script(world, KEEP).await;
    assert_eq!(world.fetch().await.unwrap(), Fetched::default());

    assert_eq!(
        world
            .vault
            .retry_quarantine(world.account.id, now())
            .await
            .unwrap(),
        1
    );
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert_eq!(world.written(), [asking_for(65)]);
    assert!(world.inbox().is_empty());
    assert!(
        world
            .vault
            .quarantine(world.account.id, 100)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_ended_and_its_message_waits() {
    let plan = Plan {
        time_limit: Duration::from_millis(100),
        ..Plan::script("cat > /dev/null; sleep 1000")
    };
    let world = plan.build().await;
    world.receive(1);
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    assert_eq!(
        world.vault.counts(world.account.id).await.unwrap().waiting,
        1
    );
}

#[tokio::test]
async fn a_message_keeps_its_key_when_it_is_delivered_again() {
    // Fails after it has written, as if it had been interrupted; the second time all is well.
    let script = r#"cat > /dev/null; echo "$MAILGRANT_KEY" >> "$1/keys"
        [ "$(wc -l < "$1/keys")" -ge 2 ] || exit 127"#;
    let world = Plan::script(script).build().await;
    world.receive(1);
    world.fetch().await.unwrap_err();
    world.fetch().await.unwrap();
    let keys = String::from_utf8(world.written().remove(0)).unwrap();
    let keys: Vec<_> = keys.lines().collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

async fn with_script(world: World, script: &str) -> World {
    let Some(Sink::Command(before)) = &world.account.draft.sink else {
        panic!("no command")
    };
    let mut argv = before.argv.clone();
    argv[2] = script.to_owned();
    with_argv(world, argv).await
}

async fn with_argv(mut world: World, argv: Vec<String>) -> World {
    let Some(Sink::Command(command)) = &mut world.account.draft.sink else {
        panic!("no command")
    };
    command.argv = argv;
    let Account {
        id, version, draft, ..
    } = &world.account;
    world.account = world
        .vault
        .change_account(*id, *version, draft, now())
        .await
        .unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_puts_everything_off_holds_the_mailbox_back_and_loses_nothing() {
    let world = Plan::script(
        r#"[ -e "$1/../up" ] || { echo "the database is down"; exit 75; }; cat > "$1/$MAILGRANT_KEY""#,
    );
    let world = world.build().await;
    let sent = world.receive(50);
    let error = world.fetch().await.unwrap_err();
    let FetchError::SinkDown { why, .. } = &error else {
        panic!("{error}");
    };
    assert!(why.contains("20 messages in a row"), "{why}");
    assert!(why.contains("the database is down"), "{why}");
    let counts = world.vault.counts(world.account.id).await.unwrap();
    assert_eq!(counts.waiting, 20, "those behind them were not tried");
    mailgrant_base::files::create_private(&world.folder.path().join("up"), b"").unwrap();
    assert_eq!(world.fetch().await.unwrap().delivered, 30);
    let later = now() + jiff::SignedDuration::from_hours(2);
    let later = world.fetcher.at(mailgrant_base::ManualClock::new(later));
    let rest = later.fetch_once(world.account.id).await.unwrap();
    assert_eq!(rest.delivered, 20);
    assert!(world.written() == sorted(sent));
}

/// Notes how many run when it begins, and keeps the message. Whoever begins alone waits for another
/// one to begin beside it: one by one they would never come to an end.
const TOGETHER: &str = r#"cd "$1" || exit 127
    exec 9> ../lock; flock 9; mkdir -p ../runs
    : > "../runs/$$"; count=$(ls ../runs | wc -l); echo "$count" >> ../counts
    [ "$count" -lt 2 ] || : > ../met
    flock -u 9
    cat > "$MAILGRANT_KEY"
    while [ ! -e ../met ]; do sleep 0.01; done
    flock 9; rm "../runs/$$""#;

#[tokio::test(flavor = "multi_thread")]
async fn as_many_programs_run_at_the_same_time_as_is_allowed_and_no_more() {
    let plan = Plan {
        at_once: 4,
        ..Plan::script(TOGETHER)
    };
    let world = plan.build().await;
    let sent = world.receive(10);
    assert_eq!(world.fetch().await.unwrap().delivered, 10);
    let counts = mailgrant_base::files::read(&world.folder.path().join("counts")).unwrap();
    let counts = String::from_utf8(counts).unwrap();
    let counts = counts.lines().map(|count| count.parse::<u32>().unwrap());
    let most = counts.max();
    assert!(matches!(most, Some(2..=4)), "{most:?} at once");
    assert_eq!(world.written(), sorted(sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_nothing_and_doubles_no_more_than_were_handed_over_at_once()
{
    // Each time that a message is handed over it is kept by its key and the process.
    let script = r#"cat > "$1/$MAILGRANT_KEY.$$""#;
    let mut most = 0;
    for effects in 0.. {
        let plan = Plan {
            at_once: 4,
            ..Plan::script(script)
        };
        let world = plan.build().await;
        let sent = world.receive(6);
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        assert_eq!(crashed, plug.pulled(), "after {effects} effects");
        world.fetch().await.unwrap();
        let kept = by_key(&world.folder.path().join("out"));
        let twice = kept.values().map(|copies| copies.len() - 1).sum::<usize>();
        assert!(twice <= 4, "after {effects} effects: {twice}");
        let each = kept.into_values().map(|mut copies| {
            copies.dedup();
            assert_eq!(copies.len(), 1, "a key for two messages");
            copies.remove(0)
        });
        assert!(
            sorted(each.collect()) == sorted(sent),
            "after {effects} effects"
        );
        most = most.max(twice);
        if !crashed {
            assert_eq!(twice, 0);
            assert!(effects > 12, "the plug is asked before every effect");
            break;
        }
    }
    assert!(most > 1, "no crash came while several were handed over");
}

/// All copies of each message that the program has kept as `KEY.PROCESS`.
fn by_key(folder: &Path) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let key = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let copy = mailgrant_base::files::read(&path).unwrap();
        all.entry(key).or_default().push(copy);
    }
    all
}
