//! How the tables are written: effect, whose turn, the OAuth error that it comes with, the codes,
//! whether it is the client credential's fault, what happened, what to do, where, and what it
//! follows.

macro_rules! rows {
    ($family:ident; $(
        $effect:ident $fault:ident $error:literal [$($code:literal),+ $(,)?] $(about $about:ident)?
        $(says $says:literal)?
        $what:literal
        $next:ident $(at $place:ident)? from $source:expr;
    )+) => {
        &[$(
            $crate::error_catalogue::Row {
                family: $crate::error_catalogue::Family::$family,
                codes: &[$(concat!($code)),+],
                error: $error,
                says: $crate::error_catalogue::rows::rows!(@optional $($says)?),
                about_credential: $crate::error_catalogue::rows::rows!(@about $($about)?),
                effect: $crate::error_catalogue::Effect::$effect,
                fault: mailgrant_base::Fault::$fault,
                what: $what,
                next: $next,
                place: $crate::error_catalogue::rows::rows!(@optional $($place)?),
                source: $source,
            },
        )+]
    };
    (@about) => { false };
    (@about credential) => { true };
    (@optional) => { None };
    (@optional $some:expr) => { Some($some) };
}
pub(super) use rows;
