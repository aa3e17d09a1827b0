//! The grants: every way in which an access token is asked for, one file each; and what is done
//! with tokens beside that.

pub(crate) mod application;
pub(crate) mod authorization_code;
pub(crate) mod device;
pub(crate) mod introspection;
pub(crate) mod refresh;
pub(crate) mod revocation;
#[cfg(test)]
mod tests;
