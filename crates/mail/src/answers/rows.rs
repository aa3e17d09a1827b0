//! How the tables are written: protocol, meaning, whose turn, the words, what is really said, what
//! happened, what to do, where, and what it follows.

macro_rules! rows {
    ($seat:ident; $(
        $protocol:ident $meaning:ident $fault:ident [$($words:literal),+ $(,)?] says $says:literal
        $what:literal
        $next:ident $(at $place:ident)? from $source:expr;
    )+) => {
        &[$(
            $crate::answers::Row {
                protocol: $crate::answers::Protocol::$protocol,
                seat: $crate::answers::Seat::$seat,
                words: &[$($words),+],
                example: $says,
                meaning: $crate::answers::Meaning::$meaning,
                fault: mailgrant_base::Fault::$fault,
                what: $what,
                next: $next,
                place: $crate::answers::rows::rows!(@optional $($place)?),
                source: $source,
            },
        )+]
    };
    (@optional) => { None };
    (@optional $some:expr) => { Some($some) };
}
pub(super) use rows;
