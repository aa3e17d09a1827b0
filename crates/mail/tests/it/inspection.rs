//! What a doctor sees, of good servers and of bad ones.

use std::time::Duration;

use mailgrant_mail::sasl::Mechanism;
use mailgrant_mail::{
    Inspection, Limits, MailError, MailServer, Protocol, Security, Trust, inspect, try_login,
};
use mailgrant_sandbox::{Certificate, ImapFault, LineFault, MailServerOptions};

use crate::world::{USER, World, limits, token};

async fn look(world: &World, protocol: Protocol, security: Security) -> Inspection {
    let server = world.speaking(protocol, security);
    inspect(protocol, &server, &world.trust(), limits()).await
}

async fn every_step_is_seen(world: World) {
    for protocol in Protocol::ALL {
        for security in [Security::Tls, Security::StartTls, Security::Plain] {
            let seen = look(&world, protocol, security).await;
            assert!(seen.failure().is_none(), "{seen:?}\n{}", world.log());
            let addresses = seen.addresses.result.unwrap();
            let connected = seen.connected.unwrap().result.unwrap();
            assert_eq!(addresses, [connected.ip()]);
            assert_eq!(seen.tls.is_some(), security != Security::Plain);
            if let Some(tls) = seen.tls {
                assert_eq!(tls.handshake.result.unwrap(), "TLS 1.3");
                let own = &tls.chain[0];
                assert!(own.names.contains(&"localhost".to_owned()), "{own:?}");
                assert!(own.not_before < own.not_after);
            }
            let offers = seen.offers.unwrap().result.unwrap();
            assert!(offers.takes(Mechanism::XOAuth2) && offers.takes(Mechanism::OAuthBearer));
        }
    }
    assert!(!world.log().contains("XOAUTH2 "), "{}", world.log());
}

#[tokio::test]
async fn every_step_is_seen_in_the_sandbox() {
    every_step_is_seen(World::sandbox_with(MailServerOptions::default()).await).await;
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn every_step_is_seen_in_dovecot() {
    every_step_is_seen(World::dovecot("xoauth2 oauthbearer").await).await;
}

/// The error of the handshake, and that nothing comes behind it.
fn broken_handshake(seen: &Inspection) -> String {
    assert!(seen.offers.is_none(), "{seen:?}");
    let tls = seen.tls.as_ref().unwrap();
    tls.handshake.failure().unwrap().to_string()
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_is_shown_and_nobody_logs_in() {
    for (certificate, why) in [
        (Certificate::Expired, "has expired"),
        (Certificate::OtherName, "for another name"),
    ] {
        let options = MailServerOptions {
            certificate,
            ..MailServerOptions::default()
        };
        let world = World::sandbox_with(options).await;
        for protocol in Protocol::ALL {
            for security in [Security::Tls, Security::StartTls] {
                let seen = look(&world, protocol, security).await;
                let error = broken_handshake(&seen);
                assert!(error.contains(why), "{error}");
                let own = &seen.tls.unwrap().chain[0];
                match certificate {
                    Certificate::Expired => {
                        let end = own.not_after.unwrap().to_string();
                        assert_eq!(end, "2020-02-02T00:00:00Z");
                    }
                    _ => assert_eq!(own.names, ["mail.example.net"]),
                }
                let mechanism = Mechanism::XOAuth2;
                let login = world.log_in(protocol, security, mechanism, token());
                let error = login.await.unwrap_err();
                assert!(matches!(error, MailError::Tls { .. }), "{error:?}");
            }
        }
        assert!(world.server().logins().is_empty());
        let log = world.log();
        let tried = |line: &str| line.contains(" C: ") && line.contains("AUTH");
        assert!(!log.lines().any(tried), "{log}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_shown() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    let nobody = Trust::system().unwrap();
    for protocol in Protocol::ALL {
        let server = world.speaking(protocol, Security::StartTls);
        let seen = inspect(protocol, &server, &nobody, limits()).await;
        let error = broken_handshake(&seen);
        assert!(error.contains("authority that is not trusted"), "{error}");
        let tls = seen.tls.unwrap();
        assert_eq!(tls.chain[0].subject, tls.chain[0].issuer);
    }
}

#[tokio::test]
async fn plain_text_on_a_port_of_tls_is_named() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    for protocol in Protocol::ALL {
        let plain = world.speaking(protocol, Security::StartTls);
        let server = MailServer::new("127.0.0.1", plain.port, Security::Tls).unwrap();
        let seen = inspect(protocol, &server, &world.trust(), limits()).await;
        let error = broken_handshake(&seen);
        assert!(error.contains("perhaps it wants STARTTLS"), "{error}");
        assert!(seen.tls.unwrap().chain.is_empty());
    }
}

#[tokio::test]
async fn the_first_step_that_fails_is_the_last() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    let port = mailgrant_lab::free_port();
    let server = MailServer::new("127.0.0.1", port, Security::Tls).unwrap();
    let seen = inspect(Protocol::Smtp, &server, &world.trust(), limits()).await;
    assert!(seen.addresses.result.is_ok());
    let error = seen.connected.as_ref().unwrap().failure().unwrap();
    assert!(matches!(error, MailError::Connect { .. }), "{error:?}");
    assert!(seen.tls.is_none() && seen.offers.is_none());
    assert_eq!(seen.failure().unwrap().to_string(), error.to_string());

    let server = MailServer::new("no-such-host.invalid", 993, Security::Tls).unwrap();
    let seen = inspect(Protocol::Imap, &server, &world.trust(), limits()).await;
    assert!(seen.addresses.result.is_err() && seen.connected.is_none());
}

#[tokio::test]
async fn bytes_before_the_handshake_are_refused() {
    for protocol in Protocol::ALL {
        let world = World::sandbox_with(MailServerOptions::default()).await;
        let server = world.server();
        match protocol {
            Protocol::Imap => server.fault(ImapFault::StartTlsInjection, None),
            Protocol::Pop3 => server.pop3_fault(LineFault::StartTlsInjection, None),
            Protocol::Smtp => server.smtp_fault(LineFault::StartTlsInjection, None),
        }
        let seen = look(&world, protocol, Security::StartTls).await;
        let error = broken_handshake(&seen);
        assert!(error.contains("between STARTTLS and TLS"), "{error}");
        let login = world.log_in(protocol, Security::StartTls, Mechanism::XOAuth2, token());
        assert!(login.await.is_err());
        assert!(server.logins().is_empty());
    }
}

#[tokio::test]
async fn lines_without_end_are_not_read() {
    for protocol in Protocol::ALL {
        let world = World::sandbox_with(MailServerOptions {
            announce_capabilities: false,
            ..MailServerOptions::default()
        })
        .await;
        let server = world.server();
        match protocol {
            Protocol::Imap => server.fault(ImapFault::EndlessLine, None),
            Protocol::Pop3 => server.pop3_fault(LineFault::EndlessLine, None),
            Protocol::Smtp => server.smtp_fault(LineFault::EndlessLine, None),
        }
        let seen = look(&world, protocol, Security::Tls).await;
        let error = seen.failure().unwrap().to_string();
        assert!(error.contains("too long"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_drips_does_not_hold_a_login_for_ever() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    let drop = Duration::from_millis(5);
    world.server().fault(ImapFault::Drip(drop), None);
    world.server().pop3_fault(LineFault::Drip(drop), None);
    world.server().smtp_fault(LineFault::Drip(drop), None);
    let limits = Limits {
        opening: Duration::from_millis(300),
        ..limits()
    };
    for protocol in Protocol::ALL {
        let server = world.speaking(protocol, Security::Tls);
        let (trust, token) = (world.trust(), token());
        let mechanism = Mechanism::XOAuth2;
        let login = try_login(protocol, &server, &trust, limits, mechanism, USER, &token);
        let error = login.await.result.unwrap_err();
        assert!(error.to_string().contains("it talked on"), "{error}");
        let seen = inspect(protocol, &server, &trust, limits).await;
        let error = seen.failure().unwrap().to_string();
        assert!(error.contains("it talked on"), "{error}");
    }
}
