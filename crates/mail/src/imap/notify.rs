//! NOTIFY (RFC 5465): one connection hears of many folders.

use super::names;

/// More names than fit into a command are not written out; then there is news of the whole mailbox.
const LONGEST: usize = 6_000;

/// Asks for news of these folders, named in UTF-8. Which of them is selected may change; that one is
/// told of as ever.
pub(super) fn command(folders: &[String]) -> String {
    let names: Vec<String> = folders.iter().map(|name| names::quoted(name)).collect();
    let names = names.join(" ");
    let which = if names.len() > LONGEST {
        "personal".to_owned()
    } else {
        format!("mailboxes ({names})")
    };
    // Neither of the two may be asked for without the other (section 5).
    let events = "(MessageNew MessageExpunge)";
    format!("NOTIFY SET (selected {events}) ({which} {events})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_as_long_as_they_fit() {
        let command = command(&["INBOX".to_owned(), "Entwürfe".to_owned()]);
        assert_eq!(
            command,
            "NOTIFY SET (selected (MessageNew MessageExpunge)) \
             (mailboxes (\"INBOX\" \"Entw&APw-rfe\") (MessageNew MessageExpunge))"
        );
    }

    #[test]
    fn news_of_very_many_folders_is_asked_for_without_their_names() {
        let folders: Vec<String> = (0..1000).map(|number| format!("Folder {number}")).collect();
        let command = command(&folders);
        assert!(command.contains("(personal (MessageNew"), "{command}");
        assert!(command.len() < 200);
    }
}
