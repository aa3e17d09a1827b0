//! How the tables are written: effect, whose turn, the OAuth error that it comes with, the codes,
//! what happened, what to do, where, and what it follows.

macro_rules! rows {
    ($family:ident; $(
        $effect:ident $fault:ident $error:literal [$($code:literal),+ $(,)?] $(says $says:literal)?
        $what:literal
        $next:ident $(at $place:ident)? from $source:expr;
    )+) => {
        &[$(
            $crate::error_catalogue::Row {
                family: $crate::error_catalogue::Family::$family,
                codes: &[$(concat!($code)),+],
                error: $error,
                says: $crate::error_catalogue::rows::rows!(@optional $($says)?),
                effect: $crate::error_catalogue::Effect::$effect,
                fault: mailgrant_base::Fault::$fault,
                what: $what,
                next: $next,
                place: $crate::error_catalogue::rows::rows!(@optional $($place)?),
                source: $source,
            },
        )+]
    };
    (@optional) => { None };
    (@optional $some:expr) => { Some($some) };
}
pub(super) use rows;
