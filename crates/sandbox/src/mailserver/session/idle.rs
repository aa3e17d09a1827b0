//! IDLE (RFC 2177): changes are told as they happen.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, interval, timeout_at};

use super::super::fault::ImapFault;
use super::{LOOK, SILENCE, Session, TOKEN_EXPIRED, Verdict};

/// What interrupts the waiting.
enum Woken {
    Line(io::Result<Option<Bytes>>),
    Change,
    Look,
}

impl Session {
    pub(super) async fn idle(&mut self) -> io::Result<Verdict> {
        if !self.options().idle {
            return Verdict::bad("Unknown command");
        }
        self.report_changes(true).await?;
        self.connection.send("+ idling").await?;
        self.report_notices().await?;
        self.connection.flush().await?;
        let until = Instant::now() + SILENCE;
        // Without a folder there is nothing to be told, but a token can still end.
        let nothing = watch::Sender::new(0);
        let mut changes = match &self.selected {
            Some(selected) => selected.changes.clone(),
            None => nothing.subscribe(),
        };
        let mut elsewhere = match &self.notices {
            Some(notices) => notices.changes.clone(),
            None => nothing.subscribe(),
        };
        let mut look = interval(LOOK.max(Duration::from_millis(1)));
        loop {
            let woken = timeout_at(until, async {
                tokio::select! {
                    line = self.connection.line() => Woken::Line(line),
                    Ok(()) = changes.changed() => Woken::Change,
                    Ok(()) = elsewhere.changed() => Woken::Change,
                    _ = look.tick() => Woken::Look,
                }
            });
            match woken.await {
                Ok(Woken::Line(line)) => return self.end_idle(line?),
                Ok(Woken::Change) => {
                    self.report_changes(true).await?;
                    self.report_notices().await?;
                    self.connection.flush().await?;
                }
                Ok(Woken::Look) => {
                    if self.token_ended() || self.faults().strikes(&ImapFault::TokenExpiredBye) {
                        return self.bye(TOKEN_EXPIRED).await;
                    }
                }
                Err(_) => return self.bye("* BYE Idle for too long").await,
            }
        }
    }

    fn end_idle(&self, line: Option<Bytes>) -> io::Result<Verdict> {
        match line {
            Some(line) => {
                let line = String::from_utf8_lossy(&line);
                self.connection.heard(&line);
                if line.trim().eq_ignore_ascii_case("DONE") {
                    Verdict::ok("IDLE terminated")
                } else {
                    Verdict::bad("DONE was expected")
                }
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The server's last line; the connection is closed behind it.
    async fn bye(&mut self, line: &str) -> io::Result<Verdict> {
        self.connection.send(line).await?;
        self.connection.close().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}
