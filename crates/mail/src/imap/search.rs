//! What is looked for in a folder (RFC 9051, section 6.4.4).

use jiff::civil::Date;

use super::types::MessageUid;

/// What is looked for in a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Search {
    /// No UID below this one.
    pub from: MessageUid,
    /// No UID above this one.
    pub to: Option<MessageUid>,
    /// Only what nobody has read (`UNSEEN`).
    pub unseen: bool,
    /// Only what arrived on this day or later, by the server's calendar and time zone (`SINCE`).
    pub since: Option<Date>,
}

impl Search {
    /// All from this UID on.
    pub fn from(first: MessageUid) -> Self {
        Self {
            from: first,
            ..Self::default()
        }
    }

    /// Whether it would find all that is announced meanwhile.
    pub(super) fn sees_what_is_new(&self) -> bool {
        self.to.is_none() && !self.unseen && self.since.is_none()
    }

    pub(super) fn command(&self) -> String {
        let to = self.to.map_or("*".to_owned(), |to| to.max(1).to_string());
        let unseen = if self.unseen { " UNSEEN" } else { "" };
        let since = self
            .since
            .map(|day| day.strftime(" SINCE %-d-%b-%Y").to_string());
        let (from, since) = (self.from.max(1), since.unwrap_or_default());
        format!("UID SEARCH UID {from}:{to}{unseen}{since}")
    }

    /// `n:*` names the last message even where that is below n (RFC 9051, section 9), and a range
    /// whose ends are the wrong way round means the same as the right way.
    pub(super) fn includes(&self, uid: MessageUid) -> bool {
        uid >= self.from.max(1) && self.to.is_none_or(|to| uid <= to)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn each_wish_is_a_key_of_the_command() {
        assert_eq!(Search::from(0).command(), "UID SEARCH UID 1:*");
        let all = Search {
            from: 7,
            to: Some(90),
            unseen: true,
            since: Some(date(2026, 3, 4)),
        };
        assert_eq!(all.command(), "UID SEARCH UID 7:90 UNSEEN SINCE 4-Mar-2026");
    }

    #[test]
    fn what_a_server_answers_besides_is_not_included() {
        let some = Search {
            to: Some(9),
            ..Search::from(5)
        };
        let found: Vec<u32> = (0..12).filter(|uid| some.includes(*uid)).collect();
        assert_eq!(found, [5, 6, 7, 8, 9]);
        let none = Search {
            to: Some(0),
            ..Search::from(1)
        };
        assert!(!(0..12).any(|uid| none.includes(uid)));
    }
}
