//! Every page in a real browser: on a desktop and a phone, light and dark; nothing is cut off, the
//! browser has nothing to complain of, and axe-core finds nothing that a screen reader or a
//! keyboard could not use. The pictures lie in `target/screenshots`, to be looked at.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_base::{Clock as _, SystemClock, SystemRandom};
use mailgrant_lab::{Chromium, Screen, npm_package};
use mailgrant_sandbox::{ImapFault, MailServer, samples};
use mailgrant_vault::{Alarm, AlarmKind, FirstSight, Key, Location, StartFrom, Vault};

use crate::browsing::{choose, click, fill, see, set_password};
use crate::installation::{ADDRESS, hand_to, installation};
use crate::support::Mailgrant;

const SCREENS: [Screen; 6] = [
    screen(1280, 900, false),
    screen(1280, 900, true),
    screen(390, 844, false),
    screen(390, 844, true),
    screen(1920, 1080, false),
    screen(1920, 1080, true),
];

const fn screen(width: u32, height: u32, dark: bool) -> Screen {
    Screen {
        width,
        height,
        dark,
    }
}

/// What axe-core is asked: WCAG 2.2 up to AA, and its own best practice.
const CHECK: &str = r#"
    const done = arguments[arguments.length - 1];
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    axe.run(document, { runOnly: tags }).then(
        (found) => done(found.violations.map((one) =>
            one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", "))),
        (error) => done(["axe-core failed: " + error]));
"#;

struct Looker {
    browser: Chromium,
    axe: String,
    folder: PathBuf,
    found: Vec<String>,
}

impl Looker {
    async fn look_at(&mut self, name: &str) {
        let page = &self.browser.window;
        for screen in SCREENS {
            self.browser.look_on(screen).await;
            let scheme = if screen.dark { "dark" } else { "light" };
            let place = format!("{name}-{}-{scheme}", screen.width);
            let picture = self.folder.join(format!("{place}.png"));
            self.browser.screenshot(&picture).await;
            let wider =
                "const root = document.documentElement; return root.scrollWidth > root.clientWidth";
            if page.execute(wider, Vec::new()).await.unwrap() == true {
                self.found.push(format!("{place}: wider than the screen"));
            }
            page.execute(&self.axe, Vec::new()).await.unwrap();
            let violations = page.execute_async(CHECK, Vec::new()).await.unwrap();
            for violation in violations.as_array().unwrap() {
                self.found.push(format!("{place}: {violation}"));
            }
        }
        self.browser.look_on(SCREENS[0]).await;
    }

    /// The browser's own complaints; a page with an error status is expected to be one.
    async fn listen(&mut self, place: &str, expected: &str) {
        for complaint in self.browser.complaints().await {
            if expected.is_empty() || !complaint.contains(expected) {
                self.found.push(format!("{place}: {complaint}"));
            }
        }
    }

    async fn open(&mut self, url: &str, name: &str) {
        self.browser.window.goto(url).await.unwrap();
        self.look_at(name).await;
        self.listen(name, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and axe-core; ./test installs them"]
async fn every_page_fits_every_screen_and_can_be_used_by_everybody() {
    let (mailgrant, _provider, server) =
        installation(&["--after", "mark-seen", "--canary", "6"]).await;
    for sample in samples(4) {
        server.deliver(ADDRESS, "INBOX", &sample.raw);
    }
    let running = mailgrant.serve();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    let mut looker = Looker {
        browser: Chromium::start().await,
        axe: std::fs::read_to_string(npm_package("axe-core").join("axe.min.js")).unwrap(),
        folder,
        found: Vec::new(),
    };
    let page = looker.browser.window.clone();
    let at = |path: &str| format!("{}{path}", mailgrant.url());

    looker.open(&running.link, "setup").await;
    set_password(&page, &running.link).await;
    see(&page, "#notice").await;
    looker.look_at("overview").await;
    looker.open(&at("/providers"), "providers").await;
    looker.open(&at("/providers/1"), "provider").await;
    looker.open(&at("/providers/new"), "provider-new").await;
    fill(&page, "#name", "a name with spaces").await;
    fill(&page, "#client_id", "x").await;
    choose(&page, "credential", "key").await;
    fill(&page, "#client_key", "no key").await;
    click(&page, "#save").await;
    see(&page, ".error").await;
    looker.look_at("provider-wrong").await;
    looker.listen("provider-wrong", "422").await;
    guides_and_credentials(&mut looker, &mailgrant.url()).await;
    looker
        .open(&at("/providers/1/remove"), "provider-remove")
        .await;
    one_account(&mut looker, &mailgrant).await;
    messages(&mut looker, &mailgrant, &server).await;
    looker
        .open(&at("/accounts/1/app-passwords"), "app-passwords")
        .await;
    fill(&page, "#label", "the scanner").await;
    click(&page, "#make").await;
    see(&page, "#made").await;
    looker.look_at("app-password-made").await;
    let place = mailgrant.path("billing").display().to_string();
    sinks(&mut looker, &at("/accounts/1"), &place).await;
    sign_in_with_a_code(&mut looker, &at("/accounts/1/device")).await;
    looker.open(&at("/accounts/1/doctor"), "doctor-new").await;
    click(&page, "#examine").await;
    see(&page, "#verdict").await;
    looker.look_at("doctor").await;
    page.goto(&at("/accounts/1")).await.unwrap();
    click(&page, "#test").await;
    see(&page, "#verdict").await;
    looker.look_at("account-test").await;
    choose(&page, "to", "billing").await;
    click(&page, "#send").await;
    see(&page, "#verdict").await;
    looker.look_at("account-test-sent").await;
    page.goto(&at("/accounts/1")).await.unwrap();
    click(&page, "#test").await;
    see(&page, "#verdict").await;
    server.fault(ImapFault::NotConnected, None);
    click(&page, "#again").await;
    see(&page, ".attention").await;
    looker.look_at("account-test-failed").await;
    looker.open(&at("/accounts/1/doctor"), "doctor-new").await;
    click(&page, "#examine").await;
    see(&page, "#verdict").await;
    looker.look_at("doctor-failed").await;
    looker.open(&at("/accounts/1/edit"), "account-edit").await;
    looker
        .open(&at("/accounts/1/revoke"), "account-revoke")
        .await;
    click(&page, "#confirm").await;
    see(&page, "#notice").await;
    looker.look_at("account-revoked").await;
    page.goto(&at("/oauth/callback?code=x&state=y"))
        .await
        .unwrap();
    looker.look_at("authorization-unknown").await;
    page.goto(&at("/nowhere")).await.unwrap();
    looker.look_at("no-such-page").await;
    looker.browser.complaints().await;
    page.goto(&at("/")).await.unwrap();
    click(&page, "#sign-out").await;
    see(&page, "#sign-in").await;
    looker.look_at("sign-in").await;
    fill(&page, "#name", "ada").await;
    fill(&page, "#password", "not the password").await;
    click(&page, "#sign-in").await;
    see(&page, "#problems").await;
    looker.look_at("sign-in-wrong").await;
    looker.listen("sign-in-wrong", "401").await;

    page.close().await.unwrap();
    assert!(running.stop());
    assert!(looker.found.is_empty(), "{}", looker.found.join("\n"));
}

async fn sign_in_with_a_code(looker: &mut Looker, path: &str) {
    let page = looker.browser.window.clone();
    looker.open(path, "device-new").await;
    click(&page, "#begin").await;
    see(&page, "#offer, #problem").await;
    looker.look_at("device").await;
    looker.listen("device", "").await;
}

/// An account's own page, and the overview that has it, while something is missing.
async fn one_account(looker: &mut Looker, mailgrant: &Mailgrant) {
    let page = looker.browser.window.clone();
    let at = |path: &str| format!("{}{path}", mailgrant.url());
    looker.open(&at("/accounts/new"), "account-new").await;
    watched(mailgrant).await;
    looker.open(&at("/"), "overview-silent").await;
    looker.open(&at("/accounts/1"), "account").await;
    click(&page, "#other-ways summary").await;
    looker.look_at("account-other-ways").await;
}

/// A mailbox that has fallen silent, with a canary that came through and earlier mail on its way.
async fn watched(mailgrant: &Mailgrant) {
    let key = Key::read(&mailgrant.path("data/sealing.key")).unwrap();
    let store = Location::Sqlite(mailgrant.path("data/mailgrant.db"));
    let vault = Vault::open(&store, key, Arc::new(SystemRandom))
        .await
        .unwrap();
    let now = SystemClock.now();
    let account = vault.account_named("support").await.unwrap().unwrap().id;
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let alarm = Alarm {
        account,
        kind: AlarmKind::Silent,
        since: ago(26),
        what: "support: no mail since 2026-11-24 09:12 UTC; in the same time of earlier weeks it got \
               some in 8 different hours."
            .to_owned(),
        next: "Send a message to support@example.com and see whether it arrives. If it does not, look \
               at the mailbox's rules and forwardings and whether it is full."
            .to_owned(),
    };
    vault.raise_alarm(&alarm).await.unwrap();
    let first = FirstSight {
        next_uid: 500_001,
        start: StartFrom::Everything,
    };
    let folder = vault
        .open_folder(account, "Archive", 1, first, ago(1))
        .await;
    let folder = folder.unwrap().id;
    vault
        .note_fill(folder, 1, 500_000, None, ago(1))
        .await
        .unwrap();
    let left = vault.note_fill(folder, 150_001, 350_000, Some(150_000), now);
    left.await.unwrap();
    let secret = "a secret of a canary".to_owned().into();
    vault.send_canary(account, &secret, ago(2)).await.unwrap();
    let seen = ago(2) + SignedDuration::from_secs(4);
    let known = vault.canary_seen(account, &secret, (folder, 1), seen).await;
    assert!(known.unwrap());
    vault.close().await;
}

/// Where mail is: delivered, refused, dropped.
async fn messages(looker: &mut Looker, mailgrant: &Mailgrant, server: &MailServer) {
    let page = looker.browser.window.clone();
    let at = |path: &str| format!("{}{path}", mailgrant.url());
    hand_to(mailgrant, "/bin/sh -c 'echo no such queue >&2; exit 65'");
    // Only the fetcher that was told of the change refuses the message.
    until(|| mailgrant.log().matches("looking after a mailbox").count() > 1).await;
    let long = "a-subject-that-breaks-nowhere-".repeat(8);
    let raw = format!("From: customer@example.com\r\nSubject: {long}\r\n\r\n");
    server.deliver(ADDRESS, "INBOX", raw.as_bytes());
    until(|| mailgrant.log().contains("quarantined\":1")).await;
    looker.open(&at("/messages"), "messages").await;
    looker
        .open(&at("/messages?where=quarantined"), "messages-quarantined")
        .await;
    click(&page, "tbody a").await;
    see(&page, "#refused").await;
    looker.look_at("message-refused").await;
    click(&page, "#drop").await;
    see(&page, "#confirm").await;
    looker.look_at("message-drop").await;
    click(&page, "#confirm").await;
    see(&page, "#notice").await;
    looker.look_at("message-dropped").await;
    looker
        .open(&at("/messages?text=nobody"), "messages-none")
        .await;
}

/// Further sinks, rules that choose them, and where a message would go.
async fn sinks(looker: &mut Looker, account: &str, place: &str) {
    let page = looker.browser.window.clone();
    looker.open(&format!("{account}/sinks"), "sink-new").await;
    fill(&page, "#name", "own").await;
    click(&page, "#save").await;
    see(&page, ".error").await;
    looker.look_at("sink-wrong").await;
    looker.listen("sink-wrong", "422").await;
    fill(&page, "#name", "billing").await;
    choose(&page, "sink", "webhook").await;
    fill(&page, "#webhook", "https://desk.example.com/incoming").await;
    click(&page, "#save").await;
    see(&page, "#notice").await;
    click(&page, "#webhook-secret summary").await;
    looker.look_at("sink").await;
    page.goto(&format!("{account}/edit")).await.unwrap();
    let fold = "document.querySelectorAll('fieldset details').forEach((one) => one.open = true)";
    page.execute(fold, Vec::new()).await.unwrap();
    let rules = "hold from *@newsletter.example size >10M\nsink billing to billing@example.com";
    fill(&page, "#rules", rules).await;
    click(&page, "#save").await;
    see(&page, "#notice").await;
    looker.look_at("account-with-sinks").await;
    looker.open(&format!("{account}/route"), "route-new").await;
    let raw = "From: customer@example.com\nTo: billing@example.com\nSubject: Our invoice\n";
    fill(&page, "#message", raw).await;
    click(&page, "#ask").await;
    see(&page, "#told").await;
    looker.look_at("route").await;
    looker
        .open(&format!("{account}/sinks/billing"), "sink-chosen")
        .await;
    choose(&page, "sink", "maildir").await;
    fill(&page, "#maildir", place).await;
    click(&page, "#save").await;
    see(&page, "#notice").await;
    click(&page, "#test").await;
    see(&page, "#verdict").await;
    looker.look_at("sink-test").await;
}

/// Waits until something has happened elsewhere.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .unwrap();
}

/// How to register, and a certificate from its making on.
async fn guides_and_credentials(looker: &mut Looker, url: &str) {
    let page = looker.browser.window.clone();
    let at = |path: &str| format!("{url}{path}");
    looker.open(&at("/providers/guide"), "guides").await;
    looker
        .open(&at("/providers/guide/microsoft"), "guide")
        .await;
    let of_application = "/providers/guide/google?access=application";
    looker.open(&at(of_application), "guide-application").await;
    looker
        .open(&at("/providers/1/certificate"), "certificate-new")
        .await;
    click(&page, "#make").await;
    see(&page, "#present").await;
    looker.look_at("certificate").await;
    looker
        .open(&at("/providers/1"), "provider-two-credentials")
        .await;
    choose(&page, "credential", "key").await;
    looker.look_at("provider-key").await;
}
