//! Mail that would go round: accounts that put their mail into each other's mailboxes (APPEND).

use crate::{Account, AccountDraft, AppendSink, Sink, Source};

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

    /// The folders that its mail is put into, by itself or by a rule. Without a sink of its own nothing
    /// is fetched at all.
    fn puts_into(&self) -> Vec<&'a AppendSink> {
        let draft = self.draft;
        let Some(own) = &draft.sink else {
            return Vec::new();
        };
        let others = draft.sinks.iter();
        let chosen = others.filter(|(name, _)| !draft.rules_that_choose(name).is_empty());
        let append = |sink: &'a Sink| match sink {
            Sink::Append(append) => Some(append),
            _ => None,
        };
        let all = std::iter::once(own).chain(chosen.map(|(_, sink)| sink));
        all.filter_map(append).collect()
    }

    fn fetches(&self, folder: &str) -> bool {
        match self.draft.source {
            // It knows the inbox alone.
            Source::Pop3 => folder.eq_ignore_ascii_case("INBOX"),
            _ => self.draft.folders.contains(folder),
        }
    }
}

/// Whether mail of this account can come round at all: it must leave for another mailbox.
pub(crate) fn may_close_one(draft: &AccountDraft) -> bool {
    !Stop::of(draft).puts_into().is_empty()
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
        let reaches = |stop: &Stop<'_>| {
            stops[from].puts_into().into_iter().any(|append| {
                let mut targets = stops.iter();
                let target = targets.find(|stop| stop.draft.name == append.account);
                target.is_some_and(|target| stop.is_mailbox_of(target))
                    && stop.fetches(&append.folder)
            })
        };
        for (to, stop) in stops.iter().enumerate() {
            if !reaches(stop) {
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
