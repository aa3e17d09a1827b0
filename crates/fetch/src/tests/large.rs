//! Large messages whose connection breaks.

use mailgrant_mail::MailError;
use mailgrant_sandbox::ImapFault;

use super::{ADDRESS, World, sorted};
use crate::connect::Login;
use crate::source::Source;

/// A message of so many bytes, whose parts are all different.
fn large(size: usize, name: &str) -> Vec<u8> {
    let mut raw = format!("Subject: {name}\r\n\r\n").into_bytes();
    let mut number = 0_u64;
    while raw.len() + 2 < size {
        raw.extend_from_slice(format!("{name} {number:>60}\r\n").as_bytes());
        number += 1;
    }
    raw
}

fn put(world: &World, raw: &[u8]) {
    world.server.deliver(ADDRESS, "INBOX", raw);
}

fn logins(world: &World) -> u64 {
    world.server.logins().iter().map(|(_, count)| count).sum()
}

#[tokio::test]
async fn a_large_message_goes_on_where_its_connection_broke() {
    let world = World::new().await;
    let sent = [
        large(100, "small"),
        large(3 << 20, "large"),
        large(200, "smaller"),
        large(2 << 20, "another"),
    ];
    for raw in &sent {
        put(&world, raw);
    }
    let fault = ImapFault::TruncateFetch(2 << 20);
    world.server.fault(fault, Some(1));
    assert_eq!(world.fetch().await.unwrap().delivered, 4);
    assert_eq!(logins(&world), 2);
    assert!(world.delivered() == sorted(sent.to_vec()));
}

#[tokio::test]
async fn it_goes_on_however_often_it_breaks_as_long_as_something_comes() {
    let world = World::new().await;
    let sent = large(6 << 20, "large");
    put(&world, &sent);
    world
        .server
        .fault(ImapFault::TruncateFetch(3 << 19), Some(1));
    // Two to see whether all is as before, and two parts.
    world.server.fault(ImapFault::FetchesInSession(4), None);
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert!(logins(&world) > 3, "{}", logins(&world));
    assert!(world.delivered() == [sent]);
}

#[tokio::test]
async fn a_server_that_gives_no_parts_is_asked_for_all_of_it_again() {
    let world = World::new().await;
    let sent = large(3 << 20, "large");
    put(&world, &sent);
    world
        .server
        .fault(ImapFault::TruncateFetch(2 << 20), Some(1));
    world.server.fault(ImapFault::NoParts, None);
    let error = world.fetch().await.unwrap_err();
    assert!(
        error.to_string().contains("ended the connection"),
        "{error}"
    );
    assert!(world.delivered().is_empty());
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert!(world.delivered() == [sent]);
}

/// Reads until something is wrong.
async fn until_it_fails(source: &mut Source) -> MailError {
    loop {
        match source.next_arrival().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it has come whole"),
            Err(error) => return error,
        }
    }
}

#[tokio::test]
async fn a_message_that_may_be_another_is_never_put_together_of_two() {
    let world = World::new().await;
    put(&world, b"Subject: gone soon\r\n\r\n");
    put(&world, &large(16 << 20, "large"));
    let login = Login::new(world.fetcher.shared());
    for is_renumbered in [true, false] {
        let mut source = login.open(&world.account).await.unwrap().source;
        source.select("INBOX").await.unwrap();
        source.start_fetch(&[2]).await.unwrap();
        for _ in 0..100 {
            source.next_arrival().await.unwrap();
        }
        if is_renumbered {
            world.server.fault(ImapFault::NewUidValidity, Some(1));
        } else {
            world.server.fault(ImapFault::OtherParts, None);
        }
        world.server.drop_connections();
        let error = until_it_fails(&mut source).await;
        assert!(matches!(error, MailError::Closed { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_small_message_is_simply_asked_for_again() {
    let world = World::new().await;
    put(&world, &large(500_000, "not large"));
    world
        .server
        .fault(ImapFault::TruncateFetch(100_000), Some(1));
    world.fetch().await.unwrap_err();
    assert_eq!(logins(&world), 1);
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
}
