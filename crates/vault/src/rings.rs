//! Mail that would go round: accounts that put their mail into each other's mailboxes (APPEND).

use crate::{Account, AccountDraft, Sink, Source};

/// An account, as far as its mail's way is concerned.
struct Stop<'a> {
    draft: &'a AccountDraft,
    imap_user: &'a str,
}

impl<'a> Stop<'a> {
    fn of(draft: &'a AccountDraft) -> Self {
        let user = draft.identities.imap.as_deref();
        Self {
            draft,
            imap_user: user.unwrap_or(&draft.address),
        }
    }

    fn is_mailbox_of(&self, other: &Self) -> bool {
        self.imap_user.eq_ignore_ascii_case(other.imap_user)
            && self
                .draft
                .imap
                .host
                .eq_ignore_ascii_case(&other.draft.imap.host)
    }

    fn fetches(&self, folder: &str) -> bool {
        match self.draft.source {
            // It knows the inbox alone.
            Source::Pop3 => folder.eq_ignore_ascii_case("INBOX"),
            _ => self.draft.folders.contains(folder),
        }
    }
}

/// The names of the accounts through which mail of `draft` would come back to it, backwards from the
/// one that puts it there to `draft` itself; `None` where it does not come back. `accounts` are the
/// others.
pub(crate) fn ring(draft: &AccountDraft, accounts: &[Account]) -> Option<Vec<String>> {
    let stops: Vec<Stop<'_>> = std::iter::once(draft)
        .chain(accounts.iter().map(|account| &account.draft))
        .map(Stop::of)
        .collect();
    let mut came_from = vec![None; stops.len()];
    let mut to_follow = vec![0];
    while let Some(from) = to_follow.pop() {
        let Some(Sink::Append(append)) = &stops[from].draft.sink else {
            continue;
        };
        let Some(target) = stops.iter().find(|stop| stop.draft.name == append.account) else {
            continue;
        };
        for (to, stop) in stops.iter().enumerate() {
            if !stop.is_mailbox_of(target) || !stop.fetches(&append.folder) {
                continue;
            }
            if to == 0 {
                let back = std::iter::successors(Some(from), |at| came_from[*at]);
                return Some(back.map(|at| stops[at].draft.name.clone()).collect());
            }
            if came_from[to].is_none() {
                came_from[to] = Some(from);
                to_follow.push(to);
            }
        }
    }
    None
}
