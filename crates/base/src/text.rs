//! Words of others, fit to be shown.

/// Whether a character of somebody else's words must not reach a terminal or a page: control
/// characters, and those that change the direction of writing or cannot be seen.
pub fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
