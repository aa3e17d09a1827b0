//! `mailgrant account invite NAME`: a link for the mailbox's owner.

use jiff::SignedDuration;
use mailgrant_base::Diagnose as _;
use secrecy::ExposeSecret as _;

use super::{ACTOR, account_named};
use crate::args::Invite;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

/// Prints a new link, or ends those that are out.
pub(crate) async fn invite(house: &House, config: &Config, flags: &Invite) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    if flags.withdraw {
        let gone = house.keeper.withdraw_invitations(&account, ACTOR).await?;
        return output::line(&match gone {
            0 => "There was no link that served.".to_owned(),
            1 => "The link that was out is dead now.".to_owned(),
            many => format!("The {many} links that were out are dead now."),
        });
    }
    let life = SignedDuration::from_hours(24 * i64::from(flags.days));
    let invited = house.keeper.invite(account.id, ACTOR, life).await;
    let (invitation, secret) = invited.map_err(|error| Failure::of(error.diagnosis()))?;
    output::line(&format!(
        "Send this link to {}. It serves until the mailbox is authorised with it, or until {:.0}; \
         it is shown only now.\n\n  {}invitation/{}\n",
        account.expected_sign_in(),
        invitation.expires_at,
        config.public_url,
        secret.expose_secret()
    ))?;
    if !super::authorize::server_is_running(config.listen.address).await {
        output::line(
            "Nobody answers at that address now: `mailgrant serve` must run when it is opened.",
        )?;
    }
    Ok(())
}
