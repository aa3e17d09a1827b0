//! The server as a client sees it, byte by byte.

mod faults;
mod folders;
mod idle;
mod lines;
mod load;
mod login;
mod maildrop;
mod messages;
mod notify;
mod peer;

use crate::{MailServer, MailServerOptions, TokenBook};

/// The user whose token [`TOKEN`] is.
const ANN: &str = "ann@example.org";
const TOKEN: &str = "token-of-ann";

/// A server with everything on, and its tokens; Ann has one.
async fn server() -> (MailServer, TokenBook) {
    server_with(MailServerOptions::default()).await
}

async fn server_with(options: MailServerOptions) -> (MailServer, TokenBook) {
    let tokens = TokenBook::default();
    tokens.issue(TOKEN, ANN, "mail", 3600);
    let server = MailServer::start(options, tokens.clone()).await.unwrap();
    (server, tokens)
}
