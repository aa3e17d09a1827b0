//! `mailgrant setup-link`: a one-time link that sets an administrator's name and password.

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};

use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

/// How long a link lives.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Makes the link and prints it; older ones die.
pub(crate) async fn offer(house: &House, config: &Config) -> Result<(), Failure> {
    let secret = SecretString::from(house.random.token());
    let now = house.clock.now();
    house
        .vault
        .offer_setup(&secret, now, now + LIFETIME)
        .await?;
    output::line(&format!(
        "Set the administrator's name and password here, once, within 24 hours:\n\n  {}setup/{}\n",
        config.public_url,
        secret.expose_secret()
    ))
}
