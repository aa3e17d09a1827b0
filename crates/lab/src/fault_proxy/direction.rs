//! One direction of a connection, and the harm that befalls its bytes.

use std::io;
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::imap::{self, Responses};
use super::{Harm, Passing, Plan, Shared};

/// What goes one way through a connection.
pub(super) struct Direction<'a> {
    /// What still happens to it.
    pub(super) plan: Option<Plan>,
    pub(super) shared: &'a Shared,
    pub(super) random: Rng,
}

impl Direction<'_> {
    /// Until its end, or until the connection has to be broken off.
    pub(super) async fn pass(
        &mut self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        let apart = match self.plan {
            Some(plan) if plan.harm == Harm::Reorder => true,
            Some(plan) => plan.harm == Harm::Garbage && self.shared.passing == Passing::Imap,
            None => false,
        };
        if apart {
            return self.pass_responses(from, to).await;
        }
        let mut passed = 0;
        let mut chunk = vec![0; 16 << 10];
        loop {
            let read = from.read(&mut chunk).await?;
            if read == 0 {
                return to.shutdown().await;
            }
            let chunk = &chunk[..read];
            let Some(plan) = self.plan.filter(|plan| plan.after < passed + read) else {
                to.write_all(chunk).await?;
                passed += read;
                continue;
            };
            let (before, behind) = chunk.split_at(plan.after.saturating_sub(passed));
            passed += read;
            match plan.harm {
                Harm::Reset | Harm::Truncate => {
                    to.write_all(before).await?;
                    self.shared.count(plan.harm);
                    return Ok(());
                }
                Harm::Stall => {
                    to.write_all(before).await?;
                    tokio::time::sleep(plan.pause).await;
                    to.write_all(behind).await?;
                    self.happened();
                }
                Harm::Crumbs => {
                    for byte in chunk {
                        to.write_all(&[*byte]).await?;
                    }
                    // So many that it is felt, and no more.
                    if passed > plan.after + (32 << 10) {
                        self.happened();
                    } else if passed == read {
                        self.shared.count(Harm::Crumbs);
                    }
                }
                Harm::Garbage => self.garbage(&mut to, chunk, before.len()).await?,
                Harm::Refuse | Harm::Reorder => to.write_all(chunk).await?,
            }
        }
    }

    /// Puts garbage into a chunk: where a line begins, or anywhere where nobody can read along.
    async fn garbage(
        &mut self,
        to: &mut OwnedWriteHalf,
        chunk: &[u8],
        at: usize,
    ) -> io::Result<()> {
        let begins = |at: &usize| *at > 0 && chunk[at - 1] == b'\n';
        let place = match self.shared.passing {
            Passing::Opaque => Some(at),
            Passing::Lines | Passing::Imap => (at..=chunk.len()).find(begins),
        };
        let Some(place) = place else {
            return to.write_all(chunk).await;
        };
        let garbage = garbage(&mut self.random);
        to.write_all(&[&chunk[..place], &garbage, &chunk[place..]].concat())
            .await?;
        self.happened();
        Ok(())
    }

    /// The same for harms that have to know where an IMAP response ends.
    async fn pass_responses(
        &mut self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        /// So many answers about messages are held back to be mixed.
        const MOST: usize = 4;
        /// Longer they are not held back.
        const LONGEST: Duration = Duration::from_millis(50);

        let (mut responses, mut held) = (Responses::default(), Vec::new());
        let (mut chunk, mut passed) = (vec![0; 16 << 10], 0);
        loop {
            let soon = tokio::time::timeout(LONGEST, from.read(&mut chunk)).await;
            let read = if let Ok(read) = soon {
                read?
            } else {
                self.release(&mut held, &mut to).await?;
                from.read(&mut chunk).await?
            };
            if read == 0 {
                return to.shutdown().await;
            }
            responses.take(&chunk[..read]);
            while let Some(response) = responses.next() {
                passed += response.len();
                let plan = self.plan.filter(|plan| plan.after < passed);
                match plan.map(|plan| plan.harm) {
                    Some(Harm::Reorder) if imap::is_fetch(&response) => held.push(response),
                    Some(Harm::Garbage) => {
                        to.write_all(&garbage(&mut self.random)).await?;
                        to.write_all(&response).await?;
                        self.happened();
                    }
                    _ => {
                        self.release(&mut held, &mut to).await?;
                        to.write_all(&response).await?;
                    }
                }
                if held.len() >= MOST {
                    self.release(&mut held, &mut to).await?;
                }
            }
        }
    }

    async fn release(
        &mut self,
        held: &mut Vec<Vec<u8>>,
        to: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        if held.len() > 1 {
            self.shared.count(Harm::Reorder);
        }
        // The last one first: every two of them have changed their places.
        while let Some(response) = held.pop() {
            to.write_all(&response).await?;
        }
        Ok(())
    }

    /// It does not happen again on this connection.
    fn happened(&mut self) {
        if let Some(plan) = self.plan.take() {
            self.shared.count(plan.harm);
        }
    }
}

/// Some bytes and the end of a line.
fn garbage(random: &mut Rng) -> Vec<u8> {
    let length = random.usize(1..60);
    let mut garbage: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
    garbage.extend(b"\r\n");
    garbage
}
