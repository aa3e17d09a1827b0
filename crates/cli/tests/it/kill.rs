//! SIGKILL at many instants of a fetch: afterwards every message is there, and none twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use mailgrant_sandbox::{MailServer, samples};

use crate::installation::{ADDRESS, hand_to, installation};
use crate::support::{Mailgrant, maildir};

#[tokio::test(flavor = "multi_thread")]
async fn a_maildir_gets_every_message_exactly_once_however_often_the_process_is_killed() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    let expected = deliver_samples(&server);

    // Each run gets a little further than the one before; so the kills fall on connecting,
    // fetching, staging, preparing, renaming and acknowledging alike.
    let mut kills = 0;
    let mut patience = Duration::from_millis(5);
    while !finishes_within(&mailgrant, patience) {
        kills += 1;
        patience = Duration::from_millis(5 + kills * 7 % 400);
        assert!(kills < 400, "it never finishes:\n{}", mailgrant.log());
        if kills > 120 {
            patience = Duration::from_mins(1);
        }
    }

    let delivered = counted(maildir(&mailgrant.path("mail")));
    let difference = difference(&expected, &delivered);
    assert_eq!(difference, NONE, "after {kills} kills");
    assert!(
        kills >= 10,
        "only {kills} kills: the test proves too little"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_may_take_mail_away_between_two_kills() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    let expected = deliver_samples(&server);

    let mut taken: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let mut kills = 0;
    loop {
        let patience = Duration::from_millis(20 + kills * 13 % 300);
        let done = finishes_within(
            &mailgrant,
            if kills < 60 {
                patience
            } else {
                Duration::from_mins(1)
            },
        );
        take_all(&mailgrant.path("mail"), &mut taken);
        if done {
            break;
        }
        kills += 1;
    }
    let difference = difference(&expected, &taken);
    assert_eq!(difference, NONE, "after {kills} kills");
    assert!(
        kills >= 10,
        "only {kills} kills: the test proves too little"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_handed_a_message_again_under_the_same_key_after_a_kill() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    let kept = mailgrant.path("kept");
    std::fs::create_dir(&kept).unwrap();
    let keys = mailgrant.path("keys");
    // It stores under the key at once or not at all, as an application's database does.
    let script = format!(
        "/bin/sh -c 'echo $MAILGRANT_KEY >> {}; cd {}; cat > .$$ && mv .$$ $MAILGRANT_KEY'",
        keys.display(),
        kept.display()
    );
    hand_to(&mailgrant, &script);
    let expected = deliver_samples(&server);

    let mut kills = 0;
    let mut patience = Duration::from_millis(5);
    while !finishes_within(&mailgrant, patience) {
        kills += 1;
        patience = Duration::from_millis(20 + kills * 13 % 400);
        assert!(kills < 400, "it never finishes:\n{}", mailgrant.log());
        if kills > 60 {
            patience = Duration::from_mins(1);
        }
    }

    // Each key has one file, so a message under a second key would be there twice.
    let stored: Vec<_> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            !path
                .file_name()
                .unwrap()
                .as_encoded_bytes()
                .starts_with(b".")
        })
        .collect();
    let delivered = counted(stored.iter().map(|path| std::fs::read(path).unwrap()));
    let difference = difference(&expected, &delivered);
    assert_eq!(difference, NONE, "after {kills} kills");
    let used = std::fs::read_to_string(&keys).unwrap();
    let used: std::collections::BTreeSet<&str> = used.lines().collect();
    assert_eq!(used.len(), stored.len(), "no other key was ever handed out");
    assert!(
        kills >= 10,
        "only {kills} kills: the test proves too little"
    );
}

/// How many messages are missing (or differ) and how many came too often.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    missing: usize,
    doubled: usize,
}

const NONE: Difference = Difference {
    missing: 0,
    doubled: 0,
};

/// Some of the messages are identical: each is expected as often as it was sent.
fn difference(
    expected: &BTreeMap<Vec<u8>, usize>,
    delivered: &BTreeMap<Vec<u8>, usize>,
) -> Difference {
    let beyond = |these: &BTreeMap<Vec<u8>, usize>, those: &BTreeMap<Vec<u8>, usize>| {
        let more = |(message, count): (&Vec<u8>, &usize)| {
            count.saturating_sub(those.get(message).copied().unwrap_or_default())
        };
        these.iter().map(more).sum()
    };
    Difference {
        missing: beyond(expected, delivered),
        doubled: beyond(delivered, expected),
    }
}

fn deliver_samples(server: &MailServer) -> BTreeMap<Vec<u8>, usize> {
    let messages: Vec<Vec<u8>> = samples(2).into_iter().map(|sample| sample.raw).collect();
    for message in &messages {
        server.deliver(ADDRESS, "INBOX", message);
    }
    counted(messages)
}

fn counted(messages: impl IntoIterator<Item = Vec<u8>>) -> BTreeMap<Vec<u8>, usize> {
    messages
        .into_iter()
        .fold(BTreeMap::new(), |mut all, message| {
            *all.entry(message).or_default() += 1;
            all
        })
}

fn take_all(path: &Path, taken: &mut BTreeMap<Vec<u8>, usize>) {
    let Ok(entries) = std::fs::read_dir(path.join("new")) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        *taken.entry(std::fs::read(&path).unwrap()).or_default() += 1;
        std::fs::remove_file(path).unwrap();
    }
}

/// Runs `mailgrant fetch` and kills it after `patience`; says whether it came to its end before.
fn finishes_within(mailgrant: &Mailgrant, patience: Duration) -> bool {
    let mut child = mailgrant
        .command(&["fetch", "support"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_or_kill(&mut child, patience)
}

fn wait_or_kill(child: &mut Child, patience: Duration) -> bool {
    let (send, ended) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let id = child.id().to_string();
        scope.spawn(move || {
            // The instant of the kill is the point of this test: it waits for time, not for an
            // event, unless the end comes first.
            if ended.recv_timeout(patience).is_err() {
                mailgrant_lab::send_signal("KILL", &id);
            }
        });
        let status = child.wait().unwrap();
        let _ = send.send(());
        status.success()
    })
}
