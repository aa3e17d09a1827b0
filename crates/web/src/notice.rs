//! What the next page says on top, once.

use axum::response::Response;

use crate::app::Site;
use crate::cookies::{Cookie, Jar};
use crate::guard::append;
use crate::layout::see_other;

macro_rules! notices {
    ($($name:ident $slug:literal $text:literal)*) => {
        /// What has just been done, for the page that follows. Only these few: what a cookie says
        /// is never shown as it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Notice { $($name),* }

        impl Notice {
            /// Reads the cookie's value.
            pub(crate) fn parse(slug: &str) -> Option<Self> {
                match slug { $($slug => Some(Self::$name),)* _ => None }
            }

            fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),* }
            }

            /// The words.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

notices! {
    SetUp "set-up" "Your password is set, and you are signed in."
    ProviderAdded "provider-added" "The provider was added."
    ProviderSaved "provider-saved" "The provider was saved."
    CertificateMade "certificate-made" "The certificate was made. Upload it at the provider now."
    ProviderPaused "provider-paused" "The provider is paused: its accounts fetch no mail."
    ProviderResumed "provider-resumed" "The provider works again."
    ProviderRemoved "provider-removed" "The provider was removed."
    AccountAdded "account-added" "The account was added. Authorize it to let its mail arrive."
    AccountSaved "account-saved" "The account was saved."
    AccountPaused "account-paused" "The account is paused: no mail is fetched, its grant is kept alive."
    AccountResumed "account-resumed" "The account works again."
    AccountRemoved "account-removed" "The account was removed."
    SinkAdded "sink-added" "The sink was added. Test it, and let rules choose it."
    SinkSaved "sink-saved" "The sink was saved."
    SinkRemoved "sink-removed" "The sink was removed."
    Authorized "authorized" "The account is authorised."
    Connected "connected" "The account is connected in the application’s own name."
    Withdrawn "withdrawn" "The links that had been sent out are dead now."
    AppPasswordRevoked "app-password-revoked" "Nobody logs in with that app password any more."
    Revoked "revoked" "The grant is revoked, here and at the provider."
    RevokedHere "revoked-here" "The grant is revoked here. The provider was not told: it offers no way to, or did not answer."
    BackfillPaused "backfill-paused" "Earlier mail waits; new mail comes all the same."
    BackfillResumed "backfill-resumed" "Earlier mail is fetched again."
    MessageRetried "message-retried" "The message is tried again."
    MessageDropped "message-dropped" "The message was dropped: it will not be delivered."
    Retried "retried" "The quarantined messages are tried again."
}

/// Sends the browser to a path of ours, whose page begins with a notice.
pub(crate) fn see_other_with(site: &Site, path: &str, notice: Notice) -> Response {
    let mut response = see_other(path);
    let jar = Jar::of(&site.public_url);
    append(&mut response, jar.set(Cookie::Notice, notice.slug(), None));
    response
}
