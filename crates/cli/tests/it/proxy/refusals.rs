//! What a client is told that is not let in, and that nobody is locked out.

use super::world::{Chat, World};
use crate::installation::{ADDRESS, authorize};
use crate::support::secrets_in;

/// What is said to a login in each protocol.
fn answers(world: &World, user: &str, password: &str) -> [String; 3] {
    let mut imap = Chat::to(world.ports.imap);
    imap.say(format!("a LOGIN {user} {password}\r\n"));
    let mut pop3 = Chat::to(world.ports.pop3);
    pop3.hear("+OK");
    pop3.say(format!("USER {user}\r\n")).hear("+OK");
    pop3.say(format!("PASS {password}\r\n"));
    let mut smtp = Chat::to(world.ports.smtp);
    smtp.hear("220");
    smtp.say("EHLO me\r\n").hear("250 ");
    let plain = world.base64(&format!("\0{user}\0{password}"));
    smtp.say(format!("AUTH PLAIN {plain}\r\n"));
    [imap.hear("a "), pop3.hear(""), smtp.hear("")]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn proxy_says_what_is_wrong_in_each_protocol_and_goes_on_when_it_is_mended() {
    let mut world = World::start().await;
    let password = world.password.clone();
    let begin = |answers: &[String; 3], codes: [&str; 3]| {
        for (answer, code) in answers.iter().zip(codes) {
            assert!(
                answer.starts_with(code),
                "{answer} does not begin with {code}"
            );
        }
    };
    let welcome = ["a OK [CAPABILITY ", "+OK 0 messages", "235 "];
    begin(&answers(&world, ADDRESS, &password), welcome);

    // Wrong, whichever of the two it is.
    let wrong = ["a NO [AUTHENTICATIONFAILED] ", "-ERR [AUTH] ", "535 5.7.8 "];
    begin(&answers(&world, ADDRESS, "guess"), wrong);
    begin(&answers(&world, "nobody", &password), wrong);

    // For SMTP alone, and from elsewhere alone.
    let add = ["account", "app-password", "add", "support", "--label", "x"];
    let for_smtp = world
        .mailgrant
        .ok(&[&add[..], &["--protocols", "smtp"]].concat());
    let answered = answers(&world, "support", for_smtp.trim());
    begin(
        &answered,
        ["a NO [AUTHORIZATIONFAILED] ", "-ERR [AUTH] ", "235 "],
    );
    assert!(answered[0].contains("not for IMAP"), "{}", answered[0]);
    let elsewhere = world
        .mailgrant
        .ok(&[&add[..], &["--networks", "192.0.2.0/24"]].concat());
    let answered = answers(&world, "support", elsewhere.trim());
    begin(
        &answered,
        ["a NO [AUTHORIZATIONFAILED] ", "-ERR [AUTH] ", "535 5.7.1 "],
    );

    // The mail server is down, and comes back.
    world.dovecot.pause();
    let down = ["a NO [UNAVAILABLE] ", "-ERR [SYS/TEMP] ", "421 4.4.0 "];
    begin(&answers(&world, "support", &password), down);
    world.dovecot.resume();
    begin(&answers(&world, "support", &password), welcome);

    // The grant is over: a person has to act, and the link says where.
    world.mailgrant.ok(&["account", "revoke", "support"]);
    let person = ["a NO [CONTACTADMIN] ", "-ERR [SYS/PERM] ", "454 4.7.0 "];
    let answered = answers(&world, "support", &password);
    begin(&answered, person);
    let link = format!("{}/accounts/1", world.mailgrant.url());
    for answer in &answered {
        assert!(answer.trim_end().ends_with(&link), "{answer}");
        assert!(answer.is_ascii() && answer.len() < 512, "{answer}");
    }
    authorize(&world.mailgrant, ADDRESS).await;
    begin(&answers(&world, "support", &password), welcome);

    // A revoked app password opens nothing.
    world
        .mailgrant
        .ok(&["account", "app-password", "revoke", "support", "1"]);
    begin(&answers(&world, "support", &password), wrong);

    let log = world.mailgrant.log();
    for password in [&password, for_smtp.trim(), elsewhere.trim()] {
        assert!(!log.contains(password), "the log has a password:\n{log}");
    }
    assert_eq!(secrets_in(&log), [""; 0]);
    assert!(world.server.stop());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn proxy_lets_whoever_guesses_wait_and_nobody_else() {
    let world = World::start().await;
    let mut known = Chat::to(world.ports.imap);
    known
        .say(format!("a LOGIN support {}\r\n", world.password))
        .hear("a OK");
    let mut guess = Chat::to(world.ports.imap);
    guess.hear("* OK");
    for attempt in ["a", "b", "c"] {
        guess.say(format!("{attempt} LOGIN support {attempt}\r\n"));
        guess.hear(&format!("{attempt} NO [AUTHENTICATIONFAILED]"));
    }
    guess.hear("* BYE Too many logins were refused");
    assert_eq!(guess.rest(), "");
    // A login that is right is let in, and waits for nothing.
    let mut right = Chat::to(world.ports.imap);
    right
        .say(format!("a LOGIN support {}\r\n", world.password))
        .hear("a OK");
    known.say("b NOOP\r\n").hear("b OK");
}
