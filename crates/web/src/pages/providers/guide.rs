//! How to register Mailgrant with a provider, step by step, with this installation's own values.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use mailgrant_oauth::ProviderKind;
use mailgrant_oauth::catalogue::{self, Group, Protocol};
use mailgrant_oauth::guide::{DEFAULT_NAME, Guide, Installation, guide};

use crate::app::Site;
use crate::layout::{Layout, page};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

#[derive(Template)]
#[template(path = "guides.html")]
struct Guides {
    layout: Layout,
    groups: Vec<(&'static str, Vec<Listed>)>,
}

/// A guide in the list.
struct Listed {
    kind: &'static str,
    label: &'static str,
    has_application: bool,
}

/// All guides.
pub(crate) async fn list(visitor: SignedIn) -> Response {
    let of = |group: Group| {
        let rows = catalogue::rows().filter(move |row| row.group == group);
        let listed = rows.map(|row| Listed {
            kind: row.kind.word(),
            label: row.label,
            has_application: row.application_grant.is_some(),
        });
        listed.collect()
    };
    page(&Guides {
        layout: Layout::signed_in("How to register Mailgrant", &visitor).section("providers"),
        groups: vec![
            ("Most used", of(Group::Usual)),
            ("Any other", of(Group::Any)),
            ("Further", of(Group::Further)),
        ],
    })
}

#[derive(Template)]
#[template(path = "guide.html")]
struct GuidePage {
    layout: Layout,
    guide: Guide,
    kind: &'static str,
    application: bool,
    has_application: bool,
    /// How far it can be trusted.
    trust: &'static str,
}

/// One guide; `?access=application` shows it for access without a person.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let kind = ProviderKind::parse(&kind).ok_or_else(|| Problem::gone("kind of provider"))?;
    let has_application = catalogue::row(kind).application_grant.is_some();
    let application = has_application && query.as_deref() == Some("access=application");
    let redirect_uri = site.redirect_uri.to_string();
    let guide = guide(
        kind,
        &Installation {
            redirect_uri: &redirect_uri,
            application,
            name: DEFAULT_NAME,
            protocols: &[Protocol::Imap],
        },
    );
    Ok(page(&GuidePage {
        layout: Layout::signed_in(guide.title.as_str(), &visitor).section("providers"),
        kind: kind.word(),
        application,
        has_application,
        trust: match guide.state {
            "verified" => {
                "Tests connect mailboxes in this way; what to click follows the pages named at the end."
            }
            "documented" => {
                "It follows the pages named at the end; nobody has verified it against the real service yet."
            }
            _ => {
                "It follows what other programs do; nobody has verified it against the real service yet."
            }
        },
        guide,
    }))
}
